"""Requests to pause and resume campaigns, and what CXone reports of their states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field
from pydantic.alias_generators import to_camel

from outbound.campaign_ids import is_campaign_id
from outbound.events.fields import SentCampaignId, as_text
from outbound.events.requests.base import InCxone, Report, Request

LONGEST_REASON, LONGEST_REQUESTER = 256, 128
"""So many characters of why and by whom a campaign is to be paused or resumed are taken."""


class TransitionRequested(Request):
    """Bring a campaign into a state."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone."""

    target_state: Literal["active", "paused"]
    """The state."""

    reason: str | None = Field(None, max_length=LONGEST_REASON)
    """Why, for the audit."""

    requested_by: str | None = Field(None, max_length=LONGEST_REQUESTER)
    """Who asks, for the audit: a role or a system, and not a person's name."""


class StateChanged(Report):
    """CXone reported that a campaign changed its state."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone."""

    campaign: InCxone
    """The campaign as CXone's GET returns it."""


def pause_in(data: object) -> dict[str, Any] | None:
    """Return the data of a request to pause, whatever else is wrong with it; None where it is not one.

    A pause needs which campaign and that, nothing else. Of why and by whom is kept what can be.
    """
    if not isinstance(data, Mapping):
        return None
    campaign_id, target = _first_text(data, "campaign_id"), _first_text(data, "target_state")
    if not is_campaign_id(campaign_id) or target.casefold() != "paused":
        return None
    pause = {"campaign_id": campaign_id, "target_state": "paused"}
    for name, longest in (("reason", LONGEST_REASON), ("requested_by", LONGEST_REQUESTER)):
        # Half of a surrogate pair is in no text that can be published.
        if text := _first_text(data, name).encode(errors="replace").decode():
            pause[name] = text[:longest]
    return pause


def _first_text(data: Mapping[Any, Any], name: str) -> str:
    """Return a field without blanks around it, however its name is written; empty where it is not a text."""
    given = (as_text(data.get(spelt)) for spelt in (name, to_camel(name)))
    return next((text for each in given if isinstance(each, str) and (text := each.strip())), "")
