"""Which model the data of an event has, by its type: for those who read events of every type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outbound.events.requests.archive import ArchiveDue, ArchiveRequested
from outbound.events.requests.base import Report, Request, checked
from outbound.events.requests.calls import AuditRequested
from outbound.events.requests.campaigns import MetricsUpdated, ProvisionRequested
from outbound.events.requests.consent import ConsentChanged
from outbound.events.requests.dialer import DialerCampaignActivated, DialerSettingsUpdated, RolloutRequested
from outbound.events.requests.dispositions import DispositionRequested, SuppressionRequested
from outbound.events.requests.outcomes import PullDue, PullRequested
from outbound.events.requests.segments import SegmentRequested
from outbound.events.requests.steering import StateChanged, TransitionRequested
from outbound.events.types import EventType

REQUESTS: Mapping[EventType, type[Request]] = {
    EventType.DISPOSITION_REQUESTED: DispositionRequested,
    EventType.CONSENT_CHANGED: ConsentChanged,
    EventType.ARCHIVE_REQUESTED: ArchiveRequested,
    EventType.TRANSITION_REQUESTED: TransitionRequested,
    EventType.PROVISION_REQUESTED: ProvisionRequested,
    EventType.PULL_REQUESTED: PullRequested,
    EventType.AUDIT_REQUESTED: AuditRequested,
    EventType.SEGMENT_REQUESTED: SegmentRequested,
    EventType.ROLLOUT_REQUESTED: RolloutRequested,
}
"""What senders of webhooks may ask for."""

INTERNAL: Mapping[EventType, type[Request]] = {EventType.SUPPRESSION_REQUESTED: SuppressionRequested}
"""What capabilities ask of each other, and no sender of webhooks or files can."""

REPORTS: Mapping[EventType, type[Report]] = {
    EventType.METRICS_UPDATED: MetricsUpdated,
    EventType.STATE_CHANGED: StateChanged,
    EventType.DIALER_SETTINGS_UPDATED: DialerSettingsUpdated,
    EventType.DIALER_CAMPAIGN_ACTIVATED: DialerCampaignActivated,
}
"""What CXone reports by webhook."""

TICKS: Mapping[EventType, type[Report]] = {
    EventType.PULL_DUE: PullDue,
    EventType.ARCHIVE_DUE: ArchiveDue,
}
"""What the schedules send."""


def validated(event_type: EventType, data: object) -> dict[str, Any]:
    """Return the data of a request or a report of this type as it goes on the bus. Raises InvalidData."""
    return checked(REQUESTS.get(event_type) or REPORTS[event_type], data)
