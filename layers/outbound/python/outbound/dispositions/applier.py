"""Applies dispositions: newest of a contact wins, each once in effect, whatever the order of arrival.

    do-not-call?  --yes--> published, before anything else is looked at
    form, age     --wrong--> rejected
    ended before? --yes--> what it still carries is published, nothing else; what was rejected begins anew
    file stopped? --yes--> rejected as cancelled
    newer applied? -yes--> superseded
    claim         --another request has the contact--> comes back
    read contact  --a write in doubt shows--> its request is applied: its run was cut off after its write
                  --CXone has something newer--> superseded
                  --in the dialer's hands--> comes back later and later, rejected in the end; a do-not-call
                    is parked instead
                  --says what was applied last--> unchanged, nothing is written
    write         --refused--> rejected      --no answer--> in doubt: keeps the contact until the write has
                    settled, then comes back
    record        the contact's item and the request's, with the fact, in one transaction
    publish       the sweeper does it where this run is cut off

What suppresses a contact is a do-not-call of our own: see `suppressions`.

A claim outlives the function, so while it lasts no other invocation writes to the contact, and once it has
run out the next one finds in CXone whether its write was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock, Deadline, Invocation
from outbound.cxone.errors import Conflict, CxoneError, Forbidden, InvalidRequest, NotFound, UnexpectedAnswer
from outbound.cxone.ports.dispositions import Contact, DispositionsPort
from outbound.dispositions.deferral import (
    AGAIN_SECONDS,
    ContactBusy,
    ContactClaimed,
    count_delay,
    wait_for_claim,
    wait_for_contact,
    wait_for_cxone,
)
from outbound.dispositions.do_not_call import DoNotCall
from outbound.dispositions.facts import DispositionFacts, Resolution
from outbound.dispositions.grouping import by_contact
from outbound.dispositions.ledger import (
    FINAL,
    ContactState,
    DispositionLedger,
    DispositionRequest,
    DispositionStatus,
)
from outbound.dispositions.metrics import count
from outbound.dispositions.precedence import is_behind, is_same_moment
from outbound.dispositions.requests import (
    CANCELLED,
    Disposition,
    Rejected,
    best_effort_request,
    disposition_of,
)
from outbound.dispositions.settings import DispositionSettings
from outbound.dispositions.suppressions import is_suppression, suppression_of, whose
from outbound.do_not_call import DoNotCallCodes, means_do_not_call
from outbound.events import Event, EventType, PublishFailed
from outbound.logs import logger
from outbound.queues import Refused, event_of, exponential_backoff, work_side_by_side
from outbound.runtime import Runtime, Work
from outbound.settings import ConfigurationError
from outbound.store.outbox import Outbox
from outbound.store.table import Item

# Five of these functions run at once, and a tenant takes fifty calls at once.
_AT_ONCE = 10
# A claim runs out that long after the function was to hand over, at the least: by then it has ended.
_CLAIM_SECONDS = 15.0
# A refusal quotes a type that it does not know up to this length: it may be anything.
_LONGEST_QUOTED = 64
# What no other try of the same message helps; an operator puts it right, and redrives.
_FOR_AN_OPERATOR = (Forbidden, UnexpectedAnswer)

Record = Mapping[str, Any]


class Applier:
    """Applies the dispositions of one tenant; threads may share it."""

    def __init__(
        self,
        port: DispositionsPort,
        ledger: DispositionLedger,
        outbox: Outbox,
        facts: DispositionFacts,
        settings: Callable[[], DispositionSettings],
        clock: Clock,
        do_not_call_codes: Callable[[], Iterable[str]] | None = None,
    ) -> None:
        """Write through a port what a ledger allows.

        Args:
            port: CXone's contacts, whose calls end before the invocation does.
            ledger: Decides which of two requests may write.
            outbox: Publishes the facts that the ledger's items carry.
            facts: Makes them.
            settings: The settings as they are now; may raise ConfigurationError.
            clock: What tells the time.
            do_not_call_codes: The codes that forbid to call, which can be had whatever is wrong with the
                settings; by default those of the settings.
        """
        self._port = port
        self._ledger = ledger
        self._outbox = outbox
        self._facts = facts
        self._do_not_call = DoNotCall(ledger, outbox, facts)
        self._settings = settings
        self._codes = do_not_call_codes or (lambda: settings().do_not_call_codes)
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline) -> Applier:
        """Return the applier of one invocation, whose calls of CXone end before a deadline."""
        documents = runtime.documents
        return cls(
            runtime.cxone.until(deadline).dispositions,
            DispositionLedger(runtime.state, runtime.tenant),
            runtime.outbox,
            DispositionFacts(runtime.tenant),
            partial(documents.get, "dispositions", DispositionSettings),
            runtime.clock,
            lambda: documents.get("dispositions", DoNotCallCodes, else_packaged=True).codes,
        )

    def take(self, record: Record, deadline: Deadline) -> None:
        """Apply what one message asks for; return when its end is durable and published.

        Raises:
            TryLater: Time helps.
            Refused: The message is not a request for a disposition, or needs an operator.
        """
        event = event_of(record)
        if event.event_type != EventType.DISPOSITION_REQUESTED and not is_suppression(event):
            raise Refused(f"an event of the type {event.event_type[:_LONGEST_QUOTED]!r} is not a disposition")
        try:
            forbids = self._note(event)
            self._apply_or_wait(event, record, deadline, forbids)
        except ContactClaimed as claimed:
            raise wait_for_claim(claimed, record, self._clock.now()) from None
        except (PublishFailed, ConfigurationError, ClientError, BotoCoreError) as error:
            logger.warning("a disposition waits", exc_info=True)
            raise exponential_backoff(record, type(error).__name__, AGAIN_SECONDS) from error

    def _note(self, event: Event) -> bool:
        """Record the do-not-call that a request holds; return True if it is one, of the person or our own.

        A suppression says nothing new of the person: recorded, it would outlast a later grant of consent.
        """
        return is_suppression(event) or self._do_not_call.note(event, self._codes(), self._clock.now())

    def _apply_or_wait(self, event: Event, record: Record, deadline: Deadline, forbids: bool) -> None:
        try:
            self._apply(event, deadline)
        except ContactBusy as busy:
            self._defer(busy, record)
        except _FOR_AN_OPERATOR as error:
            raise Refused(str(error)) from error
        except CxoneError as error:
            now = self._clock.now()
            if forbids:
                count_delay(error, record, now)
            raise wait_for_cxone(error, record, now) from error

    def _apply(self, event: Event, deadline: Deadline) -> None:
        if is_suppression(event):
            self._suppress(event, deadline)
        else:
            self._apply_sent(event, deadline)

    def _suppress(self, event: Event, deadline: Deadline) -> None:
        """Apply a suppression, which stands behind nothing that was applied."""
        now = self._clock.now()
        asked = whose(event, now)
        item, state, _ = self._ledger.read(asked)
        if item.get("status") in FINAL:
            self._publish(asked, item)
            return
        disposition = suppression_of(event, self._settings(), state, now)
        if item.get("status") == DispositionStatus.REJECTED:
            self._ledger.reopen(asked.correlation_id, asked.request_id)
        self._claim_and_write(disposition, state, deadline)

    def _apply_sent(self, event: Event, deadline: Deadline) -> None:
        settings, now = self._settings(), self._clock.now()
        try:
            disposition = disposition_of(event, settings, now)
        except Rejected as rejected:
            self._reject(best_effort_request(event, now), rejected)
            return
        request = disposition.request
        item, state, cancelled = self._ledger.read(request)
        if item.get("status") in FINAL:
            self._publish(request, item)
            return
        if cancelled:
            self._reject(request, Rejected("its file was cancelled", reason=CANCELLED))
            return
        if item.get("status") == DispositionStatus.REJECTED:
            self._ledger.reopen(request.correlation_id, request.request_id)
        if state.rank >= request.rank:
            self._end_behind(request, state.rank, state.content)
        else:
            self._claim_and_write(disposition, state, deadline)

    def _claim_and_write(self, disposition: Disposition, state: ContactState, deadline: Deadline) -> None:
        request, now = disposition.request, self._clock.now()
        if state.claim and state.claimed_until > now.timestamp():
            raise ContactClaimed(state.claimed_until)
        # A function that is cut off may leave a write on its way, as one does whose answer is lost.
        margin = max(_CLAIM_SECONDS, self._settings().in_doubt_seconds)
        until = now + timedelta(seconds=max(0.0, deadline.left()) + margin)
        claimed = self._ledger.claim(request, state, now, until)
        if claimed is None:
            raise ContactClaimed(now.timestamp())
        try:
            contact = self._port.contact(request.campaign_id, request.contact_id, urgent=request.forbids)
        except (InvalidRequest, NotFound) as refusal:
            self._ledger.release(request, claimed.fence)
            self._reject(request, _rejection(refusal))
            return
        except CxoneError:
            self._ledger.release(request, claimed.fence)
            raise
        if current := self._resolve_doubt(request, claimed, contact):
            self._write(disposition, current, contact)

    def _resolve_doubt(
        self, request: DispositionRequest, claimed: ContactState, contact: Contact
    ) -> ContactState | None:
        """Apply the request in doubt whose write CXone shows.

        Return the contact's state then, None if nothing is left to be done for the request in hand.
        """
        shown = next((each for each in claimed.in_doubt if _shows(contact, each)), None)
        if shown is None:
            return claimed
        now = self._clock.now()
        resolution = self._facts.succeeded(shown, DispositionStatus.APPLIED, contact, None, now)
        item = self._ledger.confirm_in_doubt(shown, claimed.fence, resolution.about, resolution.fact, now)
        if item is None:
            if self._ledger.get(shown.correlation_id, shown.request_id).get("status"):
                # It was rejected meanwhile, by settings that had changed: it counts no more than others.
                return claimed
            raise ContactClaimed(now.timestamp())
        count(resolution, None)
        self._publish(shown, item)
        # A suppression that comes again has another moment, and is the same request.
        same = (shown.correlation_id, shown.request_id) == (request.correlation_id, request.request_id)
        if shown.rank < request.rank and not same:
            return replace(claimed, content=shown.content)
        self._ledger.release(request, claimed.fence)
        if not same:
            self._end_behind(request, shown.rank, shown.content)
        return None

    def _end_behind(self, request: DispositionRequest, rank: str, content: str) -> None:
        """End a request behind what was applied: something newer, or itself from another delivery."""
        now = self._clock.now()
        if (rank, content) == (request.rank, request.content):
            same = Contact("", request.outcome_code, request.occurred_at, None)
            self._end(request, self._facts.succeeded(request, DispositionStatus.UNCHANGED, same, None, now))
        else:
            self._end(request, self._facts.superseded(request, now))

    def _write(self, disposition: Disposition, claimed: ContactState, contact: Contact) -> None:
        request, settings = disposition.request, self._settings()
        codes, now = settings.do_not_call_codes, self._clock.now()
        if not request.suppresses and is_behind(request.occurred_at, request.forbids, contact, codes, now):
            self._ledger.release(request, claimed.fence)
            message = "CXone has a newer disposition of the contact"
            self._end(request, self._facts.superseded(request, now, message))
            return
        if request.suppresses and means_do_not_call(contact.outcome_code, codes):
            self._record(request, claimed, DispositionStatus.UNCHANGED, contact)
            return
        if contact.state in settings.busy_states:
            self._ledger.release(request, claimed.fence)
            raise ContactBusy(request, contact.state)
        if request.content == claimed.content and contact.outcome_code == request.outcome_code:
            self._record(request, claimed, DispositionStatus.UNCHANGED, contact)
            return
        began = self._clock.monotonic()
        try:
            self._port.dispose(disposition.to_cxone())
        except CxoneError as error:
            self._free(request, claimed, error, settings)
            self._not_written(request, error)
            return
        took = self._clock.monotonic() - began
        self._record(request, claimed, DispositionStatus.APPLIED, contact, took)

    def _free(
        self,
        request: DispositionRequest,
        claimed: ContactState,
        error: CxoneError,
        settings: DispositionSettings,
    ) -> None:
        """Free a contact after a write that failed, once nothing of it can arrive any more."""
        if error.in_doubt:
            until = self._clock.now() + timedelta(seconds=settings.in_doubt_seconds)
            self._ledger.mark_in_doubt(request, claimed.fence, until)
        else:
            self._ledger.release(request, claimed.fence)

    def _not_written(self, request: DispositionRequest, error: CxoneError) -> None:
        """Reject what CXone refuses; raise what time may help."""
        if isinstance(error, InvalidRequest | NotFound):
            self._reject(request, _rejection(error))
        elif isinstance(error, Conflict):
            raise ContactBusy(request, "CONFLICT") from None
        else:
            raise error

    def _record(
        self,
        request: DispositionRequest,
        claimed: ContactState,
        status: DispositionStatus,
        contact: Contact,
        took: float | None = None,
    ) -> None:
        """Record that CXone has what a request says; `took` is how long its write lasted, in seconds."""
        now = self._clock.now()
        resolution = self._facts.succeeded(request, status, contact, took, now)
        item = self._ledger.apply(request, claimed.fence, status, resolution.about, resolution.fact, now)
        if item is None:
            raise ContactClaimed(now.timestamp())
        count(resolution, took)
        self._publish(request, item)

    def _defer(self, busy: ContactBusy, record: Record) -> None:
        """Note that a contact is busy; raise TryLater, or end what has waited for too long."""
        now = self._clock.now()
        item = self._ledger.defer(busy.request, busy.state, now)
        try:
            wait_for_contact(busy, item, self._settings().busy_wait, record, now)
        except Rejected as rejected:
            self._reject(busy.request, rejected)

    def _reject(self, request: DispositionRequest, why: Rejected) -> None:
        extra = {"request_id": request.request_id, "reason": why.reason, "field": why.field}
        logger.warning("a disposition was rejected", extra=extra)
        self._end(request, self._facts.rejected(request, why, self._clock.now()))

    def _end(self, request: DispositionRequest, resolution: Resolution) -> None:
        now = self._clock.now()
        status, about, facts = resolution.status, resolution.about, [resolution.fact]
        written = self._ledger.end(request, status, about, facts, now)
        if _is_rejected_otherwise(written.item, resolution):
            self._ledger.reopen(request.correlation_id, request.request_id)
            written = self._ledger.end(request, status, about, facts, now)
        if written.done:
            count(resolution, None)
        self._publish(request, written.item)

    def _publish(self, request: DispositionRequest, item: Item) -> None:
        self._outbox.publish(self._ledger.request_key(request.correlation_id, request.request_id), item)


def _shows(contact: Contact, in_doubt: DispositionRequest) -> bool:
    if contact.disposed_at is None or contact.outcome_code != in_doubt.outcome_code:
        return False
    return is_same_moment(contact.disposed_at, in_doubt.occurred_at)


def _is_rejected_otherwise(item: Item, resolution: Resolution) -> bool:
    """Return True if a request that is rejected now was rejected for something else before."""
    rejected = DispositionStatus.REJECTED
    if resolution.status is not rejected or item.get("status") != rejected:
        return False
    return any(item.get("about", {}).get(name) != resolution.about[name] for name in ("reason", "field"))


def _rejection(refusal: InvalidRequest | NotFound) -> Rejected:
    if isinstance(refusal, NotFound):
        return Rejected(str(refusal), "contact_id", "contact_not_found")
    return Rejected(str(refusal), refusal.field)


def build(runtime: Runtime) -> Work:
    """Return the work of a function behind the queue of dispositions."""
    queue = runtime.queue
    runtime.warm_up("cxone", "outbox")

    def apply(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        deadline = runtime.deadline(invocation)
        take = partial(Applier.of(runtime, deadline).take, deadline=deadline)
        return work_side_by_side(event, queue, take, invocation, by_contact, _AT_ONCE)

    return apply
