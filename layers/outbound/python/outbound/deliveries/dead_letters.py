"""Deliveries that are given up: into the dead-letter queue, with the reason beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from outbound.clock import Clock
from outbound.deliveries.bodies import about_deliveries
from outbound.deliveries.ledger import DeliveryLedger, Entry
from outbound.deliveries.metrics import DeliveryMetric
from outbound.events import Event, new_event
from outbound.events.facts.deliveries import DeliveryDeadLettered
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import Queue, TryLater
from outbound.store.outbox import Outbox

T = TypeVar("T")

# A write that lost against another worker's: whatever that one wrote is there when the message is back.
_OVERTAKEN_SECONDS = 15.0


class DeadLetters:
    """The deliveries to one destination that are given up."""

    def __init__(
        self,
        ledger: DeliveryLedger,
        outbox: Outbox,
        queue: Queue,
        destination: str,
        clock: Clock,
    ) -> None:
        """Put what is given up into the dead-letter queue of this queue."""
        self._ledger = ledger
        self._outbox = outbox
        self._queue = queue
        self._destination = destination
        self._clock = clock

    def bury(self, entry: Entry, event: Event, record: Mapping[str, Any], status: int, reason: str) -> None:
        """End a delivery as dead: into the dead-letter queue, then the ledger, then onto the bus.

        In that order: cut off in between, it is tried once more rather than lost.

        Args:
            entry: The delivery as its attempt left it.
            event: What was to be delivered.
            record: The event's message.
            status: The status that it was answered with, 0 where no answer came.
            reason: Why, for the operator.

        Raises:
            TryLater: Another worker has taken the delivery over.
        """
        about = {"status": str(status), "destination": self._destination, "event_id": event.event_id}
        self._queue.send_to_dlq(record, reason, **about)
        now = self._clock.now()
        dead = DeliveryDeadLettered(
            destination=self._destination,
            event_id=event.event_id,
            event_type=event.event_type,
            attempts=entry.attempts,
            status=status,
            reason=reason,
        )
        effect = (self._destination, event.event_id, str(entry.deaths + 1))
        fact = new_event(dead, event.tenant, now, effect, event.correlation_id)
        # No fact about the death of a fact about a death: two destinations that get each other's
        # would keep each other busy for ever.
        facts = [] if about_deliveries(event) else [fact]
        buried = self.written(self._ledger.bury(entry, event, now, status, reason, facts))
        measure(DeliveryMetric.DELIVERY_DEAD)
        logger.error("delivery given up", extra={**dead.data(), "correlation_id": event.correlation_id})
        self.publish_facts(buried)

    def publish_facts(self, entry: Entry) -> Entry:
        """Publish the facts that a delivery still carries, and return it."""
        self._outbox.publish(entry.key, entry.item)
        return entry

    @staticmethod
    def written(written: Entry | None) -> Entry:
        """Return what was written. Raises TryLater where another worker has written in between."""
        if written is None:
            raise TryLater(_OVERTAKEN_SECONDS, "another worker has taken this delivery over")
        return written
