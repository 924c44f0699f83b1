"""What is counted of dispositions."""

from __future__ import annotations

from outbound.dispositions.facts import Resolution
from outbound.dispositions.ledger import DispositionStatus
from outbound.dispositions.requests import CANCELLED
from outbound.metrics import Metric, MetricUnit, measure


class DispositionMetric(Metric):
    """The metrics of dispositions and of their files; what has no unit is a count."""

    DISPOSITIONS_APPLIED = "DispositionsApplied"
    DISPOSITIONS_UNCHANGED = "DispositionsUnchanged"
    DISPOSITIONS_SUPERSEDED = "DispositionsSuperseded"
    DISPOSITIONS_DEFERRED = "DispositionsDeferred"
    DISPOSITIONS_REJECTED = "DispositionsRejected"
    DISPOSITIONS_INVALID = "DispositionsRejectedInvalid"
    DISPOSITIONS_NOT_FOUND = "DispositionsRejectedNotFound"
    DISPOSITIONS_BUSY = "DispositionsRejectedBusy"
    DISPOSITIONS_TOO_OLD = "DispositionsRejectedTooOld"
    DISPOSITION_LATENCY = "DispositionLatencySeconds", MetricUnit.Seconds
    DISPOSITION_ACCURACY = "DispositionAccuracyRate", MetricUnit.Percent
    DISPOSITION_DEFERRED_AGE = "DispositionDeferredAgeSeconds", MetricUnit.Seconds
    DISPOSITIONS_CANCELLED = "DispositionsCancelled"
    DISPOSITION_FILES_FINISHED = "DispositionFilesFinished"
    DISPOSITION_FILES_REFUSED = "DispositionFilesRefused"
    DISPOSITION_ROWS_READ = "DispositionRowsRead"


_ENDINGS = {
    DispositionStatus.APPLIED: DispositionMetric.DISPOSITIONS_APPLIED,
    DispositionStatus.UNCHANGED: DispositionMetric.DISPOSITIONS_UNCHANGED,
    DispositionStatus.SUPERSEDED: DispositionMetric.DISPOSITIONS_SUPERSEDED,
}
_REASONS = {
    "invalid_request": DispositionMetric.DISPOSITIONS_INVALID,
    "contact_not_found": DispositionMetric.DISPOSITIONS_NOT_FOUND,
    "contact_busy": DispositionMetric.DISPOSITIONS_BUSY,
    "too_old": DispositionMetric.DISPOSITIONS_TOO_OLD,
    "cancelled": DispositionMetric.DISPOSITIONS_CANCELLED,
}


def count(resolution: Resolution, took: float | None) -> None:
    """Count how a request ended; `took` is how long its write lasted, in seconds.

    The average of the accuracy is the share of applied ones among those applied and failed.
    """
    rejected = resolution.status is DispositionStatus.REJECTED
    measure(_REASONS[resolution.about["reason"]] if rejected else _ENDINGS[resolution.status])
    if rejected and resolution.about["reason"] == CANCELLED:
        return
    if rejected:
        measure(DispositionMetric.DISPOSITIONS_REJECTED)
    if took is not None:
        measure(DispositionMetric.DISPOSITION_LATENCY, took)
    if rejected or resolution.status is DispositionStatus.APPLIED:
        measure(DispositionMetric.DISPOSITION_ACCURACY, 0 if rejected else 100)
