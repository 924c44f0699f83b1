"""The logger, the metrics and their names: made once, used everywhere.

Nothing secret and nothing personal may reach either of them. Log lines carry ids; the names below
are masked wherever they appear as a key, so that a careless `extra=` cannot leak them.
"""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from threading import Lock
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit

MASKED = "***"
_SENSITIVE = (
    *("authorization", "token", "secret", "password", "signature", "cookie"),
    *("phone", "email", "notes", "firstname", "lastname", "address", "customfields"),
)
_DEEPEST = 32

# Phone numbers however they are written, record numbers, e-mail addresses: what free text says about a
# person. Dates are spared, they say what is wrong with a window. Every repetition is bounded, so that no
# text takes long.
_PERSONAL = re.compile(
    r"(?!\d{4}-\d\d-\d\d)(?<![\w-])\+?\(?\d{1,4}(?:[ ./()-]{1,2}\d{2,5}){2,5}(?!\w)"
    r"|\d{7,}|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]{1,64}"
)
# Enough of an error body to see what is wrong with a request.
_MAX_LOGGED = 4096
# What is larger is not an error body; parsing it would cost more than it says.
_MAX_PARSED = 256 * 1024


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
    OUTCOMES_CHANGED = "OutcomesChanged"
    THROTTLED = "CxoneThrottled"
    RETRIED = "CxoneRetries"
    QUOTA_WAIT = "QuotaWaitSeconds"
    TOKEN_REQUESTS = "TokenRequests"
    DELIVERED = "DeliveriesSucceeded"
    DELIVERY_PARKED = "DeliveriesParked"
    DELIVERY_DEAD = "DeliveriesDead"
    DELIVERY_LATENCY = "DeliveryLatencySeconds"
    DESTINATION_DISABLED = "DestinationsDisabled"
    CONSENT_RECORDED = "ConsentChangesRecorded"
    CONSENT_REJECTED = "ConsentChangesRejected"
    WEBHOOKS_REFUSED = "WebhooksRefused"
    WEBHOOKS_NOT_TAKEN = "WebhooksNotTaken"
    WEBHOOKS_ROUTED = "WebhooksRouted"
    WEBHOOK_DUPLICATES = "WebhookDuplicates"
    WEBHOOK_EVENTS = "WebhookEvents"
    WEBHOOK_EVENTS_OWN = "WebhookEventsOwn"
    WEBHOOK_EVENTS_UNMAPPED = "WebhookEventsUnmapped"
    WEBHOOK_EVENTS_REJECTED = "WebhookEventsRejected"
    DISPOSITIONS_APPLIED = "DispositionsApplied"
    DISPOSITIONS_UNCHANGED = "DispositionsUnchanged"
    DISPOSITIONS_SUPERSEDED = "DispositionsSuperseded"
    DISPOSITIONS_DEFERRED = "DispositionsDeferred"
    DISPOSITIONS_REJECTED = "DispositionsRejected"
    DISPOSITIONS_INVALID = "DispositionsRejectedInvalid"
    DISPOSITIONS_NOT_FOUND = "DispositionsRejectedNotFound"
    DISPOSITIONS_BUSY = "DispositionsRejectedBusy"
    DISPOSITIONS_TOO_OLD = "DispositionsRejectedTooOld"
    DISPOSITION_LATENCY = "DispositionLatencySeconds"
    DISPOSITION_ACCURACY = "DispositionAccuracyRate"
    DISPOSITION_DEFERRED_AGE = "DispositionDeferredAgeSeconds"
    DISPOSITIONS_CANCELLED = "DispositionsCancelled"
    DISPOSITION_FILES_FINISHED = "DispositionFilesFinished"
    DISPOSITION_FILES_REFUSED = "DispositionFilesRefused"
    DISPOSITION_ROWS_READ = "DispositionRowsRead"
    ARCHIVES_STARTED = "ArchivesStarted"
    ARCHIVES_FINISHED = "ArchivesFinished"
    ARCHIVES_FAILED = "ArchivesFailed"
    ARCHIVES_INTERRUPTED = "ArchivesInterrupted"
    ATTEMPTS_ARCHIVED = "AttemptsArchived"
    ATTEMPTS_NOT_ARCHIVED = "AttemptsNotArchived"
    ATTEMPTS_SKIPPED_UNAPPROVED = "AttemptsSkippedUnapproved"
    ATTEMPTS_SKIPPED_NOT_ASKED_FOR = "AttemptsSkippedNotAskedFor"
    ATTEMPTS_SKIPPED_INCOMPLETE = "AttemptsSkippedIncomplete"
    ATTEMPTS_NOT_ANONYMISED = "AttemptsQuarantinedNotAnonymised"
    ATTEMPTS_QUARANTINED_INVALID = "AttemptsQuarantinedInvalid"
    ARCHIVE_LATENCY = "ArchiveLatencySeconds"
    CAMPAIGNS_PAUSED = "CampaignsPaused"
    CAMPAIGNS_RESUMED = "CampaignsResumed"
    MESSAGES_FAILED = "MessagesFailed"
    EVENTS_AUDITED = "EventsAudited"
    SWEPT = "ItemsSwept"
    SETTINGS_UNUSABLE = "SettingsUnusable"


