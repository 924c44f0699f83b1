"""What is counted of archives."""

from __future__ import annotations

from outbound.metrics import Metric, MetricUnit


class ArchiveMetric(Metric):
    """The metrics of archives; what has no unit is a count."""

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
    ARCHIVE_LATENCY = "ArchiveLatencySeconds", MetricUnit.Seconds
    CAMPAIGNS_PAUSED = "CampaignsPaused"
    CAMPAIGNS_RESUMED = "CampaignsResumed"
