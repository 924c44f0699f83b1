"""Applies dispositions: newest of a contact wins, each once in effect, whatever the order of arrival.

    do-not-call?  --yes--> said, before anything else is looked at
    form, age     --wrong--> rejected
    ended before? --yes--> what it still carries is published, nothing else; what was rejected begins anew
    file stopped? --yes--> rejected as cancelled
    newer stands? --yes--> superseded
    claim         --another has the contact--> comes back
    read contact  --a suspect's doing is seen--> that one is applied: its run was cut off after its write
                  --CXone has something newer--> superseded
                  --in the dialer's hands--> comes back later and later, rejected in the end; a do-not-call
                    is parked instead
                  --says what was applied last--> unchanged, nothing is written
    write         --refused--> rejected      --no answer--> keeps the contact until the write has settled,
                    then it is a suspect; comes back
    stand         the contact's item and the request's, with the fact, in one transaction
    publish       the sweeper does it where this run is cut off

A claim outlives the function, so while it lasts nobody else writes to the contact, and once it has run out
whoever comes next finds in CXone whether its write was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock, Deadline
from outbound.cxone.errors import Conflict, CxoneError, Forbidden, InvalidRequest, NotFound, UnexpectedAnswer
from outbound.cxone.ports.dispositions import Contact, DispositionsPort
from outbound.dispositions.deferral import (
    AGAIN_SECONDS,
    Busy,
    Taken,
    count_delay,
    wait_for_claim,
    wait_for_contact,
    wait_for_cxone,
)
from outbound.dispositions.do_not_call import DoNotCall
from outbound.dispositions.facts import Ending, Facts
from outbound.dispositions.grouping import by_contact
from outbound.dispositions.ledger import FINAL, Asked, DispositionLedger, Standing, Status
from outbound.dispositions.metrics import count
from outbound.dispositions.requests import CANCELLED, Disposition, Rejected, disposition_of, named
from outbound.dispositions.settings import DispositionSettings
from outbound.do_not_call import DoNotCallCodes, means_do_not_call
from outbound.events import Event, EventType, PublishFailed
from outbound.observability import logger
from outbound.queues import Invocation, Refused, event_of, growing, work_side_by_side
from outbound.runtime import Runtime, Work
from outbound.settings import ConfigurationError
from outbound.store.outbox import Outbox
from outbound.store.table import Item

# Five of these functions run at once, and a tenant takes fifty calls at once.
_AT_ONCE = 10
# A claim runs out that long after the function was to hand over, at the least: by then it has ended.
_CLAIM_SECONDS = 15.0
# CXone's own dispositions are believed up to that far ahead of the clock here.
_TOLERANCE = timedelta(minutes=5)
# Moments that are closer are the same one: CXone may keep them less exactly than they were written.
_SAME_MOMENT = timedelta(milliseconds=1)
# A refusal quotes a type that it does not know up to this length: it may be anything.
_LONGEST_QUOTED = 64
# What no other try of the same message mends; an operator does, and redrives.
_FOR_AN_OPERATOR = (Forbidden, UnexpectedAnswer)

Record = Mapping[str, Any]


class Applier:
    """Applies the dispositions of one tenant; threads may share it."""

    def __init__(
        self,
        port: DispositionsPort,
        ledger: DispositionLedger,
        outbox: Outbox,
        facts: Facts,
        settings: Callable[[], DispositionSettings],
        clock: Clock,
        do_not_call_codes: Callable[[], Iterable[str]] | None = None,
    ) -> None:
        """Write through this port what this ledger allows.

        `do_not_call_codes` can be had whatever is wrong with the settings; by default those of the settings.
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
            Facts(runtime.tenant),
            partial(documents.get, "dispositions", DispositionSettings),
            runtime.clock,
            lambda: documents.get("dispositions", DoNotCallCodes, else_packaged=True).codes,
        )

    def take(self, record: Record, deadline: Deadline) -> None:
        """Apply what one message asks for; return when its end is durable and said.

        Raises TryLater where time helps, Refused for what is no disposition or needs an operator.
        """
        event = event_of(record)
        if event.event_type != EventType.DISPOSITION_REQUESTED:
            raise Refused(f"an event of the type {event.event_type[:_LONGEST_QUOTED]!r} is no disposition")
        try:
            forbids = self._do_not_call.note(event, self._codes(), self._clock.now())
            self._apply_or_wait(event, record, deadline, forbids)
        except Taken as taken:
            raise wait_for_claim(taken, record, self._clock.now()) from None
        except (PublishFailed, ConfigurationError, ClientError, BotoCoreError) as error:
            logger.warning("a disposition waits", exc_info=True)
            raise growing(record, type(error).__name__, AGAIN_SECONDS) from error

    def _apply_or_wait(self, event: Event, record: Record, deadline: Deadline, forbids: bool) -> None:
        try:
            self._apply(event, deadline)
        except Busy as busy:
            self._defer(busy, record)
        except _FOR_AN_OPERATOR as error:
            raise Refused(str(error)) from error
        except CxoneError as error:
            now = self._clock.now()
            if forbids:
                count_delay(error, record, now)
            raise wait_for_cxone(error, record, now) from error

    def _apply(self, event: Event, deadline: Deadline) -> None:
        settings, now = self._settings(), self._clock.now()
        try:
            disposition = disposition_of(event, settings, now)
        except Rejected as rejected:
            self._reject(named(event, now), rejected)
            return
        asked = disposition.asked
        request, standing, cancelled = self._ledger.read(asked)
        if request.get("status") in FINAL:
            self._publish(asked, request)
            return
        if cancelled:
            self._reject(asked, Rejected("its file was cancelled", reason=CANCELLED))
            return
        if request.get("status") == Status.REJECTED:
            self._ledger.reopen(asked.correlation_id, asked.request_id)
        if standing.rank >= asked.rank:
            self._end_behind(asked, standing.rank, standing.content)
        else:
            self._claim_and_write(disposition, standing, deadline)

    def _claim_and_write(self, disposition: Disposition, standing: Standing, deadline: Deadline) -> None:
        asked, now = disposition.asked, self._clock.now()
        if standing.claim and standing.claimed_until > now.timestamp():
            raise Taken(standing.claimed_until)
        # A function that is cut off may leave a write on its way, as one does whose answer is lost.
        margin = max(_CLAIM_SECONDS, self._settings().in_doubt_seconds)
        until = now + timedelta(seconds=max(0.0, deadline.left()) + margin)
        claimed = self._ledger.claim(asked, standing, now, until)
        if claimed is None:
            raise Taken(now.timestamp())
        try:
            contact = self._port.contact(asked.campaign_id, asked.contact_id)
        except (InvalidRequest, NotFound) as refusal:
            self._ledger.release(asked, claimed.fence)
            self._reject(asked, _rejection(refusal))
            return
        except CxoneError:
            self._ledger.release(asked, claimed.fence)
            raise
        if stands := self._found(asked, claimed, contact):
            self._write(disposition, stands, contact)

    def _found(self, asked: Asked, claimed: Standing, contact: Contact) -> Standing | None:
        """Let a suspect stand whose doing CXone shows; give what then stands, None if all is settled."""
        shown = next((one for one in claimed.suspects if _shows(contact, one)), None)
        if shown is None:
            return claimed
        now = self._clock.now()
        ending = self._facts.standing(shown, Status.APPLIED, contact, None, now)
        item = self._ledger.find(shown, claimed.fence, ending.about, ending.fact, now)
        if item is None:
            if self._ledger.request(shown.correlation_id, shown.request_id).get("status"):
                # It was rejected meanwhile, by settings that had changed: it counts no more than others.
                return claimed
            raise Taken(now.timestamp())
        count(ending, None)
        self._publish(shown, item)
        if shown.rank < asked.rank:
            return replace(claimed, content=shown.content)
        self._ledger.release(asked, claimed.fence)
        if shown != asked:
            self._end_behind(asked, shown.rank, shown.content)
        return None

    def _end_behind(self, asked: Asked, rank: str, content: str) -> None:
        """End a request that comes behind what stands: something newer, or itself from another delivery."""
        now = self._clock.now()
        if (rank, content) == (asked.rank, asked.content):
            same = Contact("", asked.outcome_code, asked.occurred_at, None)
            self._end(asked, self._facts.standing(asked, Status.UNCHANGED, same, None, now))
        else:
            self._end(asked, self._facts.superseded(asked, now))

    def _write(self, disposition: Disposition, claimed: Standing, contact: Contact) -> None:
        asked, settings = disposition.asked, self._settings()
        if _is_behind(asked, contact, settings.do_not_call_codes, self._clock.now()):
            self._ledger.release(asked, claimed.fence)
            message = "CXone has a newer disposition of the contact"
            self._end(asked, self._facts.superseded(asked, self._clock.now(), message))
            return
        if contact.state in settings.busy_states:
            self._ledger.release(asked, claimed.fence)
            raise Busy(asked, contact.state)
        if asked.content == claimed.content and contact.outcome_code == asked.outcome_code:
            self._stand(asked, claimed, self._standing(asked, Status.UNCHANGED, contact, None))
            return
        began = self._clock.monotonic()
        try:
            self._port.dispose(disposition.written())
        except CxoneError as error:
            self._free(asked, claimed, error, settings)
            self._not_written(asked, error)
            return
        took = self._clock.monotonic() - began
        self._stand(asked, claimed, self._standing(asked, Status.APPLIED, contact, took), took)

    def _free(
        self, asked: Asked, claimed: Standing, error: CxoneError, settings: DispositionSettings
    ) -> None:
        """Give a contact back after a write that failed, once nothing of it can arrive any more."""
        if error.in_doubt:
            until = self._clock.now() + timedelta(seconds=settings.in_doubt_seconds)
            self._ledger.doubt(asked, claimed.fence, until)
        else:
            self._ledger.release(asked, claimed.fence)

    def _not_written(self, asked: Asked, error: CxoneError) -> None:
        """Reject what CXone refuses; raises what time may help."""
        if isinstance(error, InvalidRequest | NotFound):
            self._reject(asked, _rejection(error))
        elif isinstance(error, Conflict):
            raise Busy(asked, "CONFLICT") from None
        else:
            raise error

    def _standing(self, asked: Asked, status: Status, contact: Contact, took: float | None) -> Ending:
        return self._facts.standing(asked, status, contact, took, self._clock.now())

    def _stand(self, asked: Asked, claimed: Standing, ending: Ending, took: float | None = None) -> None:
        now = self._clock.now()
        item = self._ledger.apply(asked, claimed.fence, ending.status, ending.about, ending.fact, now)
        if item is None:
            raise Taken(now.timestamp())
        count(ending, took)
        self._publish(asked, item)

    def _defer(self, busy: Busy, record: Record) -> None:
        """Note that a contact is busy; raises TryLater, or ends what has waited for too long."""
        now = self._clock.now()
        item = self._ledger.defer(busy.asked, busy.state, now)
        try:
            wait_for_contact(busy, item, self._settings().busy_wait, record, now)
        except Rejected as rejected:
            self._reject(busy.asked, rejected)

    def _reject(self, asked: Asked, why: Rejected) -> None:
        said = {"request_id": asked.request_id, "reason": why.reason, "field": why.field}
        logger.warning("a disposition was rejected", extra=said)
        self._end(asked, self._facts.rejected(asked, why, self._clock.now()))

    def _end(self, asked: Asked, ending: Ending) -> None:
        now = self._clock.now()
        written = self._ledger.end(asked, ending.status, ending.about, [ending.fact], now)
        if _is_rejected_otherwise(written.item, ending):
            self._ledger.reopen(asked.correlation_id, asked.request_id)
            written = self._ledger.end(asked, ending.status, ending.about, [ending.fact], now)
        if written.done:
            count(ending, None)
        self._publish(asked, written.item)

    def _publish(self, asked: Asked, item: Item) -> None:
        self._outbox.publish(self._ledger.request_key(asked.correlation_id, asked.request_id), item)


def _shows(contact: Contact, suspect: Asked) -> bool:
    if contact.disposed_at is None or contact.outcome_code != suspect.outcome_code:
        return False
    return abs(contact.disposed_at - suspect.occurred_at) < _SAME_MOMENT


def _is_behind(asked: Asked, contact: Contact, do_not_call_codes: Iterable[str], now: datetime) -> bool:
    """Return True if CXone has a disposition that somebody else made, and that counts more than this one."""
    disposed_at = contact.disposed_at
    if disposed_at is None or disposed_at > now + _TOLERANCE:
        return False
    if abs(disposed_at - asked.occurred_at) < _SAME_MOMENT:
        # Of one moment what forbids counts.
        return not asked.forbids and means_do_not_call(contact.outcome_code, do_not_call_codes)
    return disposed_at > asked.occurred_at


def _is_rejected_otherwise(item: Item, ending: Ending) -> bool:
    """Return True if a request that is rejected now was rejected for something else before."""
    if ending.status is not Status.REJECTED or item.get("status") != Status.REJECTED:
        return False
    return any(item.get("about", {}).get(name) != ending.about[name] for name in ("reason", "field"))


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
