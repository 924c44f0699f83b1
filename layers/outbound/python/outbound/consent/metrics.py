"""What is counted of consent."""

from __future__ import annotations

from outbound.metrics import Metric


class ConsentMetric(Metric):
    """The metrics of consent; what has no unit is a count."""

    CONSENT_RECORDED = "ConsentChangesRecorded"
    CONSENT_REJECTED = "ConsentChangesRejected"
    CONSENT_FILES_FINISHED = "ConsentFilesFinished"
    CONSENT_FILES_REFUSED = "ConsentFilesRefused"
    CONSENT_ROWS_READ = "ConsentRowsRead"
    CONSENT_ROWS_REJECTED = "ConsentRowsRejected"
