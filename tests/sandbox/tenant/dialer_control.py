"""The control calls about the dialer: what becomes of operations, other parties' changes, its shares."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from sandbox.tenant.dialer_book import Plan
from sandbox.tenant.dialer_forms import read_settings
from sandbox.tenant.state import state_of
from sandbox.wire.asgi import CONTROL
from sandbox.wire.control import refusing_nonsense

router = APIRouter(prefix=f"{CONTROL}/dialer")


@router.get("")
async def show(request: Request) -> dict[str, Any]:
    """Show what is active, the version, every operation and the log."""
    book = state_of(request).dialer
    operations = [
        {"operation_id": one.operation_id, "asked": one.asked, "status": book.status_of(one)}
        for one in book.operations()
    ]
    log = [asdict(entry) for entry in book.log]
    return {"settings": book.settings(), "version": book.version, "operations": operations, "log": log}


@router.put("/operations", status_code=204)
async def plan_operations(request: Request) -> Response:
    """Say what is to become of the next operations."""
    with refusing_nonsense():
        plans = [Plan(**each) for each in (await request.json())["operations"]]
    state_of(request).dialer.plan(plans)
    return Response(status_code=204)


@router.put("/settings", status_code=204)
async def change_settings(request: Request) -> Response:
    """Change the settings at once, as another party does at CXone."""
    with refusing_nonsense():
        document = await request.json()
        settings, actor = read_settings(document["settings"]), str(document.get("actor", "console"))
    state_of(request).dialer.replace(settings, actor)
    return Response(status_code=204)


@router.put("/shares", status_code=204)
async def set_shares(request: Request) -> Response:
    """Let campaigns abandon so many of their answered calls, whatever the settings say."""
    with refusing_nonsense():
        shares = {str(one): float(share) for one, share in (await request.json()).items()}
        if any(not 0 <= share <= 1 for share in shares.values()):
            raise ValueError("a share is from 0 to 1")
    state_of(request).dialer_shares = shares
    return Response(status_code=204)
