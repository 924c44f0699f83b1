"""The facts that are published about archiving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from outbound.archive.batches import Batch, BatchResult
from outbound.archive.runs import ArchiveRun
from outbound.clock import format_time
from outbound.events import Event, new_event
from outbound.events.facts.archive import (
    ArchivedCopy,
    ArchiveFinished,
    ArchiveInterrupted,
    ArchiveRejected,
    AttemptsArchived,
)


class ArchiveFacts:
    """Makes the facts of one tenant."""

    def __init__(self, tenant: str) -> None:
        """Make facts of this tenant."""
        self._tenant = tenant

    def archived(
        self,
        run: ArchiveRun,
        batch: Batch,
        result: BatchResult,
        job_ids: Sequence[str],
        cold: bool,
        now: datetime,
    ) -> Event:
        """Return the fact that a batch is settled.

        So many of its attempts are archived, and so many are not, or it is not known.

        Args:
            run: The run that the batch is of.
            batch: The batch.
            result: What became of its attempts.
            job_ids: CXone's ids of all the orders that the batch was in.
            cold: Whether CXone was asked to move them to its own cold storage at once.
            now: When it was settled.
        """
        reasons = {"refused": len(result.left), "gone": result.gone, "unknown": result.unknown}
        fact = AttemptsArchived(
            campaign_id=run.campaign_id,
            run_id=run.run_id,
            batch=batch.number,
            archived_count=result.archived,
            failed_count=result.failed,
            failed_by_reason={reason: count for reason, count in reasons.items() if count},
            migration_job_id=job_ids[-1] if job_ids else None,
            migration_job_ids=job_ids,
            timestamp=format_time(now),
            copy=ArchivedCopy(key=batch.key, sha256=batch.sha256, retention_days=batch.retention_days),
            audit=audit(batch.size, result.archived, cold),
        )
        effect = [run.run_id, str(batch.number)]
        return new_event(fact, self._tenant, now, effect, run.correlation_id)

    def finished(self, run: ArchiveRun, summary: Mapping[str, Any], now: datetime) -> Event:
        """A run has ended."""
        fact = ArchiveFinished(campaign_id=run.campaign_id, run_id=run.run_id, **summary)
        return new_event(fact, self._tenant, now, [run.run_id], run.correlation_id)

    def interrupted(self, run: ArchiveRun, status: str, now: datetime) -> Event:
        """A run's execution ended before it did."""
        fact = ArchiveInterrupted(
            campaign_id=run.campaign_id, run_id=run.run_id, attempt=run.attempt, status=status
        )
        effect = [run.run_id, str(run.attempt)]
        return new_event(fact, self._tenant, now, effect, run.correlation_id)

    def refused(self, event: Event, field: str, message: str, campaign_id: str, now: datetime) -> Event:
        """A request to archive cannot be fulfilled; `field` is what is wrong with it."""
        fact = ArchiveRejected(
            campaign_id=campaign_id,
            request_id=event.event_id,
            reason="invalid_request",
            field=field,
            message=message,
        )
        return new_event(fact, self._tenant, now, [event.event_id], event.correlation_id)

    def not_started(self, event: Event, run: ArchiveRun, now: datetime) -> Event:
        """A request came while another run of the campaign, this one, is under way."""
        fact = ArchiveRejected(
            campaign_id=run.campaign_id,
            request_id=event.event_id,
            reason="already_running",
            field=None,
            message=f"the run {run.run_id} has the campaign",
            run_id=run.run_id,
        )
        return new_event(fact, self._tenant, now, [event.event_id], event.correlation_id)


def audit(size: int, archived: int, cold: bool) -> dict[str, Any]:
    """Return what an auditor asks of a batch.

    Args:
        size: How many attempts were to be archived.
        archived: How many of them are.
        cold: Whether CXone was asked to move them to its own cold storage at once.
    """
    status = "VERIFIED" if archived == size else "INCOMPLETE"
    return {
        "batch_size": size,
        "success_rate_percent": round(100 * archived / size, 2) if size else None,
        "cold_storage_triggered": cold,
        # What is not anonymised never gets into a batch.
        "anonymization_verified": True if size else None,
        "compliance_status": status if size else "NOTHING_TO_VERIFY",
    }
