"""What is known of the two campaigns of a failover when it is decided, and why one may not be started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from outbound.steering.evidence import Finding, Proof
from outbound.steering.health import Sample


class CampaignState(StrEnum):
    """What a campaign does, by CXone's last word on it."""

    ACTIVE = "active"
    PAUSING = "pausing"
    """It starts no more calls, and some are still under way."""

    PAUSED = "paused"
    ENDED = "ended"
    MISSING = "missing"
    """CXone has no such campaign."""

    UNKNOWN = "unknown"
    """CXone could not be asked, or said something that is not known."""


NOT_DIALLING = frozenset(
    {CampaignState.PAUSING, CampaignState.PAUSED, CampaignState.ENDED, CampaignState.MISSING}
)


class Refusal(StrEnum):
    """Why a campaign is not started, or why the other one does not take its place."""

    DISABLED = "disabled"
    HELD_BY_PERSON = "held_by_person"
    COOLING_DOWN = "cooling_down"
    SWITCH_UNDER_WAY = "switch_under_way"
    NO_BACKUP = "no_backup"
    OWN_BACKUP = "own_backup"
    """The campaign is named as its own backup."""

    MISSING = "missing"
    ENDED = "ended"
    STATE_UNKNOWN = "state_unknown"
    HELD = "held"
    OUTSIDE_WINDOW = "outside_window"
    WINDOW_UNKNOWN = "window_unknown"
    LIST_REFUSED = "list_refused"
    LIST_UNKNOWN = "list_unknown"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a campaign. None stands for what could not be found out, and permits nothing."""

    campaign_id: str
    state: CampaignState
    window_open: bool | None = None
    dials_since: datetime | None = None
    """Since when it is both active and within its hours, where that is known."""

    held_by: frozenset[str] = field(default_factory=frozenset)
    list_passes: bool | None = None
    """Whether its contact list passes the checks."""

    history: Sequence[Sample] = ()

    def start_refusals(self) -> list[Refusal]:
        """Return every reason why the campaign must not be started now."""
        refused = {
            Refusal.MISSING: self.state is CampaignState.MISSING,
            Refusal.ENDED: self.state is CampaignState.ENDED,
            Refusal.STATE_UNKNOWN: self.state is CampaignState.UNKNOWN,
            Refusal.HELD: bool(self.held_by),
            Refusal.OUTSIDE_WINDOW: self.window_open is False,
            Refusal.WINDOW_UNKNOWN: self.window_open is None,
            Refusal.LIST_REFUSED: self.list_passes is False,
            Refusal.LIST_UNKNOWN: self.list_passes is None,
        }
        # A campaign that is not there has no hours and no list to speak of.
        if refused[Refusal.MISSING]:
            return [Refusal.MISSING]
        return [refusal for refusal, holds in refused.items() if holds]

    def is_unhealthy(self, proof: Proof, now: datetime) -> bool:
        """Return True if its calls are proven to fail: those of the present, or the last that it made."""
        if self.state is CampaignState.ACTIVE:
            evidence = proof.of(self.history, now, self.dials_since)
            if evidence.finding is Finding.BREACH:
                return True
        return proof.last_of(self.history).finding is Finding.BREACH
