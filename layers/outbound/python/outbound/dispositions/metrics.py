"""The metrics of dispositions."""

from __future__ import annotations

from outbound.dispositions.facts import Resolution
from outbound.dispositions.ledger import DispositionStatus
from outbound.dispositions.requests import CANCELLED
from outbound.metrics import Metric, measure

_ENDINGS = {
    DispositionStatus.APPLIED: Metric.DISPOSITIONS_APPLIED,
    DispositionStatus.UNCHANGED: Metric.DISPOSITIONS_UNCHANGED,
    DispositionStatus.SUPERSEDED: Metric.DISPOSITIONS_SUPERSEDED,
}
_REASONS = {
    "invalid_request": Metric.DISPOSITIONS_INVALID,
    "contact_not_found": Metric.DISPOSITIONS_NOT_FOUND,
    "contact_busy": Metric.DISPOSITIONS_BUSY,
    "too_old": Metric.DISPOSITIONS_TOO_OLD,
    "cancelled": Metric.DISPOSITIONS_CANCELLED,
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
        measure(Metric.DISPOSITIONS_REJECTED)
    if took is not None:
        measure(Metric.DISPOSITION_LATENCY, took)
    if rejected or resolution.status is DispositionStatus.APPLIED:
        measure(Metric.DISPOSITION_ACCURACY, 0 if rejected else 100)
