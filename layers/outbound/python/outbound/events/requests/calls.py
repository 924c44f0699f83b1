"""Requests about calls that were made."""

from __future__ import annotations

from outbound.events.fields import SentCampaignId, Time
from outbound.events.requests.base import Request


class AuditRequested(Request):
    """Judge the calls of a period again, window by window in the order of time."""

    campaign_id: SentCampaignId | None = None
    """The campaign's id in CXone; without it the calls of all campaigns."""

    start: Time
    """Windows that end after that."""

    end: Time
    """Windows that start before that; 400 days after the start at most."""
