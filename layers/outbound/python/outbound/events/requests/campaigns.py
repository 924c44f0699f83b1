"""Requests to create campaigns, and what CXone reports of their metrics."""

from __future__ import annotations

from pydantic import Field, JsonValue

from outbound.events.fields import SentCampaignId
from outbound.events.requests.base import JudgedLater, Report


class ProvisionRequested(JudgedLater):
    """Create a campaign in CXone, paused, and register it.

    All that is wrong with it is named together, in `campaign.provision_rejected`; README has an example.
    """

    name: JsonValue = None
    """What the campaign is called in CXone: there is one of that name, whatever is cut off."""

    key: JsonValue = None
    """By which a repeated request is known; derived from the name unless given."""

    description: JsonValue = None
    """A text for people."""

    purpose: JsonValue = None
    """`telemarketing` (unless given), `informational` or `debt_collection`."""

    seller: JsonValue = None
    """On whose behalf is called."""

    subject: JsonValue = None
    """What is offered; calls are counted per person and subject."""

    contact_list_id: JsonValue = None
    """The list that is dialled; it exists and is not empty."""

    queue_id: JsonValue = None
    """The queue whose agents get the calls."""

    time_zone: JsonValue = None
    """By whose clock CXone dials: a name of the IANA database."""

    predictive: JsonValue = None
    """`answer_ratio`, `max_calls_in_flight`, `call_rate` and `abandonment_threshold` of the dialer."""

    hours: JsonValue = None
    """`days` (mon to sun), `start` and `end`."""

    caps: JsonValue = None
    """`per_day` and `per_week` for each person, `campaign_per_day` for all together."""

    failover: JsonValue = None
    """`enabled`, `threshold_type`, `threshold_value` and `window_minutes`."""

    backup_campaign_id: JsonValue = None
    """The campaign that takes over; it exists and is another one."""

    states: JsonValue = None
    """The states in which the list's people live, like NY; without them the strictest rule counts."""


class MetricsUpdated(Report):
    """CXone reported a campaign's metrics."""

    campaign_id: SentCampaignId
    """The campaign's id in CXone."""

    metrics: dict[str, JsonValue] = Field(min_length=1)
    """The metrics as CXone's GET returns them."""
