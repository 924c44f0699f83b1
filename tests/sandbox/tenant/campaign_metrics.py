"""Metrics of campaigns, on the campaigns' surface and by webhook, as a script lets them go."""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from sandbox.tenant.archive import status_of
from sandbox.tenant.campaign_status import CampaignStatus
from sandbox.tenant.gate import admit
from sandbox.tenant.reading import single_values, whole_number
from sandbox.tenant.state import TenantState, state_of
from sandbox.wire.asgi import CONTROL
from sandbox.wire.control import refusing_nonsense
from sandbox.wire.refusal import Refusal
from sandbox.world import iso
from sandbox.world.metrics_script import MetricsScript, read_script

router = APIRouter()

_METRICS = "/api/v2/omnichannel/campaigns/{campaign_id}/metrics"
_CONTROL = f"{CONTROL}/campaigns/{{campaign_id}}/metrics"
_UPDATED = "omnichannel.campaign.metrics.update"
_DEFAULT_MINUTES, _MOST_MINUTES = 30, 1440


@router.get(_METRICS)
async def show_metrics(request: Request, campaign_id: str) -> Response:
    """Answer with a campaign's metrics over the last `windowMinutes`; 204 where none were measured.

    The document names successRate, activeCalls, failoverTriggered and lastUpdated. Assumptions: that it is a
    share from 0 to 1, that a window's own moments and counts are named as here, and that there is nothing to
    answer of a campaign that was never measured.
    """
    admit(request, "analytics:read", quota="campaigns")
    status = status_of(request, campaign_id)
    given = single_values(request, ("windowMinutes",))
    minutes = whole_number(given, "windowMinutes", _DEFAULT_MINUTES, 1, _MOST_MINUTES)
    metrics = metrics_of(state_of(request), status, minutes, time.time())
    return Response(status_code=204) if metrics is None else JSONResponse(metrics)


@router.put(_CONTROL, status_code=204)
async def follow_script(request: Request, campaign_id: str) -> Response:
    """Let a campaign's metrics follow a script from now on."""
    status_of(request, campaign_id)
    with refusing_nonsense():
        script = read_script(await request.json(), time.time())
    state_of(request).scripts[campaign_id] = script
    return Response(status_code=204)


@router.post(f"{_CONTROL}/emit", status_code=202)
async def emit_metrics(request: Request, campaign_id: str) -> dict[str, Any]:
    """Send a campaign's metrics of now to the webhooks that asked for them."""
    state, status = state_of(request), status_of(request, campaign_id)
    given = single_values(request, ("windowMinutes",))
    minutes = whole_number(given, "windowMinutes", _DEFAULT_MINUTES, 1, _MOST_MINUTES)
    metrics = metrics_of(state, status, minutes, time.time())
    if metrics is None:
        raise Refusal(409, "conflict", "Nothing was measured of the campaign.", field="campaignId")
    event = {"id": f"evt_{uuid4().hex}", "type": _UPDATED, "occurredAt": iso(datetime.now(UTC))}
    return {"deliveries": state.webhooks.emit({**event, "campaignId": campaign_id, "data": metrics})}


def metrics_of(state: TenantState, status: CampaignStatus, minutes: int, now: float) -> dict[str, Any] | None:
    """Return a campaign's metrics over a window that ends when they were measured last."""
    script = state.scripts.get(status.campaign.id)
    measured = None if script is None else script.measured_at(now)
    return None if script is None or measured is None else _shown(script, status, minutes, measured)


def _shown(script: MetricsScript, status: CampaignStatus, minutes: int, end: float) -> dict[str, Any]:
    start = max(script.began, end - minutes * 60 / script.speed)
    counts, stage = script.counts(start, end, status.dialled(until=end)), script.stage_at(end)
    dials = status.now() != "PAUSED"
    shown = {
        "campaignId": status.campaign.id,
        "windowMinutes": minutes,
        "windowStart": _iso(start),
        "windowEnd": _iso(end),
        "lastUpdated": _iso(end),
        "failoverTriggered": False,
        "activeCalls": stage.calls_under_way if dials else 0,
        "agentsWorking": stage.agents,
    }
    if counts.calls:
        shown["successRate"] = round(counts.successes / counts.calls, 6)
    if counts.answered:
        shown["abandonmentRate"] = round(counts.abandoned / counts.answered, 6)
    if not stage.counts:
        return shown
    return shown | {
        "totalCalls": counts.calls,
        "successfulCalls": counts.successes,
        "answeredCalls": counts.answered,
        "abandonedCalls": counts.abandoned,
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
