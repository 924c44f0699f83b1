"""What is counted of calls that were judged."""

from __future__ import annotations

from outbound.metrics import Metric


class CallAuditMetric(Metric):
    """The metrics of the audit of calls; what has no unit is a count."""

    CALLS_JUDGED = "CallsJudged"
    CALL_VIOLATIONS = "CallViolations"
    CALLS_NOT_JUDGED = "CallsNotJudged"
