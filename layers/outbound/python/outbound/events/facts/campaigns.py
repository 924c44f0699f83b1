"""Facts about the registry of campaigns."""

from __future__ import annotations

from typing import ClassVar

from outbound.events.facts.base import Fact, fact_class
from outbound.events.types import EventType


@fact_class
class CampaignRegistered(Fact):
    """A campaign was registered, or its registration changed."""

    TYPE: ClassVar = EventType.CAMPAIGN_REGISTERED

    campaign_id: str
    """The campaign's id in CXone."""

    revision: int
    """Which version of the registration it is, counted from 1."""

    enabled: bool
    """Whether its outcomes are pulled."""


@fact_class
class CampaignRemoved(Fact):
    """A campaign was taken out of the registry."""

    TYPE: ClassVar = EventType.CAMPAIGN_REMOVED

    campaign_id: str
    """The campaign's id in CXone."""

    revision: int
    """Which version of the registration it is."""