_UNITS = {
    Metric.PULL_LAG: MetricUnit.Seconds,
    Metric.PAGE_SUCCESS_RATE: MetricUnit.Percent,
    Metric.EXTRACTION_LATENCY: MetricUnit.Seconds,
    Metric.CONVERSION_RATE: MetricUnit.Percent,
    Metric.QUOTA_WAIT: MetricUnit.Seconds,
    Metric.DELIVERY_LATENCY: MetricUnit.Seconds,
    Metric.DISPOSITION_LATENCY: MetricUnit.Seconds,
    Metric.DISPOSITION_ACCURACY: MetricUnit.Percent,
    Metric.DISPOSITION_DEFERRED_AGE: MetricUnit.Seconds,
    Metric.ARCHIVE_LATENCY: MetricUnit.Seconds,
}


def masked(value: object, depth: int = 0) -> object:
    """Return a copy of a JSON-like value in which every sensitive key's value is replaced.

    What is nested absurdly deep is replaced whole: a hostile body must not exhaust the stack.
    """
    if depth > _DEEPEST:
        return MASKED
    if isinstance(value, Mapping):
        return {
            key: MASKED if _sensitive(str(key)) else masked(inner, depth + 1) for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(inner, depth + 1) for inner in value]
    return value


def _sensitive(key: str) -> bool:
    plain = key.lower().replace("_", "").replace("-", "")
    return any(word in plain for word in _SENSITIVE)


def masked_text(text: str) -> str:
    """Return a text in which phone numbers, long numbers and e-mail addresses are replaced."""
    return _PERSONAL.sub(MASKED, text)


def loggable(body: bytes) -> str:
    """Return the body of an error answer as it may be logged: masked, and cut to 4 KB."""
    text = body[: 2 * _MAX_LOGGED].decode(errors="replace")
    if len(body) <= _MAX_PARSED:
        with suppress(ValueError, RecursionError):
            text = json.dumps(masked(json.loads(body)), separators=(",", ":"))[: 2 * _MAX_LOGGED]
    # Masked before it is cut: half a phone number is no longer seen to be one.
    return masked_text(text)[:_MAX_LOGGED]


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


class _MaskingFormatter(LambdaPowertoolsFormatter):
    """Masks what an exception's text says of a person: some quote the input that they stumble over."""

    def serialize(self, log: Any) -> str:
        """Write a log line as JSON."""
        if "exception" in log:
            log["exception"] = masked_text(log["exception"])
        if "stack_trace" in log:
            log["stack_trace"] |= {"value": masked_text(str(log["stack_trace"]["value"]))}
        return super().serialize(log)


# An invocation that had nothing to count is not news; Powertools would say so every time.
warnings.filterwarnings("ignore", message="No application metrics to publish")

logger = Logger(logger_formatter=_MaskingFormatter(utc=True))
logger.addFilter(_MaskingFilter())
metrics = Metrics()
# Powertools collects in plain lists and prints at a hundred values: threads take turns.
_measuring = Lock()
_is_measuring = True


@contextmanager
def unmeasured() -> Iterator[None]:
    """Keep metrics off standard output: what the operator's command does is not a function's."""
    global _is_measuring  # noqa: PLW0603 - one process, one standard output
    before, _is_measuring = _is_measuring, False
    try:
        yield
    finally:
        _is_measuring = before


def measure(metric: Metric, value: float = 1) -> None:
    """Add a value to a metric; it is flushed with the invocation as one EMF line."""
    if not _is_measuring:
        return
    with _measuring:
        metrics.add_metric(name=metric.value, unit=_UNITS.get(metric, MetricUnit.Count), value=value)
