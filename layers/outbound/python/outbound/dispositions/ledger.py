"""The ledger of dispositions: what stands for a contact, and how every request ended.

Two kinds of item. A contact's says what was applied last and who is applying now; its conditions decide
which of two requests may write, two functions at once included:

    free -- claim --> claimed -- apply --> free, with what was applied
              ^          |------ release -> free
              |          |------ doubt ---> claimed until the write has settled: CXone may have taken it
              +-- expired (the function was cut off, or its write has settled; it becomes a suspect)

A request's item says how it ended, with its facts; it lies in the partition of its correlation id, so that
all of one file or one delivery are read together. Of what a disposition says about a person only a hash is
kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from outbound.clock import format_time, parse_time
from outbound.contact_ids import ledger_id
from outbound.dispositions.files.ledger import file_key
from outbound.events import Event
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table, Written

# Longer than anything can be replayed: requests older than `max_age_days` of the settings are refused, and
# those are a year at most.
_REMEMBERED = timedelta(days=400)

# Requests that wait for their contacts stand in the due index under this kind, by the time since when.
DUE_WAITING = "disposition_waiting"

# Whoever read the contact before it was freed has to read it again.
_FREE = "REMOVE #claim, #claimed_until ADD #fence :one"


class Status(StrEnum):
    """How far a request has come."""

    WAITING = "waiting"
    """The contact is in the dialer's hands; the message comes back."""

    APPLIED = "applied"
    """CXone has it."""

    UNCHANGED = "unchanged"
    """It says what was applied last; nothing was written."""

    SUPERSEDED = "superseded"
    """A newer one stands."""

    REJECTED = "rejected"
    """It cannot be applied; the item says why."""


ENDED = frozenset(Status) - {Status.WAITING}

FINAL = ENDED - {Status.REJECTED}
"""Ends that had an effect, or that nothing can change; what was rejected may be asked for again."""


@dataclass(frozen=True, slots=True)
class Asked:
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

    @property
    def rank(self) -> str:
        """Its place in the order of a contact's dispositions, as a text that sorts.

        By time; of two at the same moment the one that forbids to call; of two that are alike by id. The mark
        sorts behind every id, so ranks that were stored without one keep their order.
        """
        mark = "~" if self.forbids else ""
        return f"{self.occurred_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}#{mark}{self.request_id}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger says of a contact. `suspects` are requests that CXone may have taken or not."""

    rank: str = ""
    content: str = ""
    claim: Asked | None = None
    claimed_until: float = 0.0
    fence: int = 0
    suspects: tuple[Asked, ...] = ()


def stored_request(asked: Asked) -> Item:
    """Give a request as a contact's item holds it."""
    return {**asdict(asked), "occurred_at": format_time(asked.occurred_at)}


def _request_of(item: Item) -> Asked:
    return Asked(**{**item, "occurred_at": parse_time(item["occurred_at"])})


def standing_of(item: Item) -> Standing:
    """Read a contact's item; of a contact that nobody asked about the item is empty."""
    claim = item.get("claim")
    return Standing(
        item.get("rank", ""),
        item.get("content", ""),
        _request_of(claim) if claim else None,
        float(item.get("claimed_until", 0.0)),
        int(item.get("fence", 0)),
        tuple(_request_of(one) for one in item.get("suspects", [])),
    )


