"""What is counted of the audit record."""

from __future__ import annotations

from outbound.metrics import Metric


class AuditMetric(Metric):
    """The metrics of the audit record; what has no unit is a count."""

    EVENTS_AUDITED = "EventsAudited"
