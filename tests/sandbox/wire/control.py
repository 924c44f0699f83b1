"""The control calls that both servers have."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from sandbox.wire.asgi import CONTROL
from sandbox.wire.faults import Faults
from sandbox.wire.refusal import Refusal
from sandbox.wire.traffic import Traffic


def control_router(
    faults: Faults,
    traffic: Traffic,
    stats: Callable[[], dict[str, Any]],
    reset: Callable[[], None],
) -> APIRouter:
    """Return the calls for faults, statistics, the request log and starting afresh."""
    router = APIRouter(prefix=CONTROL)

    @router.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @router.post("/faults", status_code=201)
    async def add_fault(request: Request) -> dict[str, Any]:
        with refusing_nonsense():
            faults.add(await request.json())
        return {"faults": faults.counts()}

    @router.get("/faults")
    async def show_faults() -> dict[str, Any]:
        return {"faults": faults.counts()}

    @router.delete("/faults", status_code=204)
    async def clear_faults() -> Response:
        faults.clear()
        return Response(status_code=204)

    @router.get("/stats")
    async def show_stats() -> dict[str, Any]:
        return {
            "requests": traffic.counts(),
            "most_at_once": traffic.most_at_once(),
            "most_at_once_by_call": traffic.most_at_once_by_call(),
            **stats(),
        }

    @router.get("/requests")
    async def show_requests() -> dict[str, Any]:
        return {"requests": traffic.requests()}

    @router.post("/reset", status_code=204)
    async def start_afresh() -> Response:
        faults.clear()
        traffic.clear()
        reset()
        return Response(status_code=204)

    return router


class refusing_nonsense:  # noqa: N801 - reads as a statement
    """Turns the errors of reading a control document into a 400 that says what is wrong."""

    def __enter__(self) -> None:
        """Begin reading."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Refuse where reading failed."""
        if isinstance(error, ValueError | TypeError | KeyError | AttributeError):
            raise Refusal(400, "invalid_control", f"{type(error).__name__}: {error}") from error
