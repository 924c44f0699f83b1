"""What is counted of segments."""

from __future__ import annotations

from outbound.metrics import Metric


class SegmentMetric(Metric):
    """The metrics of segments; what has no unit is a count."""

    CONTACTS_SEGMENTED = "ContactsSegmented"
    CONSENT_CONFLICTS = "ConsentConflicts"
    SEGMENTS_FINISHED = "SegmentsFinished"
    SEGMENTS_FAILED = "SegmentsFailed"
    SUPPRESSIONS_REQUESTED = "SuppressionsRequested"