class DispositionLedger:
    """Reads and writes the ledger of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep it in the state table."""
        self._table = table
        self._tenant = tenant

    def read(self, asked: Asked) -> tuple[Item, Standing, bool]:
        """Return a request's item, what stands for its contact, and whether its file was cancelled.

        The item is empty for a new request; all in one call.
        """
        request, contact = self.request_key(asked.correlation_id, asked.request_id), self._contact_key(asked)
        file = file_key(self._tenant, asked.correlation_id)
        found = self._table.get_many([request, contact, file])
        cancelled = bool(found.get(file, {}).get("cancelled_at"))
        return found.get(request, {}), standing_of(found.get(contact, {})), cancelled

    def request(self, correlation_id: str, request_id: str) -> Item:
        """Give a request's item, empty for a new one."""
        return self._table.get(self.request_key(correlation_id, request_id)) or {}

    def of(self, correlation_id: str, after: str = "") -> Iterator[Item]:
        """Give all requests of a correlation id in the order of their ids, those behind `after`."""
        return self._table.query(self.request_key(correlation_id, "").pk, after=after)

    def claim(self, asked: Asked, standing: Standing, now: datetime, until: datetime) -> Standing | None:
        """Take a contact for a request until a moment, if it still stands as it was read and is free.

        Gives the contact with the claim; a claim that had expired is among its suspects. None where
        somebody was faster, or something newer stands.
        """
        suspects = [*standing.suspects, *([standing.claim] if standing.claim else [])]
        written = self._table.update(
            self._contact_key(asked),
            "SET #claim = :claim, #claimed_until = :until, #suspects = :suspects, #ttl = :ttl"
            " ADD #fence :one",
            {
                ":claim": stored_request(asked),
                ":until": until.timestamp(),
                ":now": now.timestamp(),
                ":rank": asked.rank,
                ":one": 1,
                ":fence": standing.fence,
                ":suspects": [stored_request(one) for one in dict.fromkeys(suspects)],
                ":ttl": int((now + _REMEMBERED).timestamp()),
            },
            "(attribute_not_exists(#fence) OR #fence = :fence)"
            " AND (attribute_not_exists(#claim) OR #claimed_until <= :now)"
            " AND (attribute_not_exists(#rank) OR #rank < :rank)",
        )
        return standing_of(written.item) if written.done else None

    def release(self, asked: Asked, fence: int) -> None:
        """Give a contact back to which nothing was written."""
        self._table.update(self._contact_key(asked), _FREE, {":fence": fence, ":one": 1}, "#fence = :fence")

    def doubt(self, asked: Asked, fence: int, until: datetime) -> None:
        """Keep a contact claimed of which nobody knows whether CXone took, or still takes, the disposition.

        Until the moment given nobody writes to it: a write whose answer was lost may land late. Whoever comes
        then finds the request among the suspects.
        """
        self._table.update(
            self._contact_key(asked),
            "SET #claimed_until = :until ADD #fence :one",
            {":fence": fence, ":one": 1, ":until": until.timestamp()},
            "#fence = :fence",
        )

    def apply(
        self, asked: Asked, fence: int, ending: Status, about: Item, fact: Event, now: datetime
    ) -> Item | None:
        """Let a disposition stand for its contact, end its request with its fact, and free the contact.

        All or nothing. Gives what is to be published of the request's item, None where the claim was lost.
        """
        return self._stand(asked, fence, (_FREE, {":one": 1}), (ending, about, fact), now)

    def find(self, suspect: Asked, fence: int, about: Item, fact: Event, now: datetime) -> Item | None:
        """Let a suspect stand that CXone turned out to have taken, while another has the contact claimed."""
        return self._stand(suspect, fence, ("", {}), (Status.APPLIED, about, fact), now)

    def _stand(
        self,
        asked: Asked,
        fence: int,
        freeing: tuple[str, Item],
        ending: tuple[Status, Item, Event],
        now: datetime,
    ) -> Item | None:
        free, more = freeing
        status, about, fact = ending
        contact = self._table.updating(
            self._contact_key(asked),
            f"SET #rank = :rank, #content = :content, #suspects = :none {free}",
            {":rank": asked.rank, ":content": asked.content, ":none": [], ":fence": fence, **more},
            "#fence = :fence",
        )
        key, expression, values, condition = self._ending(asked, status, about, [fact], now)
        request = self._table.updating(key, expression, values, condition)
        # A transaction brings no items back. Facts that were there before are out, or else the sweeper's.
        return {"facts": values[":facts"]} if self._table.transact([contact, request]) else None

    def end(
        self, asked: Asked, ending: Status, about: Item, facts: Sequence[Event], now: datetime
    ) -> Written:
        """End a request that changes nothing of its contact; one that has ended stays as it did."""
        return self._table.update(*self._ending(asked, ending, about, facts, now))

    def defer(self, asked: Asked, state: str, now: datetime) -> Item:
        """Note that a contact is in the dialer's hands; give the item, with how often and since when."""
        mark = "#due_kind = :kind, #due_at = if_not_exists(#waits_since, :since)"
        written = self._defer(asked, state, now, mark, {":kind": DUE_WAITING}, "attribute_not_exists(#facts)")
        if not written.done and "facts" in written.item:
            # The mark is its facts' until they are out; the outbox then puts this one in its place.
            due = {"kind": DUE_WAITING, "at": written.item.get("waits_since", int(now.timestamp()))}
            written = self._defer(asked, state, now, "#next_due = :due", {":due": due}, "")
        return written.item

    def _defer(
        self, asked: Asked, state: str, now: datetime, mark: str, values: Item, condition: str
    ) -> Written:
        still_open = "(attribute_not_exists(#status) OR #status = :waiting)"
        return self._table.update(
            self.request_key(asked.correlation_id, asked.request_id),
            "SET #status = :waiting, #state = :state, #deferred_since = if_not_exists(#deferred_since, :now),"
            " #waits_since = if_not_exists(#waits_since, :since), #campaign_id = :campaign,"
            f" #contact_id = :contact, #outcome_code = :code, #ttl = :ttl, {mark} ADD #deferrals :one",
            {
                ":waiting": Status.WAITING.value,
                ":state": state[:64],
                ":now": format_time(now),
                ":since": int(now.timestamp()),
                ":campaign": asked.campaign_id,
                ":contact": asked.contact_id,
                ":code": asked.outcome_code,
                ":ttl": int((now + _REMEMBERED).timestamp()),
                ":one": 1,
                **values,
            },
            " AND ".join(filter(None, (still_open, condition))),
        )

    def waiting(self, now: datetime, limit: int) -> Iterator[Item]:
        """Give at most so many of the requests that wait for their contacts, the longest wait first."""
        found = self._table.due(DUE_WAITING, int(now.timestamp()), limit)
        # The index follows the items within moments; one that has ended says so itself.
        return (item for item in found if item.get("status") == Status.WAITING.value)

    def end_unsaid(self, asked: Asked, ending: Status, about: Item, now: datetime) -> Written:
        """End a request of which no fact is to be said, unless it ended already or waits for its contact."""
        values, expression = self._ended(asked, ending, about, now)
        key = self.request_key(asked.correlation_id, asked.request_id)
        values |= {":rejected": Status.REJECTED.value}
        otherwise = "#status = :rejected AND #about <> :about"
        condition = f"attribute_not_exists(#status) OR ({otherwise})"
        return self._table.update(key, expression, values, condition)

    def take_note(
        self, correlation_id: str, request_id: str, about: str, facts: Sequence[Event], now: datetime
    ) -> Item:
        """Write down facts that a request has by being made; return its item.

        Once for what they are about: the same request that says something else later has facts of its own.
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
            {":rejected": Status.REJECTED.value},
            "#status = :rejected",
        )

    def request_key(self, correlation_id: str, request_id: str) -> Key:
        """The key of a request."""
        return Key(f"{self._tenant}#dispositions#{correlation_id}", request_id)

    def _contact_key(self, asked: Asked) -> Key:
        contact_id = ledger_id(asked.contact_id)
        return Key(f"{self._tenant}#disposed#{asked.campaign_id}#{contact_id}", "contact")

    def _ending(
        self, asked: Asked, ending: Status, about: Item, facts: Sequence[Event], now: datetime
    ) -> tuple[Key, str, Item, str]:
        """Make the update that ends a request."""
        values, expression = self._ended(asked, ending, about, now)
        values |= {":waiting": Status.WAITING.value, **facts_values(facts, now)}
        key = self.request_key(asked.correlation_id, asked.request_id)
        # What waited for its contact has ended: the mark is the facts' alone.
        whole = f"{expression}, {SET_FACTS} REMOVE #next_due"
        return key, whole, values, "attribute_not_exists(#status) OR #status = :waiting"

    def _ended(self, asked: Asked, ending: Status, about: Item, now: datetime) -> tuple[Item, str]:
        """Give the values and the expression that say how a request ended."""
        values = {
            ":ending": ending.value,
            ":about": {name: value for name, value in about.items() if value is not None},
            ":campaign": asked.campaign_id,
            ":contact": asked.contact_id,
            ":code": asked.outcome_code,
            ":occurred": format_time(asked.occurred_at),
            ":ended": format_time(now),
            ":ttl": int((now + _REMEMBERED).timestamp()),
        }
        expression = (
            "SET #status = :ending, #about = :about, #campaign_id = :campaign, #contact_id = :contact,"
            " #outcome_code = :code, #occurred_at = :occurred, #ended_at = :ended, #ttl = :ttl"
        )
        return values, expression
