"""Requests for dialer settings, and what CXone reports of them."""

from __future__ import annotations

from pydantic import Field, JsonValue

from outbound.events.fields import SentCampaignId
from outbound.events.requests.base import InCxone, JudgedLater, Report


class RolloutRequested(JudgedLater):
    """Roll out dialer settings: checked, activated, watched, and rolled back where that fails.

    All that is wrong with it is named together, in `dialer.rollout_refused`; README has an example.
    """

    settings: JsonValue = None
    """The settings, all of them: `name`, `type`, `concurrency` and `algorithm`."""

    restore: JsonValue = None
    """In place of settings: the rollout whose snapshot is to be in force again."""

    campaigns: JsonValue = None
    """The ids of the campaigns that it concerns: they are watched after the activation."""

    reason: JsonValue = None
    """Why, for the audit."""

    override: JsonValue = None
    """`rules` that it goes beyond, who `approved_by` it, and the `reason`."""

    guard: JsonValue = None
    """`minutes` and `roll_back`, in place of the settings of the guard."""

    requested_by: JsonValue = None
    """Who wants it."""


class DialerSettingsUpdated(Report):
    """CXone reported new dialer settings."""

    settings: dict[str, JsonValue] = Field(min_length=1)
    """The settings as CXone's GET returns them."""


class DialerCampaignActivated(Report):
    """CXone reported that a campaign's dialer settings were activated."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone."""

    operation: InCxone
    """The operation as CXone's GET returns it."""
