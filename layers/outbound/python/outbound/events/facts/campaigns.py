"""Facts about campaigns that were created or registered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from outbound.events.facts.base import Fact, Part, fact_class
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


@fact_class
class CampaignProvisioned(Fact):
    """A campaign was created in CXone, paused, and registered."""

    TYPE: ClassVar = EventType.CAMPAIGN_PROVISIONED

    campaign_id: str
    """The campaign's id in CXone."""

    name: str
    """What it is called."""

    key: str
    """By which a repeated request is known."""

    request_id: str
    """The event that asked."""

    purpose: str
    """`telemarketing`, `informational` or `debt_collection`."""

    contact_list_id: str
    """The list that it dials."""

    backup_campaign_id: str | None
    """The campaign that takes over."""

    status: str
    """`paused`: it is started by a request of its own."""


@fact_class
class ProvisionComplaint(Part):
    """What is wrong with a request to create a campaign."""

    field: str
    """The field that is wrong, like `hours.end`; empty where it is none."""

    rule: str
    """The rule that it breaks, as a short name."""

    message: str
    """What is wrong, and what would be right."""

    citation: str
    """Where the rule stands, where it is one of the law."""


@fact_class
class CampaignProvisionRejected(Fact):
    """A campaign was not created. What is not in the form of a name or a key is empty here."""

    TYPE: ClassVar = EventType.PROVISION_REJECTED

    name: str
    """What it was to be called."""

    key: str
    """By which a repeated request is known."""

    request_id: str
    """The event that asked."""

    reason: str
    """`invalid_request`, `conflict` (the name or the key is another campaign's) or `refused_by_cxone`."""

    message: str
    """All complaints in one text."""

    complaints: Sequence[ProvisionComplaint]
    """Each of them."""
