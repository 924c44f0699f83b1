"""The ledger of dispositions: what was applied to a contact last, and how every request ended.

Two kinds of item. A contact's says what was applied last and which request is being applied now; its
conditions decide which of two requests may write, two functions at once included:

    free -- claim --> claimed -- apply ----------> free, with what was applied
              ^          |------ release --------> free
              |          |------ mark_in_doubt --> claimed until the write has settled: CXone may have it
              +-- expired (the function was cut off, or its write has settled): its request is in doubt until
                  confirm_in_doubt applies it, or something newer is applied

A request's item says how it ended, with its facts; it lies in the partition of its correlation id, so that
all of one file or one delivery are read together. Of what a disposition says about a person only a hash is
kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from outbound.clock import format_time, parse_time
from outbound.contact_ids import ledger_id
from outbound.dispositions.files.ledger import file_key
from outbound.dispositions.precedence import rank_of
from outbound.events import Event
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table, Written

# Longer than anything can be replayed: requests older than `max_age_days` of the settings are refused, and
# those are a year at most.
_REMEMBERED = timedelta(days=400)

# Requests that wait for their contacts stand in the due index under this kind, by the time since when.
DUE_WAITING = "disposition_waiting"

# An invocation that read the contact before it was freed has to read it again.
_FREE = "REMOVE #claim, #claimed_until ADD #fence :one"


class DispositionStatus(StrEnum):
    """How far a request has come."""

    WAITING = "waiting"
    """The contact is in the dialer's hands; the message comes back."""

    APPLIED = "applied"
    """CXone has it."""

    UNCHANGED = "unchanged"
    """It says what was applied last; nothing was written."""

    SUPERSEDED = "superseded"
    """A newer one was applied."""

    REJECTED = "rejected"
    """It cannot be applied; the item says why."""


ENDED = frozenset(DispositionStatus) - {DispositionStatus.WAITING}

FINAL = ENDED - {DispositionStatus.REJECTED}
"""Ends that had an effect, or that nothing can change; what was rejected may be asked for again."""


@dataclass(frozen=True, slots=True)
class DispositionRequest:
    """A request as the ledger knows it: ids and moments, and `content`, a hash of all that it says."""

    request_id: str
    correlation_id: str
    campaign_id: str
    contact_id: str
    outcome_code: str
    agent_id: str
    occurred_at: datetime
    content: str
    forbids: bool = False
    """Whether its code means that the contact must not be called."""

    suppresses: bool = False
    """Whether this stack writes it because the ledger of consent forbids the contact."""

    @property
    def rank(self) -> str:
        """Its place in the order of a contact's dispositions, as a text that sorts."""
        return rank_of(self.occurred_at, self.forbids, self.request_id)


@dataclass(frozen=True, slots=True)
class ContactState:
    """What was applied to a contact last, and which request has it claimed now.

    `in_doubt` are requests that CXone may have taken or not.
    """

    rank: str = ""
    content: str = ""
    claim: DispositionRequest | None = None
    claimed_until: float = 0.0
    fence: int = 0
    in_doubt: tuple[DispositionRequest, ...] = ()


