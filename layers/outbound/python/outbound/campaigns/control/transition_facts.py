"""The facts that are published about transitions, and what people are told of a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from outbound.campaign_records.journals import DecisionNote, Result
from outbound.clock import format_time
from outbound.events import Event, new_event
from outbound.events.facts.steering import CampaignTransitioned, TransitionRefused
from outbound.steering.situation import CampaignState, Refusal
from outbound.steering.transitions import Target

_ADVICE = {
    Refusal.HELD: "it is held (`outbound campaigns show {id}` says by whom); resume it after that",
    Refusal.OUTSIDE_WINDOW: "its hours are over or not yet begun; resume it when they begin",
    Refusal.WINDOW_UNKNOWN: (
        "it names no time zone, so that its hours are unknown; use:"
        " outbound campaigns register {id} --time-zone ZONE"
    ),
    Refusal.ENDED: "it has ended in CXone; start it there",
    Refusal.MISSING: "CXone has no such campaign; check the id",
    Refusal.STATE_UNKNOWN: "CXone does not say in which state it is; try again, and see `outbound check`",
}


def transitioned(
    campaign_id: str,
    note: DecisionNote,
    before: CampaignState,
    state: CampaignState,
    tenant: str,
    now: datetime,
) -> Event:
    """Return the fact that a campaign does what a decision wants."""
    decision = note.decision
    fact = CampaignTransitioned(
        campaign_id=campaign_id,
        decision_id=decision.decision_id,
        from_state=before.value,
        to_state=state.value,
        target_state=decision.target.value,
        party=decision.party.value,
        requested_by=note.requested_by,
        reason=note.reason,
        decided_at=format_time(decision.decided_at),
    )
    return new_event(fact, tenant, now, [campaign_id, decision.decision_id], note.correlation_id)


def not_transitioned(campaign_id: str, note: DecisionNote, tenant: str, now: datetime) -> Event:
    """Return the fact that a decision is refused or superseded, as its note says."""
    decision = note.decision
    fact = TransitionRefused(
        campaign_id=campaign_id,
        decision_id=decision.decision_id,
        target_state=decision.target.value,
        status=note.result.value,
        reasons=list(note.refusals),
        message=_message(campaign_id, note),
        party=decision.party.value,
        requested_by=note.requested_by,
        reason=note.reason,
        decided_at=format_time(decision.decided_at),
    )
    return new_event(fact, tenant, now, [campaign_id, decision.decision_id], note.correlation_id)


def explained(campaign_id: str, refusals: Sequence[str]) -> str:
    """Return in a text why a campaign is not resumed, and what to do."""
    known = [_ADVICE.get(Refusal(each), each) for each in refusals]
    return "; ".join(each.format(id=campaign_id) for each in known)


def not_done(campaign_id: str, target: Target) -> str:
    """Return in words that a campaign was not brought to a state."""
    return f"{campaign_id} was not {'resumed' if target is Target.ACTIVE else 'paused'}"


def _message(campaign_id: str, note: DecisionNote) -> str:
    if note.result is Result.SUPERSEDED:
        return f"a newer decision about {campaign_id} counts"
    return f"{not_done(campaign_id, note.decision.target)}: {explained(campaign_id, note.refusals)}"
