"""Registering webhooks on the campaigns' and on the dialer's surface, and making the tenant send.

The documents have POST alone. Listing, replacing and removing (GET and PUT and DELETE below the same
paths, PUT with the whole body of the POST) are assumptions: without them nobody could tell whether a
webhook is registered already.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from sandbox.tenant.gate import admit
from sandbox.tenant.reading import json_body
from sandbox.tenant.state import state_of
from sandbox.tenant.webhook_forms import (
    CAMPAIGN_EVENTS,
    DIALER_EVENTS,
    Registration,
    read_campaigns,
    read_dialer,
)
from sandbox.tenant.webhook_sending import Webhook
from sandbox.wire.asgi import CONTROL
from sandbox.wire.control import refusing_nonsense
from sandbox.wire.refusal import Refusal
from sandbox.world import iso, parse_time

router = APIRouter()

_EMIT = {"type", "campaignId", "data", "id", "occurredAt", "times"}
_MOST_AT_A_TIME = 10_000


def _surface(
    name: str, path: str, read: Callable[[Any], Registration], read_scope: str, write_scope: str
) -> None:
    """Offer the calls of one surface. Only its writes count against the dialer's quota."""
    listing_quota = "" if name == "dialer" else name

    @router.post(path, status_code=201)
    async def register(request: Request) -> Response:
        admit(request, write_scope, quota=name)
        webhook = state_of(request).webhooks.register(read(await json_body(request)))
        return JSONResponse(webhook.shown(), 201)

    @router.get(path)
    async def show_all(request: Request) -> dict[str, Any]:
        admit(request, read_scope, quota=listing_quota)
        return {"webhooks": [one.shown() for one in state_of(request).webhooks.of(name)]}

    @router.put(f"{path}/{{webhook_id}}")
    async def replace(request: Request, webhook_id: str) -> dict[str, Any]:
        admit(request, write_scope, quota=name)
        webhook = _known(request, name, webhook_id)
        webhook.registration = read(await json_body(request))
        return webhook.shown()

    @router.delete(f"{path}/{{webhook_id}}", status_code=204)
    async def remove(request: Request, webhook_id: str) -> Response:
        admit(request, write_scope, quota=name)
        del state_of(request).webhooks.registered[_known(request, name, webhook_id).id]
        return Response(status_code=204)


# Assumption: on the campaigns' surface, which names one scope for webhooks, it lists them as well.
_surface(
    "campaigns",
    "/api/v2/omnichannel/webhooks",
    read_campaigns,
    "omnichannel:webhooks:write",
    "omnichannel:webhooks:write",
)
_surface("dialer", "/api/v1/integrations/webhooks", read_dialer, "webhooks:read", "webhooks:write")


@router.post(f"{CONTROL}/emit", status_code=202)
async def emit(request: Request) -> dict[str, Any]:
    """Send an event, or several with ids of their own; with an `id` given, the same one several times."""
    with refusing_nonsense():
        events = _events(await request.json())
    webhooks = state_of(request).webhooks
    return {"ids": [one["id"] for one in events], "deliveries": sum(webhooks.emit(one) for one in events)}


@router.get(f"{CONTROL}/webhooks")
async def show_webhooks(request: Request) -> dict[str, Any]:
    """Show every webhook with what was sent to it."""
    return {"webhooks": [one.counts() for one in state_of(request).webhooks.registered.values()]}


def _events(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    if unknown := set(document) - _EMIT:
        raise ValueError(f"no such part {sorted(unknown)}")
    if document["type"] not in (*CAMPAIGN_EVENTS, *DIALER_EVENTS):
        raise ValueError(f"the tenant has no event {document['type']!r}")
    times = document.get("times", 1)
    if not 1 <= times <= _MOST_AT_A_TIME:
        raise ValueError(f"times is from 1 to {_MOST_AT_A_TIME}")
    occurred = parse_time(document["occurredAt"]) if "occurredAt" in document else datetime.now(UTC)
    common = {"type": document["type"], "occurredAt": iso(occurred)}
    if "campaignId" in document:
        common["campaignId"] = document["campaignId"]
    data = document.get("data", {})
    return [{"id": document.get("id") or f"evt_{uuid4().hex}", **common, "data": data} for _ in range(times)]


def _known(request: Request, surface: str, webhook_id: str) -> Webhook:
    webhook = state_of(request).webhooks.registered.get(webhook_id)
    if webhook is None or webhook.registration.surface != surface:
        raise Refusal(404, "not_found", "There is no such webhook.", field="id")
    return webhook
