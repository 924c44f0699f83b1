"""Puts together the health record of a campaign: what a look found, and why a person has to look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from outbound.campaign_records.chart_points import chart_points
from outbound.campaign_records.health_records import (
    AbandonmentView,
    Attention,
    Calls,
    FailoverView,
    HealthRecord,
)
from outbound.campaigns.monitoring.failovers import FailoverState
from outbound.campaigns.monitoring.looks import Look
from outbound.steering.abandonment import Level
from outbound.steering.evidence import Finding
from outbound.steering.failover import Action, Decision, Direction, Pair, Ring, decide
from outbound.steering.health import Sample, newest
from outbound.steering.settings import FailoverSettings
from outbound.steering.situation import CampaignState
from outbound.steering.switch import Step

# So long a failover that failed is shown, unless another one follows.
_FAILED_SHOWN = timedelta(days=1)
_OF_RINGS = {
    Ring.STALE: Attention.METRICS_STALE,
    Ring.UNATTENDED: Attention.UNATTENDED,
    Ring.CANNOT: Attention.CANNOT_FAIL_OVER,
}


@dataclass(frozen=True, slots=True)
class Found:
    """All that a tick found out of a campaign. `failover` is None where it never had a backup."""

    look: Look
    abandonment: AbandonmentView
    abandonment_rings: bool
    failover: FailoverState | None


def health_record(
    found: Found, before: HealthRecord | None, settings: FailoverSettings, now: datetime
) -> HealthRecord:
    """Return a campaign's record.

    Args:
        found: What was found out.
        before: The record of the last look, None for the first one.
        settings: What the failover is decided by.
        now: The moment of the look.
    """
    look, situation = found.look, found.look.situation
    threshold = look.profile.failover_threshold
    decision = decide(Pair(situation, None, threshold=threshold), settings, now)
    view = _failover_view(look, found.failover)
    seen = look.seen
    return HealthRecord(
        campaign_id=look.campaign_id,
        name=look.name,
        looked_at=now,
        state=situation.state,
        status_name=seen.status_name if seen else "",
        state_since=_state_since(situation.state, before, now),
        wanted=seen.wanted if seen else None,
        held_by=tuple(sorted(situation.held_by)),
        window_open=look.window.is_open,
        window_changes_at=look.window.changes_at,
        time_zone=look.window.time_zone,
        threshold=settings.threshold if threshold is None else threshold,
        calls=_calls(newest(look.history)),
        abandonment=found.abandonment,
        failover=view,
        attention=tuple(sorted(set(_attention(found, decision, now)), key=list(Attention).index)),
        recent=chart_points(look.history, now),
    )


def _attention(found: Found, decision: Decision, now: datetime) -> Iterator[Attention]:
    look, state = found.look, found.look.situation.state
    if look.seen is None or state is CampaignState.MISSING:
        yield Attention.NOT_SEEN
    elif not look.seen.as_wanted:
        yield Attention.NOT_AS_WANTED
    # What the backup of one that failed over rings for, the backup's own record has.
    yield from (_OF_RINGS[ring] for ring in decision.rings if ring is not Ring.CANNOT)
    if decision.cause and decision.cause.finding is Finding.BREACH:
        yield Attention.BREACH
    if found.abandonment_rings:
        is_over = found.abandonment.level is Level.OVER
        yield Attention.ABANDONMENT_OVER if is_over else Attention.ABANDONMENT_NEAR
    if found.failover:
        yield from _of_failover(found.failover, state, now)


def _of_failover(failover: FailoverState, state: CampaignState, now: datetime) -> Iterator[Attention]:
    if failover.decision and Ring.CANNOT in failover.decision.rings:
        yield Attention.CANNOT_FAIL_OVER
    last = failover.record.last
    if last is None:
        return
    if last.ended is None:
        yield Attention.FAILOVER_UNDER_WAY
    elif state is CampaignState.ACTIVE:
        return
    elif last.ended is Step.FAILED and last.ended_at and now - last.ended_at < _FAILED_SHOWN:
        yield Attention.FAILOVER_FAILED
    elif last.ended is Step.COMPLETE and last.switch.direction is Direction.FAIL_OVER:
        yield Attention.FAILED_OVER


def _failover_view(look: Look, failover: FailoverState | None) -> FailoverView | None:
    if failover is None:
        return None
    last, decision = failover.record.last, failover.decision
    reasons = failover.waits_for
    if decision and decision.action in (Action.NONE, Action.CANNOT):
        reasons = tuple(each.value for each in decision.reasons)
    return FailoverView(
        look.profile.backup_campaign_id,
        reasons,
        failover.record.hold is not None,
        last.switch.direction.value if last else "",
        last.switch.decided_at if last else None,
        last is not None and last.ended is None,
    )


def _state_since(state: CampaignState, before: HealthRecord | None, now: datetime) -> datetime | None:
    """Return since when a campaign is in its state, as the looks have seen it; None for the first one."""
    if before is None:
        return None
    return before.state_since if before.state is state else now


def _calls(sample: Sample | None) -> Calls | None:
    if sample is None:
        return None
    is_counted = sample.counted_successes is not None
    return Calls(
        source=sample.source,
        start=sample.start,
        end=sample.end,
        measured_at=sample.measured_at,
        calls=sample.calls,
        successes=sample.successes,
        success_rate=sample.success_rate,
        success_low=sample.bounds.lower if is_counted else None,
        success_high=sample.bounds.upper if is_counted else None,
        calls_under_way=sample.calls_under_way,
        agents_at_work=sample.agents_at_work,
    )
