"""What is counted of campaigns."""

from __future__ import annotations

from outbound.metrics import Metric


class CampaignMetric(Metric):
    """The metrics of provisioning."""

    CAMPAIGNS_PROVISIONED = "CampaignsProvisioned"
    PROVISIONS_REJECTED = "ProvisionsRejected"
