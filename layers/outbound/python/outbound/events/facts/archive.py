"""Facts about the archive of finished attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from outbound.events.facts.base import UNSET, Fact, Part, Unset, fact_class
from outbound.events.types import EventType


@fact_class
class ArchiveRejected(Fact):
    """A request to archive cannot be."""

    TYPE: ClassVar = EventType.ARCHIVE_REJECTED

    campaign_id: str
    """The campaign, as the request names it."""

    request_id: str
    """The event that asked."""

    reason: str
    """`invalid_request` or `already_running`."""

    field: str | None
    """The field that is wrong, where it is one."""

    message: str
    """What is wrong."""

    run_id: str | Unset = UNSET
    """The run that has the campaign, where one is running."""


@fact_class
class ArchiveInterrupted(Fact):
    """A run's execution ended before the run did; the next start resumes it."""

    TYPE: ClassVar = EventType.ARCHIVE_INTERRUPTED

    campaign_id: str
    """The campaign's id in CXone."""

    run_id: str
    """The run."""

    attempt: int
    """Which execution of the run it was, counted from 1."""

    status: str
    """How the execution ended: `FAILED`, `TIMED_OUT` or `ABORTED`."""


@fact_class
class ArchiveFinished(Fact):
    """A run has ended. Every attempt of the list is in exactly one of the sums."""

    TYPE: ClassVar = EventType.ARCHIVE_FINISHED

    campaign_id: str
    """The campaign's id in CXone."""

    run_id: str
    """The run."""

    status: str
    """`complete`, `empty`, `incomplete`, `stopped` or `failed`."""

    reason: str | None
    """Why it failed or was stopped, as a short name."""

    message: str | None
    """Why it failed or was stopped."""

    planned_at: str
    """When the run was planned."""

    listed: int
    """How many places CXone's list had, duplicates included."""

    duplicates: int
    """How many attempts were listed twice."""

    collected: int
    """archived + failed + skipped + quarantined."""

    archived: int
    """How many CXone archived."""

    failed: int
    """How many should have been archived and are not known to be."""

    skipped: int
    """How many are not to be archived."""

    quarantined: int
    """How many are not as they should be, and were left."""

    failed_by_reason: Mapping[str, int]
    """The failed ones by reason."""

    skipped_by_reason: Mapping[str, int]
    """The skipped ones by reason."""

    quarantined_by_reason: Mapping[str, int]
    """The quarantined ones by reason."""

    batches: int
    """How many batches were made."""

    rounds: int
    """How often what was left was sent again, counted from 1."""

    pauses: int
    """How often the campaign was paused for it."""

    executions: int
    """How many executions the run took."""

    list_changed: bool
    """Whether the list changed with every reading, so that some may have been missed."""

    list_truncated: bool
    """Whether the list is longer than a run may be."""

    audit: Mapping[str, Any]
    """What an auditor asks: size, success rate, cold storage, anonymisation, compliance."""

    finished_at: str
    """When the run ended."""

    report: str
    """The key of the report in the lake."""


@fact_class
class ArchivedCopy(Part):
    """The copy of a batch in cold storage."""

    key: str
    """Its key in the bucket."""

    sha256: str
    """The hash of the object."""

    retention_days: int
    """How long it is kept."""


@fact_class
class AttemptsArchived(Fact):
    """A batch of attempts has ended."""

    TYPE: ClassVar = EventType.ATTEMPTS_ARCHIVED

    campaign_id: str
    """The campaign's id in CXone."""

    run_id: str
    """The run."""

    batch: int
    """The number of the batch in its run."""

    archived_count: int
    """How many CXone archived."""

    failed_count: int
    """How many are not known to be archived."""

    failed_by_reason: Mapping[str, int]
    """Those by reason: `refused`, `gone`, `unknown`."""

    migration_job_id: str | None
    """CXone's last job for the batch."""

    migration_job_ids: Sequence[str]
    """All of CXone's jobs for the batch."""

    timestamp: str
    """When the batch ended."""

    copy: ArchivedCopy
    """Where its attempts lie."""

    audit: Mapping[str, Any]
    """What an auditor asks: as of an `archive.finished`."""
