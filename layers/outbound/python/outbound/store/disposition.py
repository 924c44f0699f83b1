"""A disposition as the ledger knows it: who asks for what, how far it has come, what stands meanwhile."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum

from outbound.clock import format_time, parse_time
from outbound.store.table import Item


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
