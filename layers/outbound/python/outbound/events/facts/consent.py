"""Facts about the ledger of consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from outbound.events.facts.base import UNSET, Fact, Unset, fact_class
from outbound.events.types import EventType


@fact_class
class ConsentRecorded(Fact):
    """A register of a contact has a new value. Of grants in a file the fact of the file tells."""

    TYPE: ClassVar = EventType.CONSENT_RECORDED

    contact_id: str
    """The contact's id."""

    register: str
    """`call_consent`, `do_not_call` or `record`."""

    value: str
    """What holds now."""

    previous: str | None
    """What held before; null where nothing did."""

    source: str
    """Who said so."""

    occurred_at: str
    """When that was."""

    request_id: str
    """The event that asked for it, or the file and the number of the row."""

    scope: str | Unset = UNSET
    """The one category of calls that it counts for: `telemarketing`, `informational` or `debt_collection`."""

    kind: str | Unset = UNSET
    """How consent was granted: `bare`, `express` or `written`."""

    seller: str | Unset = UNSET
    """The one seller to whom it was granted."""


@fact_class
class ConsentRejected(Fact):
    """A change of consent cannot be recorded."""

    TYPE: ClassVar = EventType.CONSENT_REJECTED

    contact_id: str
    """The contact's id, empty where the request has none in the form of one."""

    request_id: str
    """The event that asked for it."""

    field: str
    """The field that is wrong."""

    reason: str
    """What is wrong with it."""


@fact_class
class ConsentFileFinished(Fact):
    """A file of consent is recorded, or was refused."""

    TYPE: ClassVar = EventType.CONSENT_FILE_FINISHED

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
    """How many rows forbid calls; all of them are recorded, whatever became of the file."""

    successful: int
    """How many rows are recorded."""

    failed: int
    """How many are not."""

    changes: Mapping[str, int]
    """How many rows are recorded, by change; grants by their kind, like `granted.written`."""

    rejections: Mapping[str, int]
    """How many rows are not, by field and reason."""

    wrong_rows: str | None
    """The key of the list of rows that are not recorded; null where all are."""

    report: str | None
    """The key of the report; null where another file has taken its place."""
