"""What is counted of consent."""

from __future__ import annotations

from outbound.metrics import Metric


class ConsentMetric(Metric):
    """The metrics of consent; what has no unit is a count."""

    CONSENT_RECORDED = "ConsentChangesRecorded"
    CONSENT_REJECTED = "ConsentChangesRejected"
