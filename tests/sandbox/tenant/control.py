"""The control calls that only the tenant has."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from sandbox.tenant.state import TenantState, state_of
from sandbox.wire.asgi import CONTROL
from sandbox.wire.control import refusing_nonsense
from sandbox.wire.refusal import Refusal
from sandbox.world import read_world
from sandbox.world.moments import microseconds, parse_time

router = APIRouter(prefix=CONTROL)


def stats_of(state: TenantState) -> dict[str, Any]:
    """Return the use of each quota and of the token paths."""
    return {
        "quotas": state.quotas.counts(),
        "token_requests": state.tokens.requests,
        "tokens_issued": state.tokens.issued,
    }


@router.post("/expire-tokens", status_code=204)
async def expire_tokens(request: Request) -> Response:
    """Make every token that was issued worthless."""
    state_of(request).tokens.revoke_all()
    return Response(status_code=204)


@router.post("/calls", status_code=204)
async def add_call(request: Request) -> Response:
    """Add one record to a campaign, at its startTime or at `at` where it has no usable one."""
    with refusing_nonsense():
        document = await request.json()
        campaign_id, record = document["campaignId"], document["record"]
        started = parse_time(document["at"] if "at" in document else record["startTime"])
    log = state_of(request).calls.get(campaign_id)
    if log is None:
        raise Refusal(404, "not_found", "There is no such campaign.", field="campaignId")
    log.add(microseconds(started), record)
    return Response(status_code=204)


@router.put("/world", status_code=204)
async def replace_world(request: Request) -> Response:
    """Go over to another world without starting another process."""
    with refusing_nonsense():
        world = read_world(await request.json())
    state_of(request).load(world)
    return Response(status_code=204)
