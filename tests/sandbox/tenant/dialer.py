"""The dialer's settings: read, changed in operations that take their time, checked and simulated.

Assumptions: a change without If-Match is refused with 428, for the document always sends one where it has
one; settings in a body carry no versionTag; the version changes when a change is accepted, not when it is
active; the simulator answers with the shares that it expects.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from sandbox.tenant.dialer_forms import judge, read_settings
from sandbox.tenant.gate import admit
from sandbox.tenant.reading import fields_of, invalid, json_body
from sandbox.tenant.state import state_of
from sandbox.wire.refusal import Refusal

router = APIRouter()

_SETTINGS = "/api/v1/dialer/settings"


@router.get(_SETTINGS)
async def show(request: Request) -> dict[str, Any]:
    """Answer with what is active, and its version."""
    admit(request, "dialer:read")
    book = state_of(request).dialer
    return {**book.settings(), "versionTag": book.version}


@router.put(_SETTINGS)
async def change(request: Request) -> JSONResponse:
    """Accept other settings in place of the version that If-Match names: 202 with the operation."""
    admit(request, "dialer:write", quota="dialer")
    state = state_of(request)
    settings = read_settings(await json_body(request))
    expected = request.headers.get("if-match", "").strip('"')
    if not expected:
        raise Refusal(428, "precondition_required", "If-Match is required.", field="If-Match")
    if expected != state.dialer.version:
        raise Refusal(412, "precondition_failed", "The settings have another version.", field="If-Match")
    operation = state.dialer.change(settings, "api")
    asyncio.get_running_loop().call_later(operation.plan.seconds + 0.01, state.dialer.settings)
    return JSONResponse({"operationId": operation.operation_id, "versionTag": operation.version}, 202)


@router.get("/api/v1/dialer/operations/{operation_id}")
async def show_operation(request: Request, operation_id: str) -> dict[str, Any]:
    """Answer with how an operation is."""
    admit(request, "dialer:read")
    book = state_of(request).dialer
    operation = book.operation(operation_id)
    if operation is None:
        raise Refusal(404, "not_found", "There is no such operation.", field="operationId")
    status = book.status_of(operation)
    shown = {"operationId": operation_id, "status": "IN_PROGRESS" if status == "STUCK" else status}
    return shown | ({"errorDetails": "The carrier refused it."} if status == "FAILED" else {})


@router.post("/api/v1/dialer/policies/validate")
async def validate(request: Request) -> dict[str, Any]:
    """Answer with what the tenant's policies say of settings."""
    admit(request, "dialer:write", "dialer:read", quota="dialer")
    given = fields_of(
        await json_body(request), "body", ("campaign_config", "regulatory_checks", "carrier_capacity")
    )
    settings = read_settings(given.get("campaign_config"), "campaign_config")
    return judge(settings, given.get("regulatory_checks"), given.get("carrier_capacity"))


@router.post("/api/v1/dialer/simulator/run")
async def simulate(request: Request) -> dict[str, Any]:
    """Answer with what the tenant expects of settings; a formula, and not a simulation."""
    admit(request, "dialer:read", quota="dialer")
    parts = ("durationMinutes", "concurrency", "algorithm", "simulatedCallVolume", "carrierLimits")
    given = fields_of(await json_body(request), "body", parts)
    algorithm = given.get("algorithm")
    if not isinstance(algorithm, dict):
        raise invalid("algorithm", "is a JSON object")
    ratio = algorithm.get("dial_ratio", 1.0)
    return {
        "projectedAbandonmentRate": expected_abandonment(ratio),
        "projectedAgentUtilization": min(0.99, 0.5 + 0.1 * ratio),
        "projectedWaitSeconds": max(0.5, 30 / ratio),
    }


def expected_abandonment(ratio: float) -> float:
    """Return the share of abandoned calls at a ratio, in this tenant: 1 % at 2, 3 % at 3, 5 % at 4."""
    return min(1.0, max(0.0, 0.01 + 0.02 * (ratio - 2)))
