"""What is published about a disposition, and what the ledger keeps of how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outbound.clock import format_time
from outbound.cxone.ports.dispositions import Contact
from outbound.dispositions.ledger import DispositionRequest, DispositionStatus
from outbound.dispositions.requests import Rejected
from outbound.events import Event, do_not_call_of, new_event
from outbound.events.facts.base import Fact
from outbound.events.facts.dispositions import (
    DispositionApplied,
    DispositionRejected,
    DispositionSuperseded,
    DispositionUnchanged,
)

_FACTS: Mapping[DispositionStatus, type[Fact]] = {
    DispositionStatus.APPLIED: DispositionApplied,
    DispositionStatus.UNCHANGED: DispositionUnchanged,
    DispositionStatus.SUPERSEDED: DispositionSuperseded,
    DispositionStatus.REJECTED: DispositionRejected,
}


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a request ended: its status, what the ledger keeps of it, and its fact."""

    status: DispositionStatus
    about: dict[str, Any]
    fact: Event


class DispositionFacts:
    """Makes the facts of one tenant."""

    def __init__(self, tenant: str) -> None:
        """Make them for this tenant."""
        self._tenant = tenant

    def succeeded(
        self,
        request: DispositionRequest,
        status: DispositionStatus,
        contact: Contact,
        latency: float | None,
        now: datetime,
    ) -> Resolution:
        """Return how a request ended that CXone has now.

        Args:
            request: What CXone has.
            status: `applied` or `unchanged`.
            contact: The contact as it was read before.
            latency: How long the write took, in seconds; None where nothing was written.
            now: When it ended.
        """
        before = contact.outcome_code if contact.disposed_at != request.occurred_at else None
        data = {
            **_who(request),
            "agent_id": request.agent_id,
            "status": "SUCCESS",
            "timestamp": format_time(now),
            "outcome_before": before,
            "last_attempt_at": format_time(contact.last_attempt_at) if contact.last_attempt_at else None,
            "latency_ms": round(latency * 1000, 2) if latency is not None else None,
        }
        about = {name: data[name] for name in ("outcome_before", "latency_ms", "agent_id")}
        return Resolution(status, about, self._fact(status, request, data, now))

    def superseded(self, request: DispositionRequest, now: datetime, message: str = "") -> Resolution:
        """Return how a request ended behind a newer one; `message` says where that is, unless it is ours."""
        about = {"message": message} if message else {}
        return Resolution(
            DispositionStatus.SUPERSEDED,
            about,
            self._fact(DispositionStatus.SUPERSEDED, request, _who(request), now),
        )

    def rejected(self, request: DispositionRequest, why: Rejected, now: datetime) -> Resolution:
        """Return how a request ended that cannot be applied."""
        about = {"reason": why.reason, "field": why.field, "message": why.message}
        data = {**_who(request), **about}
        # Requested again it may be rejected for something else, which is another fact.
        fact = self._fact(DispositionStatus.REJECTED, request, data, now, (why.reason, why.field))
        return Resolution(DispositionStatus.REJECTED, about, fact)

    def do_not_call(
        self, correlation_id: str, request_id: str, contact_id: str, occurred_at: datetime
    ) -> Event:
        """Return the request to record that a contact must not be called any more.

        Args:
            correlation_id: Of what the request came in: a file, a delivery of a webhook.
            request_id: The request that says so.
            contact_id: Who must not be called.
            occurred_at: Since when.
        """
        return do_not_call_of(request_id, contact_id, occurred_at, self._tenant, correlation_id)

    def _fact(
        self,
        status: DispositionStatus,
        request: DispositionRequest,
        data: Mapping[str, Any],
        now: datetime,
        more: tuple[str, ...] = (),
    ) -> Event:
        effect = (request.request_id, *more)
        return new_event(_FACTS[status](**data), self._tenant, now, effect, request.correlation_id)


def _who(request: DispositionRequest) -> dict[str, Any]:
    return {
        "request_id": request.request_id,
        "campaign_id": request.campaign_id,
        "contact_id": request.contact_id,
        "outcome_code": request.outcome_code,
        "occurred_at": format_time(request.occurred_at),
    }
