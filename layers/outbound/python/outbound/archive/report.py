"""The end of a run: its figures, its report, its fact; then the campaign is free for the next run.

Every place of the list is in exactly one of the sums: collected = archived + failed + skipped + quarantined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from outbound.archive.batches import Batch, Batches, BatchStatus
from outbound.archive.facts import ArchiveFacts, audit
from outbound.archive.keys import report_key
from outbound.archive.metrics import ArchiveMetric
from outbound.archive.partitioner import ARCHIVABLE, DUPLICATES, ExclusionReason
from outbound.archive.runs import ArchiveRun, ArchiveRuns, RunStatus
from outbound.archive.settings import ArchiveSettings
from outbound.archive.step_result import StepOutcome, StepResult
from outbound.clock import Clock, format_time
from outbound.metrics import measure
from outbound.store.objects import Lake
from outbound.store.outbox import Outbox

_METRICS = {
    ExclusionReason.UNAPPROVED: ArchiveMetric.ATTEMPTS_SKIPPED_UNAPPROVED,
    ExclusionReason.NOT_ASKED_FOR: ArchiveMetric.ATTEMPTS_SKIPPED_NOT_ASKED_FOR,
    ExclusionReason.WITHOUT_OUTCOME: ArchiveMetric.ATTEMPTS_SKIPPED_INCOMPLETE,
    ExclusionReason.WITHOUT_CONTACT: ArchiveMetric.ATTEMPTS_SKIPPED_INCOMPLETE,
    ExclusionReason.NOT_ANONYMISED: ArchiveMetric.ATTEMPTS_NOT_ANONYMISED,
}

_SENTENCES = {
    "complete": "Everything that could be archived is archived.",
    "empty": "There was nothing to archive.",
    "incomplete": "Some attempts are left that should have been archived; the next run tries them again.",
    "stopped": "An attempt is not anonymised, and the settings stop a run then. Nothing left CXone.",
    "failed": "The run could not continue.",
}

_MEANINGS = {
    "gone": "gone: CXone did not archive them, it said, and does not list them any more.\n",
    "unknown": "unknown: the list changed with every reading, or CXone never answered. They may be archived; "
    "what is not is the next run's.\n",
}


class Finisher:
    """Ends runs."""

    def __init__(
        self,
        runs: ArchiveRuns,
        batches: Batches,
        lake: Lake,
        outbox: Outbox,
        facts: ArchiveFacts,
        clock: Clock,
    ) -> None:
        """Write reports into this lake."""
        self._runs = runs
        self._batches = batches
        self._lake = lake
        self._outbox = outbox
        self._facts = facts
        self._clock = clock

    def finish(self, run: ArchiveRun, settings: ArchiveSettings) -> StepResult:
        """End a run: complete once its report and its fact are safe."""
        now = self._clock.now()
        summary = summary_of(run, self._batches.all(run.run_id), settings)
        summary |= {"finished_at": format_time(now), "report": report_key(run, "md")}
        self._lake.write_text(report_key(run, "md"), report_of(run, summary))
        self._lake.write_document(report_key(run, "json"), {"campaign_id": run.campaign_id, **summary})
        fact = self._facts.finished(run, summary, now)
        item = self._runs.finish(run, RunStatus(summary["status"]), summary, [fact], now)
        _measure(run, summary["status"])
        self._outbox.publish_or_leave(self._runs.key(run.campaign_id, run.run_id), item)
        return StepResult(
            StepOutcome.COMPLETE, counts={name: summary[name] for name in ("archived", "failed")}
        )


def _measure(run: ArchiveRun, status: str) -> None:
    measure(
        ArchiveMetric.ARCHIVES_FAILED if status in ("failed", "stopped") else ArchiveMetric.ARCHIVES_FINISHED
    )
    for reason in ExclusionReason:
        if count := run.progress.counts.get(reason.value, 0):
            measure(_METRICS.get(reason, ArchiveMetric.ATTEMPTS_QUARANTINED_INVALID), count)


def summary_of(run: ArchiveRun, batches: Iterable[Batch], settings: ArchiveSettings) -> dict[str, Any]:
    """Return the figures of a run that ends now; `listed` counts duplicates, too."""
    progress = run.progress
    counts = Counter(progress.counts)
    archived, failed = _sent(batches)
    failed["not_sent"] = counts[ARCHIVABLE] - archived - failed.total()
    failed["not_sorted"] = progress.collected.offset - counts.total()
    collected = progress.collected.offset - counts[DUPLICATES]
    # What left by another way is not left to be archived.
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
        "skipped": sum(_by_reason(counts, "skipped").values()),
        "quarantined": sum(_by_reason(counts, "quarantined").values()),
        "failed_by_reason": {reason: n for reason, n in sorted(failed.items()) if n},
        "skipped_by_reason": _by_reason(counts, "skipped"),
        "quarantined_by_reason": _by_reason(counts, "quarantined"),
        "batches": progress.batches,
        "rounds": progress.round + 1,
        "pauses": progress.pauses,
        "executions": run.attempt,
        "list_changed": progress.collected.unstable,
        "list_truncated": progress.collected.truncated,
        "audit": audit(archived + failed.total(), archived, settings.force_cold_storage),
    }


def _by_reason(counts: Mapping[str, int], kind: str) -> dict[str, int]:
    """Return the counts of a kind by their reasons, without the kind's prefix."""
    prefix = f"{kind}."
    return {name[len(prefix) :]: n for name, n in sorted(counts.items()) if name.startswith(prefix)}


