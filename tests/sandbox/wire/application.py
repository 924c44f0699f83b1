"""Putting a server together: its calls, the shape of its errors, and the middlewares."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException

from sandbox.wire.control import control_router
from sandbox.wire.faults import Faults
from sandbox.wire.injection import InjectFaults
from sandbox.wire.refusal import Refusal, answer_http_error, answer_refusal
from sandbox.wire.traffic import RecordTraffic, Traffic, path_template


def application(
    routers: Sequence[APIRouter],
    stats: Callable[[], dict[str, Any]],
    reset: Callable[[], None],
) -> FastAPI:
    """Return a server of these calls with faults on request and a record of its traffic."""
    faults, traffic = Faults(), Traffic()
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    for router in (control_router(faults, traffic, stats, reset), *routers):
        app.include_router(router)
    app.add_exception_handler(Refusal, answer_refusal)
    app.add_exception_handler(HTTPException, answer_http_error)
    routes = [route for router in routers for route in router.routes]
    # The last one added is the outermost: faults are recorded like any other answer.
    app.add_middleware(InjectFaults, faults=faults)
    app.add_middleware(RecordTraffic, traffic=traffic, template_of=path_template(routes))
    return app
