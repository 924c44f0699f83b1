"""Facts about the states that campaigns are brought to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from outbound.events.facts.base import Fact, fact_class
from outbound.events.types import EventType


@fact_class
class CampaignTransitioned(Fact):
    """A campaign does what was decided of it, or what another party has CXone do."""

    TYPE: ClassVar = EventType.CAMPAIGN_TRANSITIONED

    campaign_id: str
    """The campaign's id in CXone."""

    decision_id: str
    """The id of the event that asked, or of the failover; one of its own where another party decided."""

    from_state: str
    """What was said of it before: `active` or `paused`; `unknown` where nothing was known."""

    to_state: str
    """What CXone says that it does: `active`, `paused`, `pausing` (no new calls) or `ended`."""

    target_state: str
    """What was decided: `active` or `paused`."""

    party: str
    """Who decided: `person`, `failover`, or `cxone` for another party that CXone's reports tell of."""

    requested_by: str
    """Who exactly, as the request says; empty where it does not."""

    reason: str
    """Why, as the request says; empty where it does not."""

    decided_at: str
    """When it was decided."""


@fact_class
class TransitionRefused(Fact):
    """A campaign is not brought to a state that was asked for."""

    TYPE: ClassVar = EventType.TRANSITION_REFUSED

    campaign_id: str
    """The campaign's id in CXone."""

    decision_id: str
    """The id of the event that asked, or of the failover."""

    target_state: str
    """What was decided: `active` or `paused`."""

    status: str
    """`refused`, or `superseded` by a newer decision."""

    reasons: Sequence[str]
    """Why it is refused, as short names: `held`, `outside_window`, `window_unknown`, `ended`, `missing`,
    `state_unknown`; empty where it is superseded."""

    message: str
    """Why, in a text, and what to do."""

    party: str
    """Who decided: `person` or `failover`."""

    requested_by: str
    """Who exactly, as the request says; empty where it does not."""

    reason: str
    """Why it was asked for, as the request says; empty where it does not."""

    decided_at: str
    """When it was decided."""
