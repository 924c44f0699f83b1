"""A campaign's health as JSON: six fields first by which CXone's documents know it, then what they rest on.

What is not known is null, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from outbound.abandonment_limit import LIMIT
from outbound.campaign_records.health_records import Calls, FailoverView, HealthRecord, Span
from outbound.campaign_records.reported_abandonment import ReportedAbandonment
from outbound.clock import format_time
from outbound.dashboard.board import Card
from outbound.steering.situation import CampaignState


def health_of(card: Card, now: datetime) -> dict[str, Any]:
    """Return what is known of a campaign's health."""
    health = card.health
    calls = health.calls if health else None
    return {
        "campaign_id": card.campaign_id,
        "status": _status(health),
        "active_calls": calls.calls_under_way if calls else None,
        "success_rate": calls.success_rate if calls else None,
        "failover_triggered": health and _has_failed_over(health.failover),
        "last_metric_update": _moment(calls.measured_at) if calls else None,
        "name": card.name,
        "looked_at": _moment(health.looked_at) if health else None,
        "age_seconds": max(0, int((now - health.looked_at).total_seconds())) if health else None,
        "attention": [each.value for each in health.attention] if health else None,
        "state": _state(health),
        "calls": _calls(calls, health),
        "window": _window(health),
        "abandonment": _abandonment(health),
        "reported_abandonment": _reported(card.reported),
        "failover": _failover(health.failover) if health else None,
        "work": _plain(asdict(card.overview)) if card.overview else None,
    }


def _status(health: HealthRecord | None) -> str | None:
    if health is None or (health.state is CampaignState.UNKNOWN and not health.status_name):
        return None
    return health.status_name or health.state.value


def _state(health: HealthRecord | None) -> dict[str, Any] | None:
    if health is None:
        return None
    return {
        "now": None if health.state is CampaignState.UNKNOWN else health.state.value,
        "since": _moment(health.state_since),
        "wanted": health.wanted.value if health.wanted else None,
        "held_by": list(health.held_by),
    }


def _calls(calls: Calls | None, health: HealthRecord | None) -> dict[str, Any] | None:
    if calls is None or health is None:
        return None
    return {
        "source": calls.source.value,
        "start": _moment(calls.start),
        "end": _moment(calls.end),
        "calls": calls.calls,
        "successes": calls.successes,
        "success_rate_low": calls.success_low,
        "success_rate_high": calls.success_high,
        "threshold": health.threshold,
        "agents_at_work": calls.agents_at_work,
    }


def _window(health: HealthRecord | None) -> dict[str, Any] | None:
    if health is None:
        return None
    return {
        "open": health.window_open,
        "changes_at": _moment(health.window_changes_at),
        "time_zone": health.time_zone or None,
    }


def _abandonment(health: HealthRecord | None) -> dict[str, Any] | None:
    view = health.abandonment if health else None
    if view is None:
        return None
    return {
        "level": view.level.value,
        "limit": LIMIT,
        "period": _span(view.period),
        "rolling": _span(view.rolling),
        "reported": view.reported,
    }


def _reported(reported: ReportedAbandonment | None) -> dict[str, Any] | None:
    newest = reported.newest if reported else None
    if reported is None or newest is None:
        return None
    return {
        "source": reported.source,
        "hour": _moment(newest.hour),
        "share": newest.share,
        "answered": newest.answered,
        "abandoned": newest.abandoned,
    }


def _span(span: Span) -> dict[str, Any]:
    return {
        "start": span.start.isoformat(),
        "end": span.end.isoformat(),
        "answered": span.answered,
        "abandoned": span.abandoned,
        "share": span.share,
    }


def _has_failed_over(failover: FailoverView | None) -> bool:
    return failover is not None and failover.switched == "fail_over"


def _failover(failover: FailoverView | None) -> dict[str, Any] | None:
    if failover is None:
        return None
    return {
        "backup_id": failover.backup_id,
        "reasons": list(failover.reasons),
        "held_by_person": failover.held_by_person,
        "switched": failover.switched or None,
        "switched_at": _moment(failover.switched_at),
        "under_way": failover.under_way,
    }


def _moment(moment: datetime | None) -> str | None:
    return format_time(moment) if moment else None


def _plain(value: Any) -> Any:
    """Return what JSON has in place of moments, in depth."""
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    return [_plain(each) for each in value]
