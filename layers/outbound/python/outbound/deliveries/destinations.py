"""Switching destinations off and on again."""

from __future__ import annotations

from outbound.clock import Clock, format_time
from outbound.deliveries.ledger import bring_forward, parked_deliveries
from outbound.events import Event, new_event
from outbound.events.facts.deliveries import DestinationDisabled, DestinationEnabled
from outbound.observability import Metric, logger, measure
from outbound.store.destinations import Switches
from outbound.store.outbox import Outbox
from outbound.store.table import Table

_GONE = 410


class DestinationSwitch:
    """The switch of one destination."""

    def __init__(self, destination: str, tenant: str, table: Table, outbox: Outbox, clock: Clock) -> None:
        """Throw the switch of this destination."""
        self.destination = destination
        self._tenant = tenant
        self._table = table
        self._switches = Switches(table, tenant)
        self._outbox = outbox
        self._clock = clock

    def is_off(self) -> bool:
        """Say whether the destination is switched off."""
        return "disabled_at" in self._switches.read(self.destination)

    def off(self, event: Event) -> None:
        """Switch the destination off, because it answered 410 to this event."""
        now = self._clock.now()
        key = self._switches.key(self.destination)
        self._outbox.publish_left(key)
        disabled = DestinationDisabled(destination=self.destination, event_id=event.event_id, status=_GONE)
        effect = (self.destination, format_time(now))
        fact = new_event(disabled, self._tenant, now, effect, event.correlation_id)
        written = self._switches.off(self.destination, event.event_id, now, [fact])
        if written is not None:
            measure(Metric.DESTINATION_DISABLED)
            logger.error("a destination is gone and was switched off", extra=disabled.data())
            self._outbox.publish(key, written)

    def on(self) -> int:
        """Switch the destination on and make its parked deliveries due now; give how many.

        Safe to repeat: on a destination that is on already it brings forward what is parked.
        """
        now = self._clock.now()
        key = self._switches.key(self.destination)
        self._outbox.publish_left(key)
        effect = (self.destination, format_time(now))
        enabled = DestinationEnabled(destination=self.destination)
        fact = new_event(enabled, self._tenant, now, effect)
        written = self._switches.on(self.destination, now, [fact])
        if written is not None:
            self._outbox.publish(key, written)
        parked = parked_deliveries(self._table, self._tenant, self.destination)
        return sum(bring_forward(self._table, item, now) for item in parked)
