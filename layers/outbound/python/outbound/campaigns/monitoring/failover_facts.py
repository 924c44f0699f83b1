"""The facts that are published about failovers, and what their evidence looks like."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from outbound.campaign_records.switches import SwitchRecord
from outbound.clock import format_time
from outbound.events import Event, new_event
from outbound.events.facts.failovers import CampaignFailedOver, CampaignFailoverFailed
from outbound.steering.evidence import Evidence
from outbound.steering.failover import Direction
from outbound.steering.health import Sample
from outbound.steering.switch import Step

_REASONS = {Step.FAILED: "not_in_time", Step.SUPERSEDED: "superseded"}


def evidence_of(evidence: Evidence) -> dict[str, Any]:
    """Return what a failover is decided on, as its fact shows it."""
    return {
        "finding": evidence.finding.value,
        "threshold": evidence.threshold,
        "counted": evidence.is_counted,
        "windows": [_window(each) for each in evidence.samples],
    }


def said_of(record: SwitchRecord) -> str:
    """Return in a text what a failover is decided on, for the reason of its transitions."""
    evidence = record.evidence
    side = "below" if record.switch.direction is Direction.FAIL_OVER else "above"
    shares = [window["success_rate"] for window in evidence["windows"]]
    shown = ", ".join(f"{share:.1%}" for share in shares if share is not None)
    return f"success rate {shown} is proven to be {side} {evidence['threshold']:.1%}"


def ended_fact(
    record: SwitchRecord, step: Step, refusals: Sequence[str], tenant: str, now: datetime
) -> Event:
    """Return the fact of a failover that has come to its end."""
    switch, moment = record.switch, format_time(now)
    about = {
        "campaign_id": record.primary_id,
        "direction": switch.direction.value,
        "paused_campaign_id": switch.leaving_id,
        "started_campaign_id": switch.taking_over_id,
        "decided_at": format_time(switch.decided_at),
        "evidence": record.evidence,
    }
    fact = (
        CampaignFailedOver(**about, completed_at=moment)  # type: ignore[arg-type]
        if step is Step.COMPLETE
        else CampaignFailoverFailed(
            **about,  # type: ignore[arg-type]
            reason=_REASONS[step],
            refusals=list(refusals),
            ended_at=moment,
        )
    )
    return new_event(fact, tenant, now, [record.primary_id, str(about["decided_at"])], record.correlation_id)


def _window(sample: Sample) -> dict[str, Any]:
    bounds = sample.bounds
    return {
        "start": format_time(sample.start),
        "end": format_time(sample.end),
        "source": sample.source.value,
        "calls": sample.calls,
        "successes": sample.successes,
        "success_rate": sample.success_rate,
        "lower": round(bounds.lower, 6),
        "upper": round(bounds.upper, 6),
    }
