"""The receivers' application: whatever is posted under a receiver's name is a delivery to it."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from sandbox.receivers.deliveries import Deliveries
from sandbox.wire.application import application
from sandbox.wire.asgi import CONTROL
from sandbox.wire.control import refusing_nonsense
from sandbox.wire.refusal import Refusal

RECEIVERS = ("crm", "warehouse", "wfm")


def receivers_app(secrets: Mapping[str, Sequence[str]]) -> FastAPI:
    """Return the receivers; one without a secret refuses every delivery."""
    if unknown := set(secrets) - set(RECEIVERS):
        raise ValueError(f"no such receiver {sorted(unknown)}")
    received = {name: Deliveries(secrets.get(name, ())) for name in RECEIVERS}

    def stats() -> dict[str, Any]:
        return {"received": {name: one.summary() for name, one in received.items()}}

    def reset() -> None:
        for name, one in received.items():
            one.clear()
            one.use(secrets.get(name, ()))

    routers = [_control(received), *(_door(name, one) for name, one in received.items())]
    return application(routers, stats, reset)


def _door(name: str, received: Deliveries) -> APIRouter:
    router = APIRouter()

    @router.post(f"/{name}", status_code=204)
    @router.post(f"/{name}/{{anything:path}}", status_code=204)
    async def deliver(request: Request) -> Response:
        body = await request.body()
        if not received.take(request.method, request.url.path, request.headers, body):
            raise Refusal(401, "invalid_signature", "The signature does not fit the delivery.")
        return Response(status_code=204)

    return router


def _control(received: Mapping[str, Deliveries]) -> APIRouter:
    router = APIRouter(prefix=CONTROL)

    @router.get("/received/{name}")
    async def show(name: str) -> dict[str, Any]:
        return _of(received, name).everything()

    @router.put("/secrets/{name}", status_code=204)
    async def use_secrets(name: str, request: Request) -> Response:
        with refusing_nonsense():
            _of(received, name).use(await request.json())
        return Response(status_code=204)

    return router


def _of(received: Mapping[str, Deliveries], name: str) -> Deliveries:
    if name not in received:
        raise Refusal(404, "not_found", "There is no such receiver.", field="name")
    return received[name]
