"""Requests to archive attempts."""

from __future__ import annotations

from pydantic import Field

from outbound.events.fields import Id, RetentionDays, SentCampaignId
from outbound.events.requests.base import Report, Request


class ArchiveDue(Report):
    """The tick of the schedule: archive every registered campaign. No data."""


class ArchiveRequested(Request):
    """Archive a campaign's finished attempts."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone; it has to be registered."""

    statuses: list[Id] | None = Field(None, min_length=1, max_length=20)
    """The outcomes to archive, of those that the settings approve; all of them unless given."""

    retention_days: RetentionDays | None = None
    """How long attempts are kept that name no time themselves."""
