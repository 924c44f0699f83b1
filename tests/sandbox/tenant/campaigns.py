"""Creating campaigns, reading them, and changing their status, on the campaigns' surface."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from sandbox.tenant.archive import status_of
from sandbox.tenant.campaign_forms import read_campaign
from sandbox.tenant.campaign_status import CampaignStatus
from sandbox.tenant.gate import admit
from sandbox.tenant.reading import fields_of, invalid, json_body, single_values, whole_number
from sandbox.tenant.state import TenantState, state_of
from sandbox.wire.asgi import CONTROL
from sandbox.wire.refusal import Refusal
from sandbox.world import CAMPAIGN_STATUSES, Campaign, iso

router = APIRouter()

_PATH = "/api/v2/omnichannel/campaigns"
_READ, _WRITE = "omnichannel:campaigns:read", "omnichannel:campaigns:write"
_CHANGED = "omnichannel.campaign.state.change"
_DEFAULT_PAGE_SIZE, _HIGHEST_PAGE_SIZE = 25, 100


@router.post(_PATH)
async def create(request: Request) -> JSONResponse:
    """Create a campaign; with the key of an earlier request, answer what that one was answered."""
    admit(request, _WRITE, quota="campaigns")
    state, key = state_of(request), request.headers.get("x-idempotency-key", "")
    body = await json_body(request)
    if known := state.campaigns.answered("POST", key, body):
        return JSONResponse(known[1], known[0])
    campaign_id = _created(state, read_campaign(body))
    answer = _shown(state, state.statuses[campaign_id])
    state.campaigns.remember("POST", key, body, (201, answer))
    return JSONResponse(answer, 201)


@router.get(_PATH)
async def list_campaigns(request: Request) -> dict[str, Any]:
    """List campaigns, those whose name begins with `name` where it is given.

    Assumption: the document lists no campaigns; without that nobody could tell what a lost answer made.
    """
    admit(request, _READ, quota="campaigns")
    state = state_of(request)
    given = single_values(request, ("name", "page", "pageSize"))
    page = whole_number(given, "page", 1, 1, 10**6)
    size = whole_number(given, "pageSize", _DEFAULT_PAGE_SIZE, 1, _HIGHEST_PAGE_SIZE)
    shown = [_shown(state, one) for one in state.statuses.values()]
    named = [one for one in shown if one["name"].startswith(given.get("name", ""))]
    return {"campaigns": named[(page - 1) * size : page * size], "total": len(named)}


@router.get(f"{_PATH}/{{campaign_id}}")
async def show(request: Request, campaign_id: str) -> dict[str, Any]:
    """Answer with a campaign: its settings as they were given, its status and its version."""
    admit(request, _READ, quota="campaigns")
    return _shown(state_of(request), status_of(request, campaign_id))


@router.put(f"{_PATH}/{{campaign_id}}")
async def change_status(request: Request, campaign_id: str) -> JSONResponse:
    """Change a campaign's status and nothing else; 409 where it is what is asked for, or has ended."""
    admit(request, _WRITE, quota="campaigns")
    state, status = state_of(request), status_of(request, campaign_id)
    call, key = f"PUT {campaign_id}", request.headers.get("x-idempotency-key", "")
    body = await json_body(request)
    if known := state.campaigns.answered(call, key, body):
        return JSONResponse(known[1], known[0])
    # Assumption: a status is sent alone, as a change of settings and status in one has been seen to fail.
    wanted = str(fields_of(body, "body", ("status",)).get("status")).upper()
    if wanted not in CAMPAIGN_STATUSES:
        raise invalid("status", "is active or paused")
    if status.now() == wanted or status.now() not in (*CAMPAIGN_STATUSES, "PAUSING"):
        raise Refusal(409, "conflict", f"The campaign is {status.now().lower()}.", field="status")
    status.ask(wanted)
    answer = _shown(state, status)
    state.campaigns.remember(call, key, body, (200, answer))
    return JSONResponse(answer)


@router.get(f"{CONTROL}/campaigns/created")
async def show_created(request: Request) -> dict[str, Any]:
    """Show every campaign that was created, with its settings as they were given."""
    state = state_of(request)
    return {"campaigns": [_shown(state, state.statuses[one]) for one in state.campaigns.settings]}


@router.put(f"{CONTROL}/campaigns/{{campaign_id}}/announced", status_code=204)
async def announce(request: Request, campaign_id: str) -> Response:
    """Send the campaign to the webhooks that asked for its state, whenever that changes from now on."""
    state, status = state_of(request), status_of(request, campaign_id)

    def send() -> None:
        event = {"id": f"evt_{uuid4().hex}", "type": _CHANGED, "occurredAt": iso(datetime.now(UTC))}
        state.webhooks.emit({**event, "campaignId": campaign_id, "data": _shown(state, status)})

    def tell() -> None:
        send()
        if seconds := status.seconds_to_pause():
            asyncio.get_running_loop().call_later(seconds + 0.01, send)

    if not status.told:
        status.told.append(tell)
    return Response(status_code=204)


def _created(state: TenantState, given: Mapping[str, Any]) -> str:
    """Have a new campaign on all surfaces. Assumption: several may have the same name."""
    now = datetime.now(UTC).replace(microsecond=0)
    campaign = Campaign(
        id=f"cmp_{uuid4().hex[:12]}",
        start=now,
        end=now + timedelta(days=365),
        name=given["name"],
        queue_id=given["queueId"],
        status=given.get("status", "active").upper(),
    )
    state.campaigns.settings[campaign.id] = given
    state.add_campaign(campaign)
    return campaign.id


def _shown(state: TenantState, status: CampaignStatus) -> dict[str, Any]:
    campaign = status.campaign
    settings = state.campaigns.settings.get(campaign.id, {"queueId": campaign.queue_id})
    shown = {**settings, "id": campaign.id, "name": campaign.name, "status": status.now().lower()}
    return {**shown, "version": 1 + len(status.changes)}
