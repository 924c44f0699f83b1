"""Requests to find out who may be called."""

from __future__ import annotations

from pydantic import Field

from outbound.events.fields import AttributeName, AttributeValue, SentCampaignId
from outbound.events.requests.base import Request


class SegmentRequested(Request):
    """Find out which contacts of a campaign's list may be called, and which may not, and why."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone; it has to be registered, with a contact list."""

    attributes: dict[AttributeName, AttributeValue] = Field({}, max_length=10)
    """Only contacts whose attributes have these values, by their names at CXone."""
