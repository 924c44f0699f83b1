"""The switch of a destination: off where it answered 410, on again by the operator; one item a destination.

410 --> disabled_at + fact --> what comes is parked --operator--> enabled_at + fact, what is parked is due
"""

from __future__ import annotations

from datetime import datetime

from outbound.clock import Clock, format_time
from outbound.deliveries.ledger import bring_forward, parked_deliveries
from outbound.deliveries.metrics import DeliveryMetric
from outbound.events import Event, new_event
from outbound.events.facts.deliveries import DestinationDisabled, DestinationEnabled
from outbound.logs import logger
from outbound.metrics import measure
from outbound.store.outbox import SET_FACTS, Outbox, facts_values
from outbound.store.table import Key, Table

_GONE = 410


class DestinationSwitch:
    """The switch of one destination."""

    def __init__(self, destination: str, tenant: str, table: Table, outbox: Outbox, clock: Clock) -> None:
        """Keep the switch of this destination in the state table."""
        self.destination = destination
        self._tenant = tenant
        self._table = table
        self._key = Key(f"{tenant}#destination", destination)
        self._outbox = outbox
        self._clock = clock

    def is_off(self) -> bool:
        """Return True if the destination is switched off."""
        return "disabled_at" in (self._table.get(self._key) or {})

    def off(self, event: Event) -> None:
        """Switch the destination off, because it answered 410 to this event."""
        self._outbox.publish_left(self._key)
        now = self._clock.now()
        disabled = DestinationDisabled(destination=self.destination, event_id=event.event_id, status=_GONE)
        fact = new_event(disabled, self._tenant, now, self._effect(now), event.correlation_id)
        written = self._table.update(
            self._key,
            f"SET #disabled_at = :now, #event_id = :event_id, {SET_FACTS}",
            {":now": format_time(now), ":event_id": event.event_id, **facts_values([fact], now)},
            "attribute_not_exists(#disabled_at) AND attribute_not_exists(#facts)",
        )
        if written.done:
            measure(DeliveryMetric.DESTINATION_DISABLED)
            logger.error("a destination is gone and was switched off", extra=disabled.data())
            self._outbox.publish(self._key, written.item)

    def on(self) -> int:
        """Switch the destination on and make its parked deliveries due now; return how many.

        Safe to repeat: on a destination that is on already it brings forward what is parked.
        """
        self._outbox.publish_left(self._key)
        now = self._clock.now()
        enabled = DestinationEnabled(destination=self.destination)
        fact = new_event(enabled, self._tenant, now, self._effect(now))
        written = self._table.update(
            self._key,
            f"SET #enabled_at = :now, {SET_FACTS} REMOVE #disabled_at, #event_id",
            {":now": format_time(now), **facts_values([fact], now)},
            "attribute_exists(#disabled_at) AND attribute_not_exists(#facts)",
        )
        if written.done:
            self._outbox.publish(self._key, written.item)
        parked = parked_deliveries(self._table, self._tenant, self.destination)
        return sum(bring_forward(self._table, item, now) for item in parked)

    def _effect(self, now: datetime) -> tuple[str, str]:
        """Return what a switch is about: the same destination and moment are the same fact."""
        return self.destination, format_time(now)
