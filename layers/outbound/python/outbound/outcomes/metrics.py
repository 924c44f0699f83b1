"""What is counted of pulls of call outcomes."""

from __future__ import annotations

from outbound.metrics import Metric, MetricUnit


class PullMetric(Metric):
    """The metrics of pulls of call outcomes; what has no unit is a count."""

    JOBS_PLANNED = "PullJobsPlanned"
    PULL_LAG = "PullLagSeconds", MetricUnit.Seconds
    RECORDS_PULLED = "RecordsPulled"
    RECORDS_SET_ASIDE = "RecordsSetAside"
    PAGES_PULLED = "PagesPulled"
    PAGE_SUCCESS_RATE = "PageSuccessRate", MetricUnit.Percent
    EXTRACTION_LATENCY = "ExtractionLatencySeconds", MetricUnit.Seconds
    CONVERSION_RATE = "ConversionRate", MetricUnit.Percent
    PULLS_COMPLETED = "PullsCompleted"
    PULLS_FAILED = "PullsFailed"
    OUTCOMES_CHANGED = "OutcomesChanged"
