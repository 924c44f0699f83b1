"""A refused request, in the one shape that the tenant answers errors with."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse


class Refusal(Exception):
    """An answer with an error status, its code, its reason and the field at fault."""

    def __init__(
        self,
        status: int,
        error: str,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what the answer is made of."""
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body = {"error": error, "message": message}
        if field is not None:
            self.body["field"] = field


async def answer_refusal(_: Request, refusal: Exception) -> JSONResponse:
    """Answer with the refusal's status, headers and body."""
    assert isinstance(refusal, Refusal)
    return JSONResponse(refusal.body, refusal.status, refusal.headers)


async def answer_http_error(_: Request, error: Exception) -> JSONResponse:
    """Give the framework's own errors, such as an unknown path, the shape of a refusal."""
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "error")
    body = {"error": code, "message": str(error.detail)}
    return JSONResponse(body, error.status_code, error.headers)
