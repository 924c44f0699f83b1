"""What is counted of campaigns."""

from __future__ import annotations

from outbound.metrics import Metric


class CampaignMetric(Metric):
    """The metrics of provisioning and of transitions."""

    CAMPAIGNS_PROVISIONED = "CampaignsProvisioned"
    PROVISIONS_REJECTED = "ProvisionsRejected"
    TRANSITIONS_APPLIED = "TransitionsApplied"
    TRANSITIONS_REFUSED = "TransitionsRefused"
    TRANSITIONS_SUPERSEDED = "TransitionsSuperseded"
