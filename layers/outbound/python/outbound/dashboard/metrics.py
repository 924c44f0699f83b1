"""What is counted of the dashboard."""

from __future__ import annotations

from outbound.metrics import Metric


class DashboardMetric(Metric):
    """The metrics of the dashboard; what has no unit is a count."""

    PAGES_SHOWN = "DashboardPagesShown"
    WRONG_PASSWORDS = "DashboardWrongPasswords"
    CROSS_SITE = "DashboardCrossSiteRequests"
    UNAVAILABLE = "DashboardNotTaken"