def _sent(batches: Iterable[Batch]) -> tuple[int, Counter[str]]:
    """Return how many left and, by reason, how many were sent and did not leave, or may have left."""
    archived, failed = 0, Counter[str]()
    for batch in batches:
        if batch.sent_round < 0:
            continue
        settled = batch.status is BatchStatus.SETTLED
        result = batch.result if settled else batch.by_answers(())
        archived += result.archived
        failed += Counter(refused=len(result.left), gone=result.gone, unknown=result.unknown)
    return archived, failed


def _status(run: ArchiveRun, failed: int) -> RunStatus:
    if run.progress.ending:
        return RunStatus(run.progress.ending)
    if not run.progress.counts.get(ARCHIVABLE):
        return RunStatus.EMPTY
    return RunStatus.INCOMPLETE if failed else RunStatus.COMPLETE


def report_of(run: ArchiveRun, summary: Mapping[str, Any]) -> str:
    """Return the report of a run, for a person to read, as Markdown."""
    lines = [
        f"# Archive of the campaign {run.campaign_id}",
        "",
        _SENTENCES[summary["status"]],
        *([f"Why: {summary['message']} ({summary['reason']})."] if summary["reason"] else []),
        "",
        f"Run {run.run_id}, planned {summary['planned_at']}, finished {summary['finished_at']}.",
        "",
        "| attempts | |",
        "|---|---:|",
        *(f"| {name} | {summary[name]} |" for name in ("collected", "archived", "failed", "skipped")),
        f"| quarantined | {summary['quarantined']} |",
        "",
        *_reasons("Failed", summary["failed_by_reason"]),
        *(_MEANINGS[reason] for reason in _MEANINGS if reason in summary["failed_by_reason"]),
        *_reasons("Skipped", summary["skipped_by_reason"]),
        *_reasons("Quarantined", summary["quarantined_by_reason"]),
        f"The list had {summary['listed']} places, {summary['duplicates']} of them shown twice. "
        f"{summary['batches']} batches, {summary['rounds']} round(s) of sending, "
        f"{summary['pauses']} pause(s) of the campaign, {summary['executions']} execution(s).",
        *(
            ["The list changed with every reading; what was missed is the next run's."]
            * summary["list_changed"]
        ),
        *(["The list is longer than a run may be; the next run takes the rest."] * summary["list_truncated"]),
        "",
        f"Copies are named, with their hashes, in `manifests/archive/{run.campaign_id}/{run.run_id}.json`.",
        "",
    ]
    return "\n".join(lines)


def _reasons(title: str, counts: Mapping[str, int]) -> list[str]:
    if not counts:
        return []
    return [f"{title}:", "", *(f"- {reason}: {count}" for reason, count in counts.items()), ""]
