"""The names of all events."""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    """The types of event: `.requested`, `.due` and `.changed` ask for an effect, all others are facts.

    What each means and carries is in `facts`, `requests` and docs/events.md.
    """

    PULL_DUE = "outcomes.pull.due"
    PULL_REQUESTED = "outcomes.pull.requested"
    OUTCOMES_PULLED = "outcomes.pulled"
    PULL_FAILED = "outcomes.pull_failed"
    COVERAGE_LOST = "outcomes.coverage_lost"
    AUDIT_REQUESTED = "calls.audit.requested"
    CALLS_AUDITED = "calls.audited"
    DISPOSITION_REQUESTED = "disposition.requested"
    DISPOSITION_APPLIED = "disposition.applied"
    DISPOSITION_UNCHANGED = "disposition.unchanged"
    DISPOSITION_SUPERSEDED = "disposition.superseded"
    DISPOSITION_REJECTED = "disposition.rejected"
    DISPOSITION_FILE_FINISHED = "disposition.file_finished"
    ARCHIVE_DUE = "archive.due"
    ARCHIVE_REQUESTED = "archive.requested"
    ARCHIVE_REJECTED = "archive.rejected"
    ARCHIVE_INTERRUPTED = "archive.interrupted"
    ARCHIVE_FINISHED = "archive.finished"
    ATTEMPTS_ARCHIVED = "attempts.archived"
    TRANSITION_REQUESTED = "campaign.transition.requested"
    CAMPAIGN_TRANSITIONED = "campaign.transitioned"
    TRANSITION_REFUSED = "campaign.transition_refused"
    SEGMENT_REQUESTED = "campaign.segment.requested"
    CAMPAIGN_SEGMENTED = "campaign.segmented"
    SEGMENT_FAILED = "campaign.segment_failed"
    SUPPRESSION_REQUESTED = "contact.suppression.requested"
    METRICS_UPDATED = "campaign.metrics_updated"
    STATE_CHANGED = "campaign.state_changed"
    DIALER_SETTINGS_UPDATED = "dialer.settings_updated"
    DIALER_CAMPAIGN_ACTIVATED = "dialer.campaign_activated"
    WEBHOOK_UNMAPPED = "webhook.unmapped"
    WEBHOOK_REJECTED = "webhook.rejected"
    PROVISION_REQUESTED = "campaign.provision.requested"
    CAMPAIGN_PROVISIONED = "campaign.provisioned"
    PROVISION_REJECTED = "campaign.provision_rejected"
    CAMPAIGN_REGISTERED = "campaign.registered"
    CAMPAIGN_REMOVED = "campaign.removed"
    CONSENT_CHANGED = "consent.changed"
    CONSENT_RECORDED = "consent.recorded"
    CONSENT_REJECTED = "consent.rejected"
    CONSENT_FILE_FINISHED = "consent.file_finished"
    WEBHOOKS_REGISTERED = "webhooks.registered"
    DESTINATION_DISABLED = "destination.disabled"
    DESTINATION_ENABLED = "destination.enabled"
    DELIVERY_DEAD = "delivery.dead_lettered"
