"""How the dashboard answers: the headers of every answer, pages, JSON, problems."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from outbound.dashboard.login import CHALLENGE
from outbound.dashboard.markup import Markup

_HERE = Path(__file__).parent
STYLE = (_HERE / "page.css").read_text(encoding="utf-8")
SCRIPT = (_HERE / "page.js").read_text(encoding="utf-8")

_TYPE = "urn:outbound-bridge:problem:"
_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    503: "Not available",
}
# Less is not worth the work.
_WORTH_PACKING = 4096


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


# Nothing but this package's own style and script, by their hashes; no frame, no form to anywhere else.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src {_hash(STYLE)}",
        f"script-src {_hash(SCRIPT)}",
        "connect-src 'self'",
        "form-action 'self'",
        "img-src data:",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def page_response(page: Markup, status: int = 200) -> dict[str, Any]:
    """Return a page."""
    return _response(status, "text/html; charset=utf-8", page)


def json_response(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON object."""
    return _response(200, "application/json", json.dumps(value, ensure_ascii=False))


def problem_response(status: int, name: str, detail: str, **headers: str) -> dict[str, Any]:
    """Return problem details (RFC 9457).

    Args:
        status: The HTTP status.
        name: The last part of the problem's type.
        detail: A sentence that says what to do.
        headers: More of them, with `_` for `-`.
    """
    body = {"type": _TYPE + name, "title": _TITLES[status], "status": status, "detail": detail}
    answer = _response(status, "application/problem+json", json.dumps(body))
    answer["headers"] |= {key.replace("_", "-"): value for key, value in headers.items()}
    return answer


def unauthenticated() -> dict[str, Any]:
    """Return the answer that asks for the password.

    API Gateway gives its challenge another name on the way, which is why its authorizer asks first.
    """
    detail = (
        "The dashboard needs its password: `outbound dashboard` says where it is. The user's name may be any."
        " A password that was changed is known within a minute."
    )
    return problem_response(401, "unauthenticated", detail, WWW_Authenticate=CHALLENGE)


def sent(answer: dict[str, Any], method: str, packed: bool) -> dict[str, Any]:
    """Return an answer as it leaves: without a body to HEAD, compressed where that is understood."""
    body: str = answer["body"]
    if method == "HEAD":
        return {**answer, "body": ""}
    if not packed or len(body) < _WORTH_PACKING:
        return answer
    small = gzip.compress(body.encode(), compresslevel=3, mtime=0)
    headers = {**answer["headers"], "Content-Encoding": "gzip"}
    return {**answer, "headers": headers, "body": b64encode(small).decode(), "isBase64Encoded": True}


def _response(status: int, media_type: str, body: str) -> dict[str, Any]:
    headers = {"Content-Type": media_type, "Vary": "Accept-Encoding", **_HEADERS}
    return {"statusCode": status, "headers": headers, "body": str(body), "isBase64Encoded": False}
