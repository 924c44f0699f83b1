"""What is said on the bus about a disposition, and what the ledger keeps of how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outbound.clock import format_time
from outbound.cxone.ports.dispositions import Contact
from outbound.dispositions.ledger import Asked, Status
from outbound.dispositions.requests import Rejected
from outbound.events import Event, EventType, do_not_call_of, new_event

_TYPES = {
    Status.APPLIED: EventType.DISPOSITION_APPLIED,
    Status.UNCHANGED: EventType.DISPOSITION_UNCHANGED,
    Status.SUPERSEDED: EventType.DISPOSITION_SUPERSEDED,
    Status.REJECTED: EventType.DISPOSITION_REJECTED,
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a request ended: its status, what the ledger keeps of it, and its fact."""

    status: Status
    about: dict[str, Any]
    fact: Event


class Facts:
    """Makes the facts of one tenant."""

    def __init__(self, tenant: str) -> None:
        """Speak for this tenant."""
        self._tenant = tenant

    def standing(
        self, asked: Asked, status: Status, contact: Contact, latency: float | None, now: datetime
    ) -> Ending:
        """A disposition stands: applied or unchanged. `latency` is what the write took, in seconds."""
        before = contact.outcome_code if contact.disposed_at != asked.occurred_at else None
        data = {
            **_who(asked),
            "agent_id": asked.agent_id,
            "status": "SUCCESS",
            "timestamp": format_time(now),
            "outcome_before": before,
            "last_attempt_at": format_time(contact.last_attempt_at) if contact.last_attempt_at else None,
            "latency_ms": round(latency * 1000, 2) if latency is not None else None,
        }
        about = {name: data[name] for name in ("outcome_before", "latency_ms", "agent_id")}
        return Ending(status, about, self._fact(status, asked, data, now))

    def superseded(self, asked: Asked, now: datetime, message: str = "") -> Ending:
        """A newer disposition of the contact stands; `message` says where, unless it is one of ours."""
        about = {"message": message} if message else {}
        return Ending(Status.SUPERSEDED, about, self._fact(Status.SUPERSEDED, asked, _who(asked), now))

    def rejected(self, asked: Asked, why: Rejected, now: datetime) -> Ending:
        """A disposition cannot be applied."""
        about = {"reason": why.reason, "field": why.field, "message": why.message}
        data = {**_who(asked), **about}
        # Asked for again it may be rejected for something else, which is another fact.
        fact = self._fact(Status.REJECTED, asked, data, now, (why.reason, why.field))
        return Ending(Status.REJECTED, about, fact)

    def do_not_call(
        self, correlation_id: str, request_id: str, contact_id: str, occurred_at: datetime
    ) -> Event:
        """A disposition says that somebody is not to be called any more."""
        return do_not_call_of(request_id, contact_id, occurred_at, self._tenant, correlation_id)

    def _fact(
        self, status: Status, asked: Asked, data: Mapping[str, Any], now: datetime, more: tuple[str, ...] = ()
    ) -> Event:
        effect = (asked.request_id, *more)
        return new_event(_TYPES[status], self._tenant, now, effect, data, asked.correlation_id)


def _who(asked: Asked) -> dict[str, Any]:
    return {
        "request_id": asked.request_id,
        "campaign_id": asked.campaign_id,
        "contact_id": asked.contact_id,
        "outcome_code": asked.outcome_code,
        "occurred_at": format_time(asked.occurred_at),
    }
