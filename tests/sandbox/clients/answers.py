"""What the control calls of a sandbox answer with, typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """How a quota was used; `highest` is the most that one window of it let through."""

    limit: int | None
    seconds: float | None
    admitted: int
    refused: int
    highest: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Requests by call, such as "GET /api/v2/outbound/calls", and status, and what else is counted."""

    requests: Mapping[str, Mapping[str, int]]
    most_at_once: int
    most_at_once_by_call: Mapping[str, int]
    quotas: Mapping[str, QuotaUse]
    token_requests: int
    tokens_issued: int

    def count(self, call: str, status: int | str | None = None) -> int:
        """Return how often `call` was answered, with `status` ("cut" for none) or at all."""
        answers = self.requests.get(call, {})
        return sum(answers.values()) if status is None else answers.get(str(status), 0)

    def at_once(self, call: str) -> int:
        """Return how many requests of `call` were under way together at most."""
        return self.most_at_once_by_call.get(call, 0)


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A request as the server saw it; `status` is "cut" where a fault closed the connection."""

    method: str
    path: str
    query: str
    status: int | str
    arrived: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery to a receiver. `body` is text; a body that is not text is in `body_base64`."""

    webhook_id: str
    method: str
    path: str
    headers: Mapping[str, str]
    verified: bool
    with_authorization: bool
    arrived: float
    body: str | None = None
    body_base64: str | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook registered at the tenant; `sent` counts every try, the rest counts events."""

    id: str
    surface: str
    name: str
    url: str
    events: Sequence[str]
    enabled: bool
    sent: int
    acknowledged: int
    failed: int
    pending: int
    answers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Emitted:
    """Events that the tenant was made to send: their ids, and to how many webhooks each went in all."""

    ids: Sequence[str]
    deliveries: int


@dataclass(frozen=True, slots=True)
class Received:
    """What a receiver got: totals and counts of all, the latest deliveries whole."""

    ids: int
    verified: int
    refused: int
    with_authorization: int
    counts: Mapping[str, int]
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class Write:
    """A write to a contact that was accepted, whether its answer arrived or not."""

    arrived: float
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as it is now, with every write that was accepted, earliest first."""

    id: str
    campaign_id: str
    state: str
    outcome_code: str | None
    agent_id: str | None
    notes: str | None
    custom_fields: Mapping[str, Any] | None
    disposition_timestamp: str | None
    last_attempt_at: str | None
    suppressed: bool
    writes: Sequence[Write]


@dataclass(frozen=True, slots=True)
class StatusAsked:
    """A status that a campaign was asked to take `by` "api" or "control"."""

    asked: float
    status: str
    by: str


@dataclass(frozen=True, slots=True)
class StatusNow:
    """A campaign's status, "ACTIVE", "PAUSING" or "PAUSED", and what was asked, earliest first."""

    status: str
    changes: Sequence[StatusAsked]


@dataclass(frozen=True, slots=True)
class AttemptsNow:
    """The attempts in the list, in its order, and those archived with how often they were named.

    A count above 1 is an attempt that was sent again after it was archived.
    """

    left: Sequence[str]
    archived: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AttemptsChanged:
    """The attempts that came to the list and those that left it without being archived."""

    appeared: Sequence[str]
    vanished: Sequence[str]


@dataclass(frozen=True, slots=True)
class Archiving:
    """A request to archive that was acted on, and the attempts that it archived and failed to."""

    arrived: float
    job_id: str
    body: Mapping[str, Any]
    archived: Sequence[str]
    failed: Sequence[str]
