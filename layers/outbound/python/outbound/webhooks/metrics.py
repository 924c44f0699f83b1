"""What is counted of webhooks."""

from __future__ import annotations

from outbound.metrics import Metric


class WebhookMetric(Metric):
    """The metrics of webhooks; what has no unit is a count."""

    WEBHOOKS_REFUSED = "WebhooksRefused"
    WEBHOOKS_NOT_TAKEN = "WebhooksNotTaken"
    WEBHOOKS_ROUTED = "WebhooksRouted"
    WEBHOOK_DUPLICATES = "WebhookDuplicates"
    WEBHOOK_EVENTS = "WebhookEvents"
    WEBHOOK_EVENTS_OWN = "WebhookEventsOwn"
    WEBHOOK_EVENTS_UNMAPPED = "WebhookEventsUnmapped"
    WEBHOOK_EVENTS_REJECTED = "WebhookEventsRejected"
