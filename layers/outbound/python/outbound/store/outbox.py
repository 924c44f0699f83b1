"""Facts that are recorded with their effect and published after it: none is lost, whatever is cut off.

The conditional write that records an effect carries the fact in the same item and puts the item into
the due index. Publishing follows and takes the mark away. A run that is cut off between the two leaves
the mark; the sweeper finds it and publishes. The fact's id derives from the effect, so a fact that was
published twice is one event. Facts of a later effect on the same item join those that still wait. An
item that waits for something else after its facts are out says so in `next_due` (`kind`, `at`), which
then takes the mark's place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from outbound.events import Bus, Event, PublishFailed
from outbound.logs import logger
from outbound.store.table import Item, Key, Table

DUE_FACTS = "facts"

# The writer publishes within moments; the sweeper leaves it that long before it steps in.
_GRACE_SECONDS = 30

# To be added to an update expression and to its values.
_JOINED = "#facts = list_append(if_not_exists(#facts, :no_facts), :facts)"
SET_FACTS = f"{_JOINED}, #due_kind = :due_facts, #due_at = :due_facts_at"


def facts_values(facts: Sequence[Event], now: datetime) -> dict[str, Any]:
    """Return the values that `SET_FACTS` needs in the write that records the effect."""
    return {
        ":facts": _stored(facts),
        ":no_facts": [],
        ":due_facts": DUE_FACTS,
        ":due_facts_at": int(now.timestamp()) + _GRACE_SECONDS,
    }


def facts_attributes(facts: Sequence[Event], now: datetime) -> dict[str, Any]:
    """Return the attributes of a new item that is put whole together with its facts.

    A put replaces what the item still carried, so its condition has to be that there is no such item.
    """
    return {
        "facts": _stored(facts),
        "due_kind": DUE_FACTS,
        "due_at": int(now.timestamp()) + _GRACE_SECONDS,
    }


class Outbox:
    """Publishes the facts that items carry, and takes their marks away."""

    def __init__(self, table: Table, bus: Bus) -> None:
        """Publish facts of this table's items to this bus."""
        self._table = table
        self._bus = bus

    def publish(self, key: Key, item: Item) -> bool:
        """Publish what an item still carries; return True if it carried anything.

        Raises PublishFailed where the bus refuses; the mark then stays, and the sweeper tries again.
        """
        stored = item.get("facts")
        if stored is None:
            return False
        self._bus.publish(stored)
        self._clear(key, item)
        return bool(stored)

    def publish_many(self, items: Mapping[Key, Item]) -> None:
        """Publish what many items carry in as few calls as they take, and take each one's mark away.

        Raises PublishFailed where the bus refuses; all marks then stay, and the sweeper tries again.
        """
        carrying = {key: item for key, item in items.items() if item.get("facts")}
        self._bus.publish([fact for item in carrying.values() for fact in item["facts"]])
        for key, item in carrying.items():
            self._clear(key, item)

    def _clear(self, key: Key, item: Item) -> None:
        """Take the mark of published facts away; another one that is due takes its place."""
        stored = item["facts"]
        values: dict[str, Any] = {":published": stored}
        clear = "REMOVE #facts, #due_kind, #due_at"
        if due := item.get("next_due"):
            clear = "SET #due_kind = :kind, #due_at = :at REMOVE #facts, #next_due"
            values |= {":kind": due["kind"], ":at": due["at"]}
        # Only what was published is unmarked: another invocation may have recorded another effect meanwhile.
        self._table.update(key, clear, values, "#facts = :published")

    def publish_or_leave(self, key: Key, item: Item) -> None:
        """Publish what an item still carries, or leave it to the sweeper where the bus refuses.

        For work that is done once its effect is recorded: its fact comes when the bus is back.
        """
        try:
            self.publish(key, item)
        except PublishFailed as error:
            said = {"pk": key.pk, "sk": key.sk, "reason": str(error)}
            logger.warning("facts wait for the sweeper", extra=said)

    def publish_left(self, key: Key) -> None:
        """Publish what an item may still carry from an earlier write."""
        self.publish(key, self._table.get(key) or {})


def _stored(facts: Sequence[Event]) -> list[str]:
    return [fact.to_json() for fact in facts]
