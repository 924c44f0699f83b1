"""What a run came to: every place of the list is in exactly one of the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from outbound.archive.batches import Batch, BatchStatus
from outbound.archive.facts import audit
from outbound.archive.partitioner import ARCHIVABLE, DUPLICATES
from outbound.archive.settings import ArchiveSettings
from outbound.clock import format_time
from outbound.store.archive_run import Run, RunStatus


def summary_of(run: Run, batches: Iterable[Batch], settings: ArchiveSettings) -> dict[str, Any]:
    """Give the figures of a run that ends now.

    collected = archived + failed + skipped + quarantined; `listed` counts duplicates, too.
    """
    progress = run.progress
    counts = Counter(progress.counts)
    archived, failed = _sent(batches)
    failed["not_sent"] = counts[ARCHIVABLE] - archived - failed.total()
    failed["not_sorted"] = progress.collected.offset - counts.total()
    collected = progress.collected.offset - counts[DUPLICATES]
    # What left by another way is none that is left to be archived.
    status = _status(run, failed.total() - failed["gone"])
    return {
        "status": status.value,
        "reason": progress.reason or None,
        "message": progress.message or None,
        "planned_at": format_time(run.planned_at),
        "listed": progress.collected.offset,
        "duplicates": counts[DUPLICATES],
        "collected": collected,
        "archived": archived,
        "failed": failed.total(),
        "skipped": sum(by_reason(counts, "skipped").values()),
        "quarantined": sum(by_reason(counts, "quarantined").values()),
        "failed_by_reason": {reason: n for reason, n in sorted(failed.items()) if n},
        "skipped_by_reason": by_reason(counts, "skipped"),
        "quarantined_by_reason": by_reason(counts, "quarantined"),
        "batches": progress.batches,
        "rounds": progress.round + 1,
        "pauses": progress.pauses,
        "executions": run.attempt,
        "list_changed": progress.collected.unstable,
        "list_truncated": progress.collected.truncated,
        "audit": audit(archived + failed.total(), archived, settings.force_cold_storage),
    }


def by_reason(counts: Mapping[str, int], kind: str) -> dict[str, int]:
    """Give the counts of a kind by their reasons."""
    prefix = f"{kind}."
    return {name[len(prefix) :]: n for name, n in sorted(counts.items()) if name.startswith(prefix)}


def _sent(batches: Iterable[Batch]) -> tuple[int, Counter[str]]:
    """Count what left and, by reason, what was sent and did not, or of which nobody knows."""
    archived, failed = 0, Counter[str]()
    for batch in batches:
        if batch.sent_round < 0:
            continue
        settled = batch.status is BatchStatus.SETTLED
        result = batch.result if settled else batch.by_answers(())
        archived += result.archived
        failed += Counter(refused=len(result.left), gone=result.gone, unknown=result.unknown)
    return archived, failed


def _status(run: Run, failed: int) -> RunStatus:
    if run.progress.ending:
        return RunStatus(run.progress.ending)
    if not run.progress.counts.get(ARCHIVABLE):
        return RunStatus.EMPTY
    return RunStatus.INCOMPLETE if failed else RunStatus.COMPLETE
