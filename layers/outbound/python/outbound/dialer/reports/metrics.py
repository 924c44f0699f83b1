"""What is counted of reports of the dialer, and what they report."""

from __future__ import annotations

from outbound.metrics import Metric, MetricUnit


class DialerReportMetric(Metric):
    """The metrics of the dialer's reports; what has no unit is a count."""

    HOURS_COLLECTED = "DialerHoursCollected"
    AUDIT_ENTRIES = "DialerAuditEntries"
    CHANGED_BY_OTHERS = "DialerChangedByOthers"
    ROWS_SET_ASIDE = "DialerRowsSetAside"
    REPORTS_FAILED = "DialerReportsFailed"
    REPORT_LAG = "DialerReportLagSeconds", MetricUnit.Seconds
    EFFICIENCY = "DialerEfficiencyReported", MetricUnit.Percent
    ABANDONMENT = "DialerAbandonmentReported", MetricUnit.Percent
    ANSWER_RATE = "DialerAnswerRateReported", MetricUnit.Percent
    AVERAGE_WAIT = "DialerAverageWaitReported", MetricUnit.Seconds
