"""What is counted of deliveries."""

from __future__ import annotations

from outbound.metrics import Metric, MetricUnit


class DeliveryMetric(Metric):
    """The metrics of deliveries; what has no unit is a count."""

    DELIVERED = "DeliveriesSucceeded"
    DELIVERY_PARKED = "DeliveriesParked"
    DELIVERY_DEAD = "DeliveriesDead"
    DELIVERY_LATENCY = "DeliveryLatencySeconds", MetricUnit.Seconds
    DESTINATION_DISABLED = "DestinationsDisabled"
