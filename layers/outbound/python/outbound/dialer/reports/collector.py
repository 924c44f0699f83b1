"""Collects the reports of the dialer at each tick: the log first, then the campaigns' metrics.

What a tick has no time or quota for, the next one finds: the campaigns whose report is oldest come first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outbound.campaign_records.reported_abandonment import ReportedAbandonments
from outbound.clock import Clock, Deadline, Invocation
from outbound.cxone.errors import CxoneError, Forbidden, OutOfTime, RateLimited, Unauthorised
from outbound.dialer.own_changes import OwnChanges
from outbound.dialer.reports.audit_report import AuditReport
from outbound.dialer.reports.changes import ChangesByOthers
from outbound.dialer.reports.metrics import DialerReportMetric
from outbound.dialer.reports.metrics_report import MetricsReport, new_mark
from outbound.dialer.reports.settings import DialerReportSettings
from outbound.dialer.reports.watermarks import AUDIT, Watermark, Watermarks, metrics_of
from outbound.logs import logger
from outbound.metrics import measure
from outbound.runtime import Runtime, Work
from outbound.store.registry import Registry

# What the next campaign would meet as well.
_OF_ALL = (OutOfTime, RateLimited, Forbidden, Unauthorised)


@dataclass(frozen=True, slots=True)
class _Report:
    """A report that is to be brought up to date, and how."""

    mark: Watermark
    collect: Callable[[], None]


class DialerReportCollector:
    """Brings the reports of one tenant's dialer up to date."""

    def __init__(
        self,
        audit: AuditReport,
        metrics: MetricsReport,
        marks: Watermarks,
        registry: Registry,
        clock: Clock,
    ) -> None:
        """Collect the log, and the metrics of every campaign that is registered and enabled."""
        self._audit = audit
        self._metrics = metrics
        self._marks = marks
        self._registry = registry
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline) -> DialerReportCollector:
        """Return the collector of one invocation, whose calls of CXone end before a deadline."""
        port, clock = runtime.cxone.until(deadline).dialer_reports, runtime.clock
        marks = Watermarks(runtime.state, runtime.tenant)
        own, others = OwnChanges(runtime.state, runtime.tenant), ChangesByOthers.of(runtime)
        reported = ReportedAbandonments(runtime.state, runtime.tenant)
        audit = AuditReport(port, runtime.lake, marks, own, others, clock)
        metrics = MetricsReport(port, runtime.lake, marks, reported, clock)
        return cls(audit, metrics, marks, runtime.registry, clock)

    def collect(self, settings: DialerReportSettings) -> Mapping[str, Any]:
        """Bring every report that is due up to date; return how many are, and how many failed or are left."""
        counts = {"collected": 0, "failed": 0, "left": 0}
        marks = self._marks.all()
        audit = marks.get(AUDIT) or new_mark(AUDIT, self._clock.now())
        log = _Report(audit, lambda: self._audit.collect(audit, settings))
        # The log stands by itself: another scope, and worth more than the metrics.
        self._work_off([log], counts)
        self._work_off(self._due(marks, settings), counts)
        self._measure_lag()
        return counts

    def _due(self, marks: Mapping[str, Watermark], settings: DialerReportSettings) -> Sequence[_Report]:
        now, due = self._clock.now(), []
        for campaign in self._registry.all():
            report = metrics_of(campaign.campaign_id)
            mark = marks.get(report) or new_mark(report, now)
            if campaign.enabled and self._metrics.is_due(mark, settings):
                due.append(mark)
        ordered = sorted(due, key=lambda mark: (mark.until is not None, mark.reached, mark.report))
        return [_Report(mark, self._collecting(mark, settings)) for mark in ordered]

    def _collecting(self, mark: Watermark, settings: DialerReportSettings) -> Callable[[], None]:
        return lambda: self._metrics.collect(mark.campaign_id, mark, settings)

    def _work_off(self, reports: Sequence[_Report], counts: dict[str, int]) -> None:
        for number, report in enumerate(reports):
            try:
                report.collect()
            except CxoneError as error:
                self._note(report.mark, error, counts)
                if isinstance(error, _OF_ALL):
                    counts["left"] += len(reports) - number - 1
                    return
            else:
                counts["collected"] += 1

    def _note(self, mark: Watermark, error: CxoneError, counts: dict[str, int]) -> None:
        """Write down why a report did not go on; what passes by itself is left to the next tick."""
        said = {"report": mark.report, "reason": error.reason}
        if error.retryable:
            counts["left"] += 1
            logger.warning("a report of the dialer waits for the next tick", extra=said)
            return
        counts["failed"] += 1
        measure(DialerReportMetric.REPORTS_FAILED)
        logger.error("a report of the dialer cannot be collected", extra=said | {"problem": str(error)})
        self._marks.note_failure(mark, f"{error.reason}: {error}"[:500], self._clock.now())

    def _measure_lag(self) -> None:
        """Measure how old the oldest report is; of campaigns that are not reported any more none counts."""
        enabled = {metrics_of(each.campaign_id) for each in self._registry.all() if each.enabled}
        reached = [
            mark.reached for name, mark in self._marks.all().items() if name == AUDIT or name in enabled
        ]
        measure(DialerReportMetric.REPORT_LAG, _age(min(reached, default=None), self._clock.now()))


def _age(oldest: datetime | None, now: datetime) -> float:
    return max(0.0, (now - oldest).total_seconds()) if oldest is not None else 0.0


def build(runtime: Runtime) -> Work:
    """Return the work of the function that the schedule starts."""
    documents = runtime.documents
    runtime.warm_up("cxone", "lake", "outbox", "registry")

    def collect(_: dict[str, Any], invocation: Invocation) -> Mapping[str, Any]:
        settings = documents.get("dialer_reports", DialerReportSettings)
        return DialerReportCollector.of(runtime, runtime.deadline(invocation)).collect(settings)

    return collect
