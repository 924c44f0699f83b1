"""The metrics, each by its name, made once and counted everywhere."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from threading import Lock

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit


class Metric(StrEnum):
    """Every metric that this project publishes.

    The namespace names the stack. Dimensions are the service (the function) alone: a campaign id as a
    dimension would make a metric, and a bill, of every campaign.
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
    CAMPAIGNS_PROVISIONED = "CampaignsProvisioned"
    PROVISIONS_REJECTED = "ProvisionsRejected"
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


# An invocation that had nothing to count is not news; Powertools would say so every time.
warnings.filterwarnings("ignore", message="No application metrics to publish")

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
