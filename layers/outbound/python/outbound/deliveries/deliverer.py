"""Delivers the events of one destination's queue: each once in effect, none lost.

What can happen to a delivery, and how it ends:

    subscribed? --no--> taken, nothing kept
       |
    claim  --already delivered, or parked until later--> taken
       |   --another worker has it, or waits--> comes back
       |   --destination off, circuit open--> parked, no attempt counted
     POST  --2xx--> delivered
           --410--> destination switched off, parked
           --408, 425, 429, 5xx, no answer--> again by the schedule: in the queue, or parked
           --401, 403 while the secret may have been rotated--> again after a minute
           --anything else, or the last attempt--> dead-letter queue, with the reason

A worker that is cut off between the POST and its record leaves a claim that runs out; the delivery is
sent again under the same `webhook-id`, by which the destination knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from outbound.clock import Clock, Deadline, Invocation, parse_time
from outbound.deliveries.addresses import AddressRefused
from outbound.deliveries.bodies import BadExpression, body_of, is_subscribed
from outbound.deliveries.circuit import Circuit, CircuitOpen, circuit_store
from outbound.deliveries.dead_letters import DeadLetters
from outbound.deliveries.destinations import DestinationSwitch
from outbound.deliveries.http import Answer, Outgoing, Unreachable
from outbound.deliveries.ledger import DeliveryLedger, Entry, Status
from outbound.deliveries.metrics import DeliveryMetric
from outbound.deliveries.retry_schedule import (
    LONGEST_IN_QUEUE,
    Verdict,
    is_last_attempt,
    verdict_on,
    wait_after,
    wait_for_circuit,
    wait_for_switch,
)
from outbound.deliveries.sender import SignatureRefused, SignedSender, is_header_safe
from outbound.deliveries.settings import DeliverySettings, Destination
from outbound.deliveries.signature import Signer
from outbound.events import Event
from outbound.logs import loggable, logger
from outbound.metrics import measure
from outbound.queues import Refused, TryLater, event_of, work
from outbound.runtime import Runtime, Work

# A claim outlives its function by that much: once it has run out, its worker is gone.
_CLAIM_MARGIN_SECONDS = 10.0
# A secret is looked at once a minute.
_LOOK_AGAIN_SECONDS = 60
# A worker that was late looks again; the faster one has sent it by then.
_LATE_SECONDS = 15.0
# What writing down the end of an attempt takes, retries of the SDK included.
_MARGIN_SECONDS = 10.0
# A message that came this often is parked and sent anew, long before its queue gives up on it
# (maxReceiveCount 100): only this code knows why, and writes it down.
_MOST_RECEIVES = 8


class AttemptFailed(Exception):
    """A failure that another attempt can heal; the only kind that counts against a circuit."""

    def __init__(self, entry: Entry, status: int, reason: str, retry_after: str | None = None) -> None:
        """Keep what became of the claimed delivery.

        Args:
            entry: The delivery with its claim.
            status: The status of the answer, 0 where none came.
            reason: What went wrong, for the operator.
            retry_after: The answer's Retry-After, as it came.
        """
        super().__init__(reason)
        self.entry = entry
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class _Undeliverable(Exception):
    """An attempt that says nothing about the destination's health, and that no other can heal."""

    def __init__(self, entry: Entry, reason: str) -> None:
        super().__init__(reason)
        self.entry = entry
        self.reason = reason


class _SignatureInDoubt(Exception):
    """An attempt whose signature was refused while the secret may be another by now."""

    def __init__(self, entry: Entry, refused: SignatureRefused) -> None:
        super().__init__(str(refused))
        # By then the secret may be looked at again.
        self.failure = AttemptFailed(entry, refused.answer.status, str(refused), str(_LOOK_AGAIN_SECONDS))


