"""Reports of the dialer: its metrics by the hour, and the tenant's audit log, both in pages.

Assumptions: an hour is named by its beginning as `hour`; counts stand beside the shares as answeredCalls and
abandonedCalls; an audit entry has id, timestamp, actor, action, entity, versionTag and details, the newest
first; both take startTime and endTime.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from fastapi import APIRouter, Request

from sandbox.tenant.dialer import expected_abandonment
from sandbox.tenant.dialer_book import Entry
from sandbox.tenant.gate import admit
from sandbox.tenant.reading import invalid, whole_number
from sandbox.tenant.state import TenantState, state_of
from sandbox.world.moments import parse_time

router = APIRouter()

#: What can be asked for.
METRICS = ("efficiency", "abandonmentRate", "answerRate", "averageWaitTime")
_ANSWER_RATE, _ANSWERED_AN_HOUR = 0.3, 400
_HOUR = timedelta(hours=1)
_MOST_HOURS = 24 * 31


@router.get("/api/v1/analytics/dialer/metrics")
async def show_metrics(request: Request) -> dict[str, Any]:
    """Answer with a campaign's metrics by the hour; they answer to the dialer's settings."""
    admit(request, "analytics:read", quota="dialer")
    state, query = state_of(request), request.query_params
    campaign_id = query.get("campaignId", "")
    if campaign_id not in state.statuses:
        raise invalid("campaignId", "is not a campaign")
    asked = query.getlist("metrics") or list(METRICS)
    if unknown := [each for each in asked if each not in METRICS]:
        raise invalid("metrics", f"has no {unknown[0]}")
    if query.get("groupBy", "hour") != "hour":
        raise invalid("groupBy", "is hour")
    rows = [_row(state, campaign_id, hour, asked) for hour in _hours(request)]
    return _page(request, rows, "results")


@router.get("/api/v1/audit/logs")
async def show_log(request: Request) -> dict[str, Any]:
    """Answer with the audit log, the newest entry first."""
    admit(request, "audit:read", quota="dialer")
    query, state = request.query_params, state_of(request)
    if query.get("entity") != "dialer":
        raise invalid("entity", "is dialer")
    state.dialer.settings()
    start, end = _moment(request, "startTime"), _moment(request, "endTime")
    entries = [
        _shown(entry)
        for entry in reversed(state.dialer.log)
        if (start is None or entry.at >= start.timestamp()) and (end is None or entry.at < end.timestamp())
    ]
    return _page(request, entries, "logs")


def _row(state: TenantState, campaign_id: str, hour: datetime, asked: Sequence[str]) -> dict[str, Any]:
    forced = state.dialer_shares.get(campaign_id)
    ratio = state.dialer.settings()["algorithm"]["dial_ratio"]
    abandonment = expected_abandonment(ratio) if forced is None else forced
    # A little noise that follows from the hour, so that hours differ and the same hour never does.
    noise = blake2b(f"{campaign_id}{hour.isoformat()}".encode(), digest_size=2).digest()[0] / 255
    answered = int(_ANSWERED_AN_HOUR * (0.8 + 0.4 * noise))
    values = {
        "efficiency": round(min(0.99, 0.5 + 0.1 * ratio), 4),
        "abandonmentRate": round(abandonment, 4),
        "answerRate": _ANSWER_RATE,
        "averageWaitTime": round(max(0.5, 30 / max(ratio, 0.1)), 2),
    }
    return {
        "campaignId": campaign_id,
        "hour": hour.isoformat().replace("+00:00", "Z"),
        "answeredCalls": answered,
        "abandonedCalls": int(answered * abandonment),
        **{name: values[name] for name in asked},
    }


def _hours(request: Request) -> list[datetime]:
    now = datetime.now(UTC)
    start = _moment(request, "startTime") or now - timedelta(days=1)
    end = min(now, _moment(request, "endTime") or now)
    hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = []
    while hour < end and len(hours) < _MOST_HOURS:
        hours.append(hour)
        hour += _HOUR
    return hours


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError:
        raise invalid(name, "is a time like 2026-01-31T08:00:00Z") from None


def _page(request: Request, rows: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    given = request.query_params
    size = whole_number(given, "pageSize", 100, 1, 500)
    text = given.get("pageToken", "p0")
    if not (text.startswith("p") and text[1:].isdigit()):
        raise invalid("pageToken", "is not a page token")
    start = int(text[1:])
    page: dict[str, Any] = {name: list(rows[start : start + size])}
    if start + size < len(rows):
        page["nextPageToken"] = f"p{start + size}"
    return page


def _shown(entry: Entry) -> dict[str, Any]:
    at = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "id": entry.entry_id,
        "timestamp": at,
        "actor": entry.actor,
        "action": entry.action,
        "entity": "dialer",
        "versionTag": entry.version,
        "details": dict(entry.details),
    }
