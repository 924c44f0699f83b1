"""What senders are answered: 202 with the delivery's id, or problem details (RFC 9457)."""

from __future__ import annotations

import json
from typing import Any

# When a sender is to come again; most have a schedule of their own and never look.
RETRY_AFTER_SECONDS = 30
METHODS = "POST"

_TYPE = "urn:outbound-bridge:problem:"
# Status, short name, title and detail of every problem. The detail of a 401 is the same whatever was wrong:
# it would help whoever forges more than whoever is mistaken, who finds the reason in the log.
_PROBLEMS = {
    "not-json": (400, "Not JSON", "The body has to be one JSON document."),
    "bad-request": (400, "Bad request", "The request cannot be read."),
    "unauthenticated": (401, "Not authenticated", "The request is not proven to come from this provider."),
    "unknown-path": (404, "Unknown path", "There is no such webhook."),
    "method-not-allowed": (405, "Method not allowed", "A webhook takes POST alone."),
    "too-large": (413, "Body too large", "A delivery may have 240 KB; send several."),
    "unsupported-media-type": (415, "Unsupported media type", "The Content-Type has to be application/json."),
    "unavailable": (503, "Not taken", "Nothing was kept of this delivery. Send the same again later."),
}
_HEADERS = {
    "unauthenticated": {"WWW-Authenticate": "Webhook"},  # RFC 9110 wants one; no scheme of its list is ours
    "method-not-allowed": {"Allow": METHODS},
    "unavailable": {"Retry-After": str(RETRY_AFTER_SECONDS)},
}


def accepted(delivery_id: str) -> dict[str, Any]:
    """Answer that the delivery is safe."""
    # Hexadecimal digits: nothing to escape.
    return _answer(202, "application/json", f'{{"delivery_id":"{delivery_id}"}}', {})


def problem(name: str) -> dict[str, Any]:
    """Answer with one of the problems."""
    status, title, detail = _PROBLEMS[name]
    body = {"type": _TYPE + name, "title": title, "status": status, "detail": detail}
    text = json.dumps(body, separators=(",", ":"))
    return _answer(status, "application/problem+json", text, _HEADERS.get(name, {}))


def _answer(status: int, media_type: str, body: str, headers: dict[str, str]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"Content-Type": media_type, "Cache-Control": "no-store", **headers},
        "body": body,
        "isBase64Encoded": False,
    }
