"""Requests to pull outcomes."""

from __future__ import annotations

from outbound.events.fields import SentCampaignId, Time
from outbound.events.requests.base import Report, Request


class PullDue(Report):
    """The tick of the schedule: plan the pulls of every registered campaign. No data."""


class PullRequested(Request):
    """Pull a campaign's outcomes between two times."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone; it has to be registered."""

    start: Time
    """Calls that began then or later."""

    end: Time
    """Calls that began before."""

    refresh: bool = False
    """Whether windows that are pulled already are pulled again."""
