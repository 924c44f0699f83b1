"""The logger, the metrics and their names: made once, used everywhere.

Nothing secret and nothing personal may reach either of them. Log lines carry ids; the names below
are masked wherever they appear as a key, so that a careless `extra=` cannot leak them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import StrEnum

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

MASKED = "***"
_SENSITIVE = ("authorization", "token", "secret", "password", "signature", "phone", "email", "notes", "firstname",
              "lastname", "address", "cookie")  # fmt: skip


class Metric(StrEnum):
    """Every metric that this project publishes.

    Dimensions are the service (the function) alone: a campaign id as a dimension would make a
    metric, and a bill, of every campaign.
    """

    JOBS_PLANNED = "PullJobsPlanned"
    PULL_LAG = "PullLagSeconds"
    RECORDS_PULLED = "RecordsPulled"
    RECORDS_SET_ASIDE = "RecordsSetAside"
    PAGES_PULLED = "PagesPulled"
    PAGE_SUCCESS_RATE = "PageSuccessRate"
    EXTRACTION_LATENCY = "ExtractionLatencySeconds"
    CONVERSION_RATE = "ConversionRate"
    PULLS_COMPLETED = "PullsCompleted"
    PULLS_FAILED = "PullsFailed"
    THROTTLED = "CxoneThrottled"
    RETRIED = "CxoneRetries"
    QUOTA_WAIT = "QuotaWaitSeconds"
    TOKEN_REQUESTS = "TokenRequests"  # noqa: S105 - a metric's name
    DELIVERED = "DeliveriesSucceeded"
    DELIVERY_PARKED = "DeliveriesParked"
    DELIVERY_DEAD = "DeliveriesDead"
    DELIVERY_LATENCY = "DeliveryLatencySeconds"
    DESTINATION_DISABLED = "DestinationsDisabled"
    EVENTS_AUDITED = "EventsAudited"
    SWEPT = "ItemsSwept"


_UNITS = {
    Metric.PULL_LAG: MetricUnit.Seconds,
    Metric.PAGE_SUCCESS_RATE: MetricUnit.Percent,
    Metric.EXTRACTION_LATENCY: MetricUnit.Seconds,
    Metric.CONVERSION_RATE: MetricUnit.Percent,
    Metric.QUOTA_WAIT: MetricUnit.Seconds,
    Metric.DELIVERY_LATENCY: MetricUnit.Seconds,
}


def masked(value: object) -> object:
    """Give a copy of a JSON-like value in which every sensitive key's value is replaced."""
    if isinstance(value, Mapping):
        return {key: MASKED if _sensitive(str(key)) else masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner) for inner in value]
    return value


def _sensitive(key: str) -> bool:
    plain = key.lower().replace("_", "").replace("-", "")
    return any(word in plain for word in _SENSITIVE)


class _MaskingFilter(logging.Filter):
    """Masks sensitive keys of a log record's extra fields and of a dict message."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, Mapping):
            record.msg = masked(record.msg)
        for key, value in list(record.__dict__.items()):
            if isinstance(value, Mapping | list | tuple) and key not in ("args", "exc_info"):
                record.__dict__[key] = masked(value)
            elif _sensitive(key):
                record.__dict__[key] = MASKED
        return True


logger = Logger(utc=True)
logger.addFilter(_MaskingFilter())
metrics = Metrics()


def measure(metric: Metric, value: float = 1) -> None:
    """Add a value to a metric; it is flushed with the invocation as one EMF line."""
    metrics.add_metric(name=metric.value, unit=_UNITS.get(metric, MetricUnit.Count), value=value)
