"""Records changes of consent, in whatever order and however often they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock, Invocation
from outbound.consent.changes import InvalidChange, change_of, is_early
from outbound.consent.facts import ConsentFacts, Origin
from outbound.consent.metrics import ConsentMetric
from outbound.consent.settings import RevocationScope, counting, revocations_of
from outbound.contact_ids import ledger_id, read_contact_id
from outbound.events import Bus, Event, EventType, PublishFailed, new_event
from outbound.events.facts.consent import ConsentRejected
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import Refused, TryLater, event_of, exponential_backoff, work
from outbound.runtime import Runtime, Work
from outbound.store.consent_slots import MOST_GRANTS
from outbound.store.consent_state import Change, Register, Value
from outbound.store.consents import ConsentLedger, Merge
from outbound.store.outbox import Outbox
from outbound.store.table import Item

# Invocations that write the same contact at the same moment: each round one of them is done.
_ROUNDS = 10
# When AWS refuses, in seconds, at first: a revocation that waits is a call that should not be made.
_AGAIN_SECONDS = 15
# A refusal quotes a type that it does not know up to this length: it may be anything.
_LONGEST_QUOTED = 64
TOO_MANY_GRANTS = f"the contact has grants to {MOST_GRANTS} sellers, and no more are kept"
"""Why a grant counts for nothing that is right in itself."""


class ConsentRecorder:
    """Records the changes that `consent.changed` events ask for."""

    def __init__(
        self,
        ledger: ConsentLedger,
        outbox: Outbox,
        bus: Bus,
        clock: Clock,
        revocations: Callable[[], RevocationScope] = RevocationScope,
    ) -> None:
        """Record in this ledger, whose table the outbox publishes from.

        `revocations` says what a revocation of one category ends; it is asked only for such a one.
        """
        self._ledger = ledger
        self._outbox = outbox
        self._bus = bus
        self._clock = clock
        self._revocations = revocations
        self._facts = ConsentFacts(ledger, clock)

    @classmethod
    def of(cls, runtime: Runtime) -> ConsentRecorder:
        """Return the recorder of a stack."""
        ledger = ConsentLedger(runtime.consent, runtime.tenant, runtime.clock)
        outbox, revocations = runtime.outbox_of(runtime.consent), revocations_of(runtime)
        return cls(ledger, outbox, runtime.bus, runtime.clock, revocations)

    def take(self, record: Mapping[str, Any]) -> None:
        """Record what one message asks for; return when that is durable and published.

        Raises:
            Refused: The message is not a change of consent.
            TryLater: AWS refuses, or other invocations keep changing the same contact.
        """
        event = event_of(record)
        if event.event_type != EventType.CONSENT_CHANGED:
            raise Refused(
                f"an event of the type {event.event_type[:_LONGEST_QUOTED]!r} is not a change of consent"
            )
        logger.append_keys(correlation_id=event.correlation_id)
        try:
            self.record(event)
        except (PublishFailed, ClientError, BotoCoreError) as error:
            logger.warning("a change of consent waits", exc_info=True)
            raise exponential_backoff(record, type(error).__name__, _AGAIN_SECONDS) from error

    def record(self, event: Event) -> None:
        """Record a change, or publish a `consent.rejected` with why it cannot be: no other try would help."""
        try:
            change = change_of(event, self._clock.now())
        except InvalidChange as invalid:
            self._bus.publish([self._rejection(event, invalid)])
            return
        if isinstance(change, Merge):
            self._merge(change, event)
        else:
            self._settle(counting(change, self._revocations), event)

    def _settle(self, change: Change, event: Event) -> None:
        for _ in range(_ROUNDS):
            known = self._ledger.find(change)
            if known:
                self._publish_left(change, known)
                return
            self._write(change, event)
        raise TryLater(_AGAIN_SECONDS, "other invocations keep changing the consent of the same contact")

    def _write(self, change: Change, event: Event) -> None:
        """Write a change down. Whether that was done, or another run was faster, the next look shows."""
        now = self._clock.now()
        if is_early(change, now):
            # Written down, so that it is refused as well when it comes again after its time.
            early = InvalidChange("occurred_at", "lies in the future")
            self._ledger.record_without_effect(change, now, "occurred_at", [self._rejection(event, early)])
            return
        known = self._ledger.state_before(change)
        if known.has_no_room(change):
            refusal = self._rejection(event, InvalidChange("seller", TOO_MANY_GRANTS))
            self._ledger.record_without_effect(change, now, "seller", [refusal])
        elif not known.written_by(change):
            self._ledger.record_without_effect(change, now)
        elif self._ledger.record(change, known, self._facts.of_change(change, known, _origin(event)), now):
            measure(ConsentMetric.CONSENT_RECORDED)

    def _merge(self, merge: Merge, event: Event) -> None:
        """Let a contact's refusals pass to its survivor, publish which do, and record that it is gone."""
        if ledger_id(merge.contact_id) == ledger_id(merge.survivor):
            return
        now = self._clock.now()
        self._ledger.link(merge, now)
        # From here on a run that records a refusal of the merged contact sees the link and adds its facts.
        refusals = [
            Change(
                merge.survivor,
                register,
                state.value,
                state.source,
                state.occurred_at,
                event.event_id,
                scope=state.category,
            )
            for register, state in self._ledger.get(merge.contact_id).passing_on()
        ]
        facts = [self._facts.of_contact(change, None, _origin(event)) for change in refusals]
        self._outbox.publish(self._ledger.link_key(merge), self._ledger.record_merge_facts(merge, facts, now))
        gone = Change(
            merge.contact_id, Register.RECORD, Value.DELETED, merge.source, merge.occurred_at, event.event_id
        )
        self._settle(gone, event)

    def _publish_left(self, change: Change, recorded: Item) -> None:
        """Publish what the change still carries from a run that was cut off."""
        self._outbox.publish(self._ledger.change_key(change), recorded)
        if recorded["took_effect"]:
            self._outbox.publish_left(self._ledger.state_key(change.contact_id))

    def _rejection(self, event: Event, invalid: InvalidChange) -> Event:
        measure(ConsentMetric.CONSENT_REJECTED)
        extra = {"request_id": event.event_id, "field": invalid.field, "reason": invalid.reason}
        logger.warning("a change of consent was rejected", extra=extra)
        # What is not a contact's id may be anything, a name or a number.
        fact = ConsentRejected(contact_id=read_contact_id(event.data.get("contact_id")), **extra)
        return new_event(fact, event.tenant, self._clock.now(), [event.event_id], event.correlation_id)


def _origin(event: Event) -> Origin:
    return Origin(event.tenant, event.event_id, event.correlation_id)


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of changes of consent."""
    recorder, queue = ConsentRecorder.of(runtime), runtime.queue

    def record(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        return work(event, queue, recorder.take, invocation)

    return record
