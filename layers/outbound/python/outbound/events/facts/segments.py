"""Facts about segmentation: who of a campaign's list may be called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from outbound.events.facts.base import Fact, fact_class
from outbound.events.types import EventType


@fact_class
class CampaignSegmented(Fact):
    """The contacts of a campaign's list were judged, and the result is the campaign's current segment."""

    TYPE: ClassVar = EventType.CAMPAIGN_SEGMENTED

    campaign_id: str
    """The campaign's id in CXone."""

    request_id: str
    """The event that asked for it."""

    run_id: str
    """The run, by which its rows are found."""

    contact_list_id: str
    """The list whose contacts were judged."""

    query: str
    """The query that was sent to CXone; empty where every contact of the list was read."""

    judged_at: str
    """The moment by which contacts were judged."""

    finished_at: str
    """When the result was complete."""

    rules_version: str
    """The version of the rules by which contacts were judged."""

    contacts: int
    """How many contacts are in the segment."""

    callable: int
    """How many of them may be called at `judged_at`."""

    later: int
    """How many may be called later, and not yet."""

    refused: int
    """How many may not be called, whenever it is."""

    refusals: Mapping[str, int]
    """How many contacts each refusal keeps from being called at `judged_at`; a contact can have several."""

    conflicts: Mapping[str, int]
    """How many contacts CXone lists as agreed and the ledger forbids, by what the ledger says."""

    list_changed: bool
    """Whether the list had another length at the end: contacts may be missing from the segment."""


@fact_class
class CampaignSegmentFailed(Fact):
    """The contacts of a campaign's list could not be judged; the segment that was there is kept."""

    TYPE: ClassVar = EventType.SEGMENT_FAILED

    campaign_id: str
    """The campaign's id in CXone, empty where the request has none in the form of one."""

    request_id: str
    """The event that asked for it."""

    reason: str
    """`invalid_request`, `unknown_campaign`, `no_contact_list`, or what CXone refused."""

    field: str
    """The field that is wrong, if one is."""

    message: str
    """What is wrong, for people."""