class Deliverer:
    """The deliveries to one destination."""

    def __init__(
        self,
        settings: Callable[[], Destination],
        ledger: DeliveryLedger,
        switch: DestinationSwitch,
        circuit: Circuit,
        sender: SignedSender,
        dead_letters: DeadLetters,
        clock: Clock,
    ) -> None:
        """Deliver with these."""
        self._settings = settings
        self._ledger = ledger
        self._switch = switch
        self._circuit = circuit
        self._sender = sender
        self._dead_letters = dead_letters
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime) -> Deliverer:
        """Return the deliveries of the function's destination."""
        name, tenant, clock = runtime.name("DESTINATION"), runtime.tenant, runtime.clock
        documents, outbox, table = runtime.documents, runtime.outbox, runtime.state
        ledger = DeliveryLedger(table, tenant, name)
        signer = Signer(runtime.secrets, runtime.name("DESTINATION_SECRET"))
        store = circuit_store(runtime.client("dynamodb"), table.name, tenant)
        return cls(
            settings=lambda: documents.get("deliveries", DeliverySettings).destination(name),
            ledger=ledger,
            switch=DestinationSwitch(name, tenant, table, outbox, clock),
            circuit=Circuit(name, store, AttemptFailed),
            sender=SignedSender(Outgoing(clock), signer, clock),
            dead_letters=DeadLetters(ledger, outbox, runtime.queue, name, clock),
            clock=clock,
        )

    def deliver(self, record: Mapping[str, Any], deadline: Deadline) -> None:
        """Deliver the event of an SQS record, or park it.

        Returns when the message may leave the queue. Raises TryLater where it must come back, Refused
        where it is not an event, and ConfigurationError where settings or secret are wrong.
        """
        event = event_of(record)
        if not is_header_safe(event.event_id):
            raise Refused(f"message {record.get('messageId')}: its event_id cannot be a webhook-id")
        settings = self._settings()
        entry = self._dead_letters.publish_facts(self._ledger.read(event.event_id))
        if not settings.url or not is_subscribed(event, self._switch.destination, settings.event_types):
            self._drop(entry, event)
        elif self._is_due(entry, record):
            self._send_or_park(entry, event, settings, record, deadline)

    def _drop(self, entry: Entry, event: Event) -> None:
        if entry.status in (Status.PARKED, Status.WAITING):
            self._ledger.drop(entry, event, self._clock.now())
            logger.info("a delivery is no longer wanted", extra=self._about(event))

    def _is_due(self, entry: Entry, record: Mapping[str, Any]) -> bool:
        """Return True if the delivery is due. Raises TryLater where its message must wait for that."""
        now = self._clock.now().timestamp()
        match entry.status:
            case Status.DELIVERED:
                return False
            case Status.DEAD:
                # Sent after it died: an operator's redrive. Sent before: a duplicate of what died.
                return int(record["attributes"]["SentTimestamp"]) > entry.time("dead_at")
            case Status.PARKED:
                return entry.time("next_at") <= now
            case Status.CLAIMED if entry.time("claim_until") > now:
                raise TryLater(entry.time("claim_until") - now, "another worker is sending it")
            case Status.WAITING if entry.time("next_at") > now:
                raise TryLater(entry.time("next_at") - now, "its next attempt is not due yet")
        return True

    def _send_or_park(
        self, entry: Entry, event: Event, settings: Destination, record: Mapping[str, Any], deadline: Deadline
    ) -> None:
        if self._switch.is_off():
            self._park(
                entry, event, wait_for_switch(entry.parks), "the destination is switched off", entry.attempts
            )
            return
        # Two sends fit: a refused signature is tried once more with the secret read again.
        if deadline.left() < 2 * settings.timeout_seconds + _MARGIN_SECONDS:
            raise TryLater(0, "the function's time is nearly up")
        try:
            claimed, answer = self._circuit.call(
                settings.circuit, lambda: self._attempt(entry, event, settings, deadline)
            )
        except CircuitOpen:
            wait = wait_for_circuit(entry.parks, settings.circuit.recovery_seconds)
            self._park(entry, event, wait, "the circuit is open", entry.attempts)
        except AttemptFailed as failure:
            self._retry(failure, event, settings, record)
        except _SignatureInDoubt as attempt:
            self._retry(attempt.failure, event, settings, record)
        except _Undeliverable as attempt:
            self._dead_letters.bury(attempt.entry, event, record, 0, attempt.reason)
        else:
            self._answered(claimed, answer, event, record)

    def _attempt(
        self, entry: Entry, event: Event, settings: Destination, deadline: Deadline
    ) -> tuple[Entry, Answer]:
        self._sender.check_secret()
        now = self._clock.now()
        claimed = self._ledger.claim(
            entry, event, now, now + timedelta(seconds=deadline.left() + _CLAIM_MARGIN_SECONDS)
        )
        if claimed is None:
            raise TryLater(_LATE_SECONDS, "another worker was faster")
        try:
            answer = self._sender.send(event, body_of(event, settings.bodies), settings)
        except (AddressRefused, BadExpression) as error:
            raise _Undeliverable(claimed, str(error)) from error
        except Unreachable as error:
            raise AttemptFailed(claimed, 0, str(error)) from error
        except SignatureRefused as refused:
            raise _SignatureInDoubt(claimed, refused) from refused
        if verdict_on(answer.status) is Verdict.TRY_AGAIN:
            raise AttemptFailed(claimed, answer.status, f"answered {answer.status}", answer.retry_after)
        return claimed, answer

    def _answered(self, claimed: Entry, answer: Answer, event: Event, record: Mapping[str, Any]) -> None:
        verdict = verdict_on(answer.status)
        if verdict is Verdict.DELIVERED:
            self._delivered(claimed, answer, event)
            return
        extra = {**self._about(event), "status": answer.status, "answer": loggable(answer.body)}
        logger.warning("the destination refused a delivery", extra=extra)
        if verdict is Verdict.UNWANTED:
            self._switch.off(event)
            self._park(claimed, event, wait_for_switch(0), "answered 410", claimed.attempts - 1)
        else:
            self._dead_letters.bury(claimed, event, record, answer.status, f"answered {answer.status}")

    def _delivered(self, claimed: Entry, answer: Answer, event: Event) -> None:
        now = self._clock.now()
        self._dead_letters.written(self._ledger.delivered(claimed, event, now, answer.status))
        measure(DeliveryMetric.DELIVERED)
        try:
            measure(DeliveryMetric.DELIVERY_LATENCY, (now - parse_time(event.occurred_at)).total_seconds())
        except ValueError:
            logger.warning("an event's occurred_at is not a time", extra=self._about(event))

    def _retry(
        self, failure: AttemptFailed, event: Event, settings: Destination, record: Mapping[str, Any]
    ) -> None:
        entry, now = failure.entry, self._clock.now()
        if is_last_attempt(entry.attempts, settings.max_attempts):
            reason = f"given up after {entry.attempts} attempts; the last one {failure.reason}"
            self._dead_letters.bury(entry, event, record, failure.status, reason)
            return
        asked, longest = failure.retry_after, settings.max_retry_after_seconds
        wait = wait_after(entry.attempts, settings.waits_seconds, asked, longest, now)
        receives = int(record["attributes"]["ApproximateReceiveCount"])
        if wait > LONGEST_IN_QUEUE or receives >= _MOST_RECEIVES:
            self._park(entry, event, wait, failure.reason, entry.attempts)
            return
        self._dead_letters.written(
            self._ledger.wait(entry, event, now, now + timedelta(seconds=wait), failure.reason)
        )
        raise TryLater(wait, f"{self._switch.destination}: {failure.reason}")

    def _park(self, entry: Entry, event: Event, wait: float, reason: str, attempts: int) -> None:
        now = self._clock.now()
        until = now + timedelta(seconds=wait)
        # A claim starts the count of parks anew: it is about parks without an attempt in between.
        changes = {"last_error": reason, "parks": entry.parks + 1, "attempts": attempts}
        self._dead_letters.written(self._ledger.park(entry, event, now, until, changes))
        measure(DeliveryMetric.DELIVERY_PARKED)
        logger.info("delivery parked", extra={**self._about(event), "reason": reason, "seconds": round(wait)})

    def _about(self, event: Event) -> dict[str, str]:
        return {
            "destination": self._switch.destination,
            "event_id": event.event_id,
            "event_type": event.event_type,
            "correlation_id": event.correlation_id,
        }


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind a destination's queue."""
    deliveries, queue = Deliverer.of(runtime), runtime.queue

    def deliver(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        # No margin: what it takes to write an attempt's end down is looked at before each.
        take = partial(deliveries.deliver, deadline=runtime.deadline(invocation, margin_seconds=0))
        return work(event, queue, take, invocation)

    return deliver
