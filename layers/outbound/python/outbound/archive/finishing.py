"""Finishing a run: its figures, its report, its fact; then the campaign is free for the next one."""

from __future__ import annotations

from outbound.archive.batches import Batches
from outbound.archive.facts import Facts
from outbound.archive.keys import report_key
from outbound.archive.report import report_of
from outbound.archive.runs import Run, Runs, RunStatus
from outbound.archive.settings import ArchiveSettings
from outbound.archive.sorting import Reason
from outbound.archive.step_result import Answer, Outcome, Superseded
from outbound.archive.summing import summary_of
from outbound.clock import Clock, format_time
from outbound.events import PublishFailed
from outbound.observability import Metric, logger, measure
from outbound.store.lake import Lake
from outbound.store.outbox import Outbox

_COUNTED = {
    Reason.UNAPPROVED: Metric.ATTEMPTS_SKIPPED_UNAPPROVED,
    Reason.NOT_ASKED_FOR: Metric.ATTEMPTS_SKIPPED_NOT_ASKED_FOR,
    Reason.WITHOUT_OUTCOME: Metric.ATTEMPTS_SKIPPED_INCOMPLETE,
    Reason.WITHOUT_CONTACT: Metric.ATTEMPTS_SKIPPED_INCOMPLETE,
    Reason.NOT_ANONYMISED: Metric.ATTEMPTS_NOT_ANONYMISED,
}


class Finisher:
    """Ends runs."""

    def __init__(
        self, runs: Runs, batches: Batches, lake: Lake, outbox: Outbox, facts: Facts, clock: Clock
    ) -> None:
        """Write reports into this lake."""
        self._runs = runs
        self._batches = batches
        self._lake = lake
        self._outbox = outbox
        self._facts = facts
        self._clock = clock

    def finish(self, run: Run, settings: ArchiveSettings) -> Answer:
        """End a run: complete once its report and its fact are safe."""
        now = self._clock.now()
        summary = summary_of(run, self._batches.all(run.run_id), settings)
        summary |= {"finished_at": format_time(now), "report": report_key(run, "md")}
        self._lake.write_text(report_key(run, "md"), report_of(run, summary))
        self._lake.write_document(report_key(run, "json"), {"campaign_id": run.campaign_id, **summary})
        fact = self._facts.finished(run, summary, now)
        item = self._runs.finish(run, RunStatus(summary["status"]), summary, [fact], now)
        if item is None:
            raise Superseded
        _measure(run, summary["status"])
        try:
            self._outbox.publish(self._runs.key(run.campaign_id, run.run_id), item)
        except PublishFailed:
            # The fact stands in the run; the sweeper says it.
            logger.warning("a run is finished and not said yet", extra={"run_id": run.run_id})
        return Answer(Outcome.COMPLETE, counts={name: summary[name] for name in ("archived", "failed")})


def _measure(run: Run, status: str) -> None:
    measure(Metric.ARCHIVES_FAILED if status in ("failed", "stopped") else Metric.ARCHIVES_FINISHED)
    for reason in Reason:
        if count := run.progress.counts.get(reason.value, 0):
            measure(_COUNTED.get(reason, Metric.ATTEMPTS_QUARANTINED_INVALID), count)
