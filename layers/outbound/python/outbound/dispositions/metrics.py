"""The metrics of dispositions."""

from __future__ import annotations

from outbound.dispositions.facts import Ending
from outbound.dispositions.ledger import Status
from outbound.dispositions.requests import CANCELLED
from outbound.observability import Metric, measure

_ENDINGS = {
    Status.APPLIED: Metric.DISPOSITIONS_APPLIED,
    Status.UNCHANGED: Metric.DISPOSITIONS_UNCHANGED,
    Status.SUPERSEDED: Metric.DISPOSITIONS_SUPERSEDED,
}
_REASONS = {
    "invalid_request": Metric.DISPOSITIONS_INVALID,
    "contact_not_found": Metric.DISPOSITIONS_NOT_FOUND,
    "contact_busy": Metric.DISPOSITIONS_BUSY,
    "too_old": Metric.DISPOSITIONS_TOO_OLD,
    "cancelled": Metric.DISPOSITIONS_CANCELLED,
}


def count(ending: Ending, took: float | None) -> None:
    """Count how a request ended; `took` is how long its write lasted, in seconds.

    The average of the accuracy is the share of applied ones among those applied and failed.
    """
    rejected = ending.status is Status.REJECTED
    measure(_REASONS[ending.about["reason"]] if rejected else _ENDINGS[ending.status])
    if rejected and ending.about["reason"] == CANCELLED:
        return
    if rejected:
        measure(Metric.DISPOSITIONS_REJECTED)
    if took is not None:
        measure(Metric.DISPOSITION_LATENCY, took)
    if rejected or ending.status is Status.APPLIED:
        measure(Metric.DISPOSITION_ACCURACY, 0 if rejected else 100)
