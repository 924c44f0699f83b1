"""Facts about dispositions and files of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from outbound.events.facts.base import Fact, fact_class
from outbound.events.types import EventType


@fact_class
class _Disposition(Fact):
    request_id: str
    """The event that asked for it."""

    campaign_id: str
    """The campaign's id in CXone."""

    contact_id: str
    """The contact's id."""

    outcome_code: str
    """The code of the disposition."""

    occurred_at: str
    """When it was decided."""


@fact_class
class DispositionSuperseded(_Disposition):
    """A newer disposition of the contact stands already."""

    TYPE: ClassVar = EventType.DISPOSITION_SUPERSEDED


@fact_class
class DispositionRejected(_Disposition):
    """A disposition cannot be applied. What is not in the form of an id or a code is empty here."""

    TYPE: ClassVar = EventType.DISPOSITION_REJECTED

    reason: str
    """`invalid_request`, `contact_not_found`, `contact_busy`, `too_old` or `cancelled`."""

    field: str
    """The field that is wrong, empty where it is none."""

    message: str
    """What is wrong with it."""


@fact_class
class DispositionApplied(_Disposition):
    """CXone has a disposition."""

    TYPE: ClassVar = EventType.DISPOSITION_APPLIED

    agent_id: str
    """The agent who decided it, or the default one."""

    status: str = "SUCCESS"
    """Always `SUCCESS`."""

    timestamp: str
    """When it was found to be there."""

    outcome_before: str | None
    """The contact's code before; null where it had none, or is not known any more."""

    last_attempt_at: str | None
    """When the contact was called last."""

    latency_ms: float | None
    """What the write took; null where its answer was lost or nothing was written."""


@fact_class
class DispositionUnchanged(DispositionApplied):
    """A disposition says what was applied last: nothing was written."""

    TYPE: ClassVar = EventType.DISPOSITION_UNCHANGED


@fact_class
class DispositionFileFinished(Fact):
    """A file of dispositions has its result, or was refused."""

    TYPE: ClassVar = EventType.DISPOSITION_FILE_FINISHED

    file_id: str
    """The id of the file in this version."""

    file: str
    """Its key in the bucket."""

    bucket: str
    """The bucket."""

    size: int
    """In bytes."""

    uploaded_at: str
    """When it was uploaded."""

    status: str
    """`finished` or `refused`."""

    reason: str | None
    """Why it was refused, as a short name."""

    message: str | None
    """Why it was refused, and what to do."""

    rows: int
    """How many rows it has, as far as it was read."""

    refusals: int
    """How many rows say that a contact must not be called."""

    processed: int
    """How many rows have ended."""

    successful: int
    """Applied or unchanged."""

    failed: int
    """Rejected."""

    accuracy_rate_percent: float | None
    """Applied ones of those that were applied or rejected; null where there are none."""

    average_latency_ms: float | None
    """Of the writes to CXone."""

    p95_latency_ms: float | None
    """Of the writes to CXone."""

    outcomes: Mapping[str, int]
    """How many rows ended in which way."""

    rejections: Mapping[str, int]
    """How many rows were rejected, by reason."""

    result: str | None
    """The key of the file with each row's end; null where it was refused."""

    report: str | None
    """The key of the report; null where another file has taken its place."""
