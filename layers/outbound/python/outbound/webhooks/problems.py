"""What may become of a webhook request: it is believed or refused, and how its sender is answered.

A sender that is believed gets 202 with the delivery's id, every other one problem details (RFC 9457). The
reason of a refusal stays here: the detail of a 401 is the same whatever was wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# When a sender is to come again; most have a schedule of their own and never look.
RETRY_AFTER_SECONDS = 30
METHODS = "POST"

_TYPE = "urn:outbound-bridge:problem:"
# Status, short name, title and detail of every problem. The detail of a 401 is the same whatever was wrong:
# it would help a forger more than an operator, who finds the reason in the log.
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


class RefusalReason(StrEnum):
    """Why a request is not believed. The names may be logged and counted; none tells a sender too much."""

    MALFORMED_REQUEST = "malformed_request"
    """What arrived is not a request that API Gateway sends."""

    MALFORMED_BODY_ENCODING = "malformed_body_encoding"
    """The body is said to be base64 and is not, or is text that has no bytes."""

    MISSING_SIGNATURE = "missing_signature"
    """The header that carries the signature (or the token) is not there, or is empty."""

    MISSING_TIMESTAMP = "missing_timestamp"
    """The signed time is not there."""

    MISSING_ID = "missing_id"
    """The signed id is not there."""

    REPEATED_HEADER = "repeated_header"
    """A header that the check reads is there more than once: which one was meant cannot be told."""

    MALFORMED_SIGNATURE = "malformed_signature"
    """No signature in the header has the form that this scheme's signatures have."""

    MALFORMED_TIMESTAMP = "malformed_timestamp"
    """The signed time is not written as this scheme writes it."""

    MALFORMED_ID = "malformed_id"
    """The signed id is too long or has a character that ids do not have."""

    UNKNOWN_SIGNATURE_VERSION = "unknown_signature_version"
    """Every signature in the header is of a version that is not known, or that no key is there for."""

    WRONG_SIGNATURE = "wrong_signature"
    """No signature fits any of the valid keys: not from this sender, or changed on the way."""

    EXPIRED = "expired"
    """Genuine, but signed longer ago than the tolerance: a replay, or a clock that is wrong."""

    FROM_THE_FUTURE = "from_the_future"
    """Genuine, but signed later than now by more than the tolerance: a clock is wrong."""

    NO_SECRET = "no_secret"
    """No usable secret is there for the sender: put one in, in the form that the scheme needs."""

    SECRET_UNAVAILABLE = "secret_unavailable"
    """The secret could not be read just now."""

    SECRET_TOO_OLD = "secret_too_old"
    """No signature fits the keys as they were read before the request came: they may have been rotated."""

    SETTINGS_INVALID = "settings_invalid"
    """The settings document does not fit: an operator has to correct it."""

    SETTINGS_UNAVAILABLE = "settings_unavailable"
    """The settings could not be read just now."""

    QUEUE_UNAVAILABLE = "queue_unavailable"
    """The ingress queue did not take the delivery."""


_OURS = frozenset(
    {
        RefusalReason.NO_SECRET,
        RefusalReason.SECRET_UNAVAILABLE,
        RefusalReason.SECRET_TOO_OLD,
        RefusalReason.SETTINGS_INVALID,
        RefusalReason.SETTINGS_UNAVAILABLE,
        RefusalReason.QUEUE_UNAVAILABLE,
    }
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not believed."""

    reason: RefusalReason

    @property
    def is_ours(self) -> bool:
        """Whether the fault is on our side: the sender should send the same again later."""
        return self.reason in _OURS


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that is believed.

    `signed_id` is the sender's id of the delivery where the signature covers one, else empty: only
    then may it be used to tell deliveries apart. `signed_ms` is the signed time, in milliseconds since 1970,
    where there is one.
    """

    signed_id: str = ""
    signed_ms: int | None = None


def accepted_response(delivery_id: str) -> dict[str, Any]:
    """Return the answer that the delivery is safe."""
    # Hexadecimal digits: nothing to escape.
    return _response(202, "application/json", f'{{"delivery_id":"{delivery_id}"}}', {})


def problem_response(name: str) -> dict[str, Any]:
    """Return the answer of a problem, by its short name."""
    status, title, detail = _PROBLEMS[name]
    body = {"type": _TYPE + name, "title": title, "status": status, "detail": detail}
    text = json.dumps(body, separators=(",", ":"))
    return _response(status, "application/problem+json", text, _HEADERS.get(name, {}))


def _response(status: int, media_type: str, body: str, headers: dict[str, str]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"Content-Type": media_type, "Cache-Control": "no-store", **headers},
        "body": body,
        "isBase64Encoded": False,
    }
