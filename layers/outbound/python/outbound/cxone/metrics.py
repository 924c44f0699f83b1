"""What is counted of calls to CXone."""

from __future__ import annotations

from outbound.metrics import Metric, MetricUnit


class CxoneMetric(Metric):
    """The metrics of calls to CXone; what has no unit is a count."""

    THROTTLED = "CxoneThrottled"
    RETRIED = "CxoneRetries"
    QUOTA_WAIT = "QuotaWaitSeconds", MetricUnit.Seconds
    TOKEN_REQUESTS = "TokenRequests"
