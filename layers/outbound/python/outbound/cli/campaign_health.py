"""`outbound campaigns health`: how campaigns stand, those first that a person has to look at."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import date, datetime
from enum import Enum
from typing import Any

from outbound.abandonment_limit import CITATION, LIMIT
from outbound.campaign_records.health_records import Attention, HealthRecord, HealthRecords, Span
from outbound.cli.layout import record_lines
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.clock import format_time


def add_health(commands: Any) -> None:
    """Add this command to its group."""
    health = commands.add_parser(
        "health", help="state, success rate, abandoned calls and failover of campaigns, by need of attention"
    )
    health.add_argument("campaign_id", metavar="ID", nargs="?", default="", help="all that is known of one")
    health.set_defaults(run=_health)


def _health(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    records = HealthRecords(stack.state, stack.tenant)
    if chosen.campaign_id:
        record = records.get(chosen.campaign_id)
        if record is None:
            raise ValueError(
                f"{chosen.campaign_id} was not looked at yet: registered campaigns are within minutes;"
                f" see `outbound campaigns list`"
            )
        shown = "\n".join(record_lines(_all_of(record, stack.clock.now())))
        output.text(shown, _plain(asdict(record)))
        return
    now = stack.clock.now()
    registered = {each.campaign_id for each in stack.registry.all()}
    current = records.current(registered, now)
    rows = [_row(record, now) for record in sorted(current, key=_urgency)]
    output.rows(rows, "no campaign was looked at yet: registered ones are within minutes")


def _urgency(record: HealthRecord) -> tuple[int, str]:
    order = list(Attention)
    return min((order.index(each) for each in record.attention), default=len(order)), record.campaign_id


def _row(record: HealthRecord, now: datetime) -> dict[str, Any]:
    calls, view = record.calls, record.abandonment
    return {
        "campaign_id": record.campaign_id,
        "state": record.state.value,
        "attention": [each.value for each in record.attention],
        "success": _share(calls.success_rate) if calls else None,
        "threshold": _share(record.threshold),
        "calls": calls.calls if calls else None,
        "abandoned_period": _counted(view.period) if view else None,
        "abandoned_30_days": _counted(view.rolling) if view else None,
        "abandoned_reported": _share(view.reported) if view else None,
        "age_seconds": round((now - record.looked_at).total_seconds()),
    }


def _all_of(record: HealthRecord, now: datetime) -> dict[str, Any]:
    """Return what a person reads of one campaign."""
    calls, view, failover = record.calls, record.abandonment, record.failover
    return _row(record, now) | {
        "limit_of_abandoned": f"{LIMIT:.0%} of answered calls ({CITATION})",
        "name": record.name,
        "status_in_cxone": record.status_name,
        "wanted": record.wanted.value if record.wanted else None,
        "held_by": record.held_by,
        "open": record.window_open,
        "until": format_time(record.window_changes_at) if record.window_changes_at else None,
        "time_zone": record.time_zone,
        "measured_at": format_time(calls.measured_at) if calls else None,
        "success_proven": _bounds(calls.success_low, calls.success_high) if calls else None,
        "calls_under_way": calls.calls_under_way if calls else None,
        "agents_at_work": calls.agents_at_work if calls else None,
        "abandoned_level": view.level.value if view else None,
        "backup": failover.backup_id if failover else None,
        "no_failover_because": failover.reasons if failover else None,
    }


def _counted(span: Span) -> str:
    return f"{span.abandoned}/{span.answered} = {_share(span.share) or '-'} since {span.start}"


def _bounds(low: float | None, high: float | None) -> str | None:
    return None if low is None or high is None else f"{_share(low)} to {_share(high)}"


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.2%}"


def _plain(value: Any) -> Any:
    """Return a record's values as JSON has them."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value
