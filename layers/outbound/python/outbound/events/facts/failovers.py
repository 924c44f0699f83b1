"""Facts about campaigns that give way to their backups, and take over again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from outbound.events.facts.base import Fact, fact_class
from outbound.events.types import EventType


@fact_class
class CampaignFailedOver(Fact):
    """The calls of a campaign were moved to its backup, or back to it."""

    TYPE: ClassVar = EventType.CAMPAIGN_FAILED_OVER

    campaign_id: str
    """The campaign that has the backup."""

    direction: str
    """`fail_over` to the backup, or `fail_back` from it."""

    paused_campaign_id: str
    """The campaign that dials no more."""

    started_campaign_id: str
    """The campaign that dials in its place."""

    decided_at: str
    """When it was decided."""

    completed_at: str
    """When the one was seen paused and the other one active."""

    evidence: Mapping[str, Any]
    """What it was decided on: finding, threshold, whether calls were counted, windows (newest first)."""


@fact_class
class CampaignFailoverFailed(Fact):
    """A failover or a fail-back was begun and not completed; what is paused stays paused."""

    TYPE: ClassVar = EventType.CAMPAIGN_FAILOVER_FAILED

    campaign_id: str
    """The campaign that has the backup."""

    direction: str
    """`fail_over` to the backup, or `fail_back` from it."""

    paused_campaign_id: str
    """The campaign that was to be paused."""

    started_campaign_id: str
    """The campaign that was to dial in its place."""

    reason: str
    """`not_in_time`, or `superseded` by a newer decision about either campaign."""

    refusals: Sequence[str]
    """What kept the other campaign from being started, as short names."""

    decided_at: str
    """When it was decided."""

    ended_at: str
    """When it was given up."""

    evidence: Mapping[str, Any]
    """What it was decided on: finding, threshold, whether calls were counted, windows (newest first)."""


@fact_class
class CampaignFailoverHeld(Fact):
    """A person keeps a campaign's failover and fail-back from beginning."""

    TYPE: ClassVar = EventType.CAMPAIGN_FAILOVER_HELD

    campaign_id: str
    """The campaign that has the backup."""

    by: str
    """Who: a role, no name."""

    reason: str
    """Why."""

    held_at: str
    """From when on."""


@fact_class
class CampaignFailoverReleased(Fact):
    """A campaign's failover may happen again."""

    TYPE: ClassVar = EventType.CAMPAIGN_FAILOVER_RELEASED

    campaign_id: str
    """The campaign that has the backup."""

    by: str
    """Who released it: a role, no name."""

    reason: str
    """Why."""

    held_at: str
    """From when on it was held."""

    released_at: str
    """Until when."""