class DispositionLedger:
    """Reads and writes the ledger of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep it in the state table."""
        self._table = table
        self._tenant = tenant

    def read(self, request: DispositionRequest) -> tuple[Item, ContactState, bool]:
        """Return a request's item, the state of its contact, and whether its file was cancelled.

        The item is empty for a new request; all in one call.
        """
        key, contact = self._key_of(request), self._contact_key(request)
        file = file_key(self._tenant, request.correlation_id)
        items = self._table.get_many([key, contact, file])
        cancelled = bool(items.get(file, {}).get("cancelled_at"))
        return items.get(key, {}), _contact_state(items.get(contact, {})), cancelled

    def get(self, correlation_id: str, request_id: str) -> Item:
        """Return a request's item, empty for a new one."""
        return self._table.get(self.request_key(correlation_id, request_id)) or {}

    def requests_of(self, correlation_id: str, after: str = "") -> Iterator[Item]:
        """Return the items of a correlation id in the order of their request ids, those behind `after`."""
        return self._table.query(self.request_key(correlation_id, "").pk, after=after)

    def claim(
        self, request: DispositionRequest, state: ContactState, now: datetime, until: datetime
    ) -> ContactState | None:
        """Claim a contact for a request, if its state still is the one that was read and it is free.

        Args:
            request: What is to be applied.
            state: The contact's state as it was read.
            now: A claim that has run out by then is free, and its request in doubt.
            until: When this claim runs out.

        Returns:
            The contact with the claim; None where another request was faster, or something newer was
            applied.
        """
        in_doubt = [*state.in_doubt, *([state.claim] if state.claim else [])]
        written = self._table.update(
            self._contact_key(request),
            "SET #claim = :claim, #claimed_until = :until, #suspects = :suspects, #ttl = :ttl"
            " ADD #fence :one",
            {
                ":claim": _stored_request(request),
                ":until": until.timestamp(),
                ":now": now.timestamp(),
                ":rank": request.rank,
                ":one": 1,
                ":fence": state.fence,
                ":suspects": [_stored_request(each) for each in dict.fromkeys(in_doubt)],
                ":ttl": int((now + _REMEMBERED).timestamp()),
            },
            "(attribute_not_exists(#fence) OR #fence = :fence)"
            " AND (attribute_not_exists(#claim) OR #claimed_until <= :now)"
            " AND (attribute_not_exists(#rank) OR #rank < :rank)",
        )
        return _contact_state(written.item) if written.done else None

    def release(self, request: DispositionRequest, fence: int) -> None:
        """Free a contact to which nothing was written."""
        self._table.update(self._contact_key(request), _FREE, {":fence": fence, ":one": 1}, "#fence = :fence")

    def mark_in_doubt(self, request: DispositionRequest, fence: int, until: datetime) -> None:
        """Keep a contact claimed for a request whose write got no answer: CXone may still take it.

        Args:
            request: The request that was written.
            fence: The number of the claim under which it was.
            until: Until then no other request is written: a write whose answer was lost may land late. From
                then on the next claim finds the request in doubt.
        """
        self._table.update(
            self._contact_key(request),
            "SET #claimed_until = :until ADD #fence :one",
            {":fence": fence, ":one": 1, ":until": until.timestamp()},
            "#fence = :fence",
        )

    def apply(
        self,
        request: DispositionRequest,
        fence: int,
        status: DispositionStatus,
        about: Item,
        fact: Event,
        now: datetime,
    ) -> Item | None:
        """Record a request as its contact's newest, end it with its fact, and free the contact.

        All or nothing.

        Args:
            request: What CXone has now.
            fence: The number of the claim under which it was written.
            status: `applied` or `unchanged`.
            about: What is kept of how it ended.
            fact: What is to be published.
            now: When it ended.

        Returns:
            What is to be published of the request's item, None where the claim was lost.
        """
        return self._record(request, fence, (_FREE, {":one": 1}), (status, about, fact), now)

    def confirm_in_doubt(
        self, request: DispositionRequest, fence: int, about: Item, fact: Event, now: datetime
    ) -> Item | None:
        """Do as `apply` does for a request in doubt that CXone turned out to have taken; the claim stays.

        Args:
            request: The request in doubt.
            fence: The number of the claim of the request that found it.
            about: What is kept of how it ended.
            fact: What is to be published.
            now: When it was found.

        Returns:
            What is to be published of the request's item; None where the claim was lost, or it has ended.
        """
        return self._record(request, fence, ("", {}), (DispositionStatus.APPLIED, about, fact), now)

    def _record(
        self,
        request: DispositionRequest,
        fence: int,
        freeing: tuple[str, Item],
        ending: tuple[DispositionStatus, Item, Event],
        now: datetime,
    ) -> Item | None:
        free, more = freeing
        status, about, fact = ending
        contact = self._table.updating(
            self._contact_key(request),
            f"SET #rank = :rank, #content = :content, #suspects = :none {free}",
            {":rank": request.rank, ":content": request.content, ":none": [], ":fence": fence, **more},
            "#fence = :fence",
        )
        key, expression, values, condition = self._ending(request, status, about, [fact], now)
        ended = self._table.updating(key, expression, values, condition)
        # A transaction brings no items back. Facts that were there before are out, or else the sweeper's.
        return {"facts": values[":facts"]} if self._table.transact([contact, ended]) else None

    def end(
        self,
        request: DispositionRequest,
        status: DispositionStatus,
        about: Item,
        facts: Sequence[Event],
        now: datetime,
    ) -> Written:
        """End a request that changes nothing of its contact; one that has ended stays as it did.

        Args:
            request: What ends.
            status: How it ends.
            about: What is kept of how it ended.
            facts: What is to be published.
            now: When it ended.

        Returns:
            Whether it ended now, and its item.
        """
        return self._table.update(*self._ending(request, status, about, facts, now))

    def end_silently(
        self, request: DispositionRequest, status: DispositionStatus, about: Item, now: datetime
    ) -> Written:
        """End a request without a fact, unless it has ended already or waits for its contact."""
        values, expression = self._ended(request, status, about, now)
        values |= {":rejected": DispositionStatus.REJECTED.value}
        otherwise = "#status = :rejected AND #about <> :about"
        condition = f"attribute_not_exists(#status) OR ({otherwise})"
        return self._table.update(self._key_of(request), expression, values, condition)

    def defer(self, request: DispositionRequest, state: str, now: datetime) -> Item:
        """Note that a contact is in the dialer's hands; return the item, with how often and since when.

        `state` is what CXone calls that.
        """
        mark = "#due_kind = :kind, #due_at = if_not_exists(#waits_since, :since)"
        unmarked = "attribute_not_exists(#facts)"
        written = self._defer(request, state, now, mark, {":kind": DUE_WAITING}, unmarked)
        if not written.done and "facts" in written.item:
            # The mark is its facts' until they are out; the outbox then puts this one in its place.
            due = {"kind": DUE_WAITING, "at": written.item.get("waits_since", int(now.timestamp()))}
            written = self._defer(request, state, now, "#next_due = :due", {":due": due}, "")
        return written.item

    def _defer(
        self,
        request: DispositionRequest,
        state: str,
        now: datetime,
        mark: str,
        values: Item,
        condition: str,
    ) -> Written:
        still_open = "(attribute_not_exists(#status) OR #status = :waiting)"
        return self._table.update(
            self._key_of(request),
            "SET #status = :waiting, #state = :state, #deferred_since = if_not_exists(#deferred_since, :now),"
            " #waits_since = if_not_exists(#waits_since, :since), #campaign_id = :campaign,"
            f" #contact_id = :contact, #outcome_code = :code, #ttl = :ttl, {mark} ADD #deferrals :one",
            {
                ":waiting": DispositionStatus.WAITING.value,
                ":state": state[:64],
                ":now": format_time(now),
                ":since": int(now.timestamp()),
                ":campaign": request.campaign_id,
                ":contact": request.contact_id,
                ":code": request.outcome_code,
                ":ttl": int((now + _REMEMBERED).timestamp()),
                ":one": 1,
                **values,
            },
            " AND ".join(filter(None, (still_open, condition))),
        )

    def waiting(self, now: datetime, limit: int) -> Iterator[Item]:
        """Return at most `limit` of the requests that wait for their contacts, the longest wait first."""
        due = self._table.due(DUE_WAITING, int(now.timestamp()), limit)
        # The index follows the items within moments; one that has ended says so itself.
        return (item for item in due if item.get("status") == DispositionStatus.WAITING.value)

    def record_facts(
        self, correlation_id: str, request_id: str, about: str, facts: Sequence[Event], now: datetime
    ) -> Item:
        """Write down facts that a request has by being made, however it ends; return its item.

        Args:
            correlation_id: Of what the request came in.
            request_id: The request.
            about: Whom the facts concern: they are written once for each, so the same request that concerns
                another contact later has facts of its own.
            facts: What is to be published.
            now: When they were noted.
        """
        written = self._table.update(
            self.request_key(correlation_id, request_id),
            f"SET #noted_at = :now, #ttl = :ttl, {SET_FACTS} ADD #noted :abouts",
            {
                ":now": format_time(now),
                ":ttl": int((now + _REMEMBERED).timestamp()),
                ":about": about,
                ":abouts": {about},
                **facts_values(facts, now),
            },
            "NOT contains(#noted, :about)",
        )
        return written.item

    def reopen(self, correlation_id: str, request_id: str) -> None:
        """Forget that a request was rejected: it is asked for again, and its wait begins anew."""
        self._table.update(
            self.request_key(correlation_id, request_id),
            "REMOVE #status, #about, #ended_at, #state, #deferred_since, #waits_since, #deferrals",
            {":rejected": DispositionStatus.REJECTED.value},
            "#status = :rejected",
        )

    def request_key(self, correlation_id: str, request_id: str) -> Key:
        """Return the key of a request's item."""
        return Key(f"{self._tenant}#dispositions#{correlation_id}", request_id)

    def _key_of(self, request: DispositionRequest) -> Key:
        return self.request_key(request.correlation_id, request.request_id)

    def _contact_key(self, request: DispositionRequest) -> Key:
        contact_id = ledger_id(request.contact_id)
        return Key(f"{self._tenant}#disposed#{request.campaign_id}#{contact_id}", "contact")

    def _ending(
        self,
        request: DispositionRequest,
        status: DispositionStatus,
        about: Item,
        facts: Sequence[Event],
        now: datetime,
    ) -> tuple[Key, str, Item, str]:
        """Return the update that ends a request: key, expression, values, condition."""
        values, expression = self._ended(request, status, about, now)
        values |= {":waiting": DispositionStatus.WAITING.value, **facts_values(facts, now)}
        # What waited for its contact has ended: the mark is the facts' alone.
        whole = f"{expression}, {SET_FACTS} REMOVE #next_due"
        return self._key_of(request), whole, values, "attribute_not_exists(#status) OR #status = :waiting"

    def _ended(
        self, request: DispositionRequest, status: DispositionStatus, about: Item, now: datetime
    ) -> tuple[Item, str]:
        """Return the values and the expression that say how a request ended."""
        values = {
            ":ending": status.value,
            ":about": {name: value for name, value in about.items() if value is not None},
            ":campaign": request.campaign_id,
            ":contact": request.contact_id,
            ":code": request.outcome_code,
            ":occurred": format_time(request.occurred_at),
            ":ended": format_time(now),
            ":ttl": int((now + _REMEMBERED).timestamp()),
        }
        expression = (
            "SET #status = :ending, #about = :about, #campaign_id = :campaign, #contact_id = :contact,"
            " #outcome_code = :code, #occurred_at = :occurred, #ended_at = :ended, #ttl = :ttl"
        )
        return values, expression


def _contact_state(item: Item) -> ContactState:
    """Read a contact's item, which is empty for a contact without requests."""
    claim = item.get("claim")
    return ContactState(
        item.get("rank", ""),
        item.get("content", ""),
        _request_of(claim) if claim else None,
        float(item.get("claimed_until", 0.0)),
        int(item.get("fence", 0)),
        tuple(_request_of(stored) for stored in item.get("suspects", [])),
    )


def _stored_request(request: DispositionRequest) -> Item:
    return {**asdict(request), "occurred_at": format_time(request.occurred_at)}


def _request_of(item: Item) -> DispositionRequest:
    return DispositionRequest(**{**item, "occurred_at": parse_time(item["occurred_at"])})
