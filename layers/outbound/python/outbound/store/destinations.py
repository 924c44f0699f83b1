"""Which destinations are switched off: one item a destination, with since when and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from outbound.clock import format_time
from outbound.events import Event
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table


class Switches:
    """The switches of the tenant's destinations."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep them in this table."""
        self._table = table
        self._tenant = tenant

    def key(self, destination: str) -> Key:
        """The key of a destination's switch."""
        return Key(f"{self._tenant}#destination", destination)

    def read(self, destination: str) -> Item:
        """Give a destination's switch, empty where it was never thrown; `disabled_at` says that it is off."""
        return self._table.get(self.key(destination)) or {}

    def off(self, destination: str, event_id: str, now: datetime, facts: Sequence[Event]) -> Item | None:
        """Switch a destination off, with the facts that say so; None where it is off already."""
        written = self._table.update(
            self.key(destination),
            f"SET #disabled_at = :now, #event_id = :event_id, {SET_FACTS}",
            {":now": format_time(now), ":event_id": event_id, **facts_values(facts, now)},
            "attribute_not_exists(#disabled_at) AND attribute_not_exists(#facts)",
        )
        return written.item if written.done else None

    def on(self, destination: str, now: datetime, facts: Sequence[Event]) -> Item | None:
        """Switch a destination on, with the facts that say so; None where it is on already."""
        written = self._table.update(
            self.key(destination),
            f"SET #enabled_at = :now, {SET_FACTS} REMOVE #disabled_at, #event_id",
            {":now": format_time(now), **facts_values(facts, now)},
            "attribute_exists(#disabled_at) AND attribute_not_exists(#facts)",
        )
        return written.item if written.done else None
