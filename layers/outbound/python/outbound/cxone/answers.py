"""What an answer of CXone means: parsed JSON, or one of the errors of `errors.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from outbound.cxone.errors import (
    Conflict,
    CxoneError,
    Forbidden,
    InvalidRequest,
    NotFound,
    Unauthorised,
    Unavailable,
    UnexpectedAnswer,
    VersionConflict,
)
from outbound.observability import masked_text

# These heal by themselves; every other refusal needs somebody to do something.
_PASSING = frozenset({408, 500, 502, 503, 504})
_ERRORS = {401: Unauthorised, 404: NotFound, 409: Conflict, 412: VersionConflict}


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: its JSON, its status and headers, and how many tries it took."""

    body: Any
    status: int
    headers: Mapping[str, str]
    tries: int


def parsed(body: bytes) -> Any:
    """Give the JSON of a body. Raises ValueError where it is none."""
    return orjson.loads(body)


def refusal(
    status: int, message: str, body: bytes, scopes: tuple[str, ...], retry_at: datetime | None = None
) -> CxoneError:
    """Give the error that a status means, with what the body says about it.

    `scopes` are those that the call may need; a 403 names those of them that the body names, else all.
    `retry_at` is what the answer asked for, if it did.
    """
    field_name, detail = objection(body)
    said = f"{message}: {detail}" if detail else message
    if status in _PASSING:
        return Unavailable(said, retry_at)
    if status in (400, 422):
        return InvalidRequest(said, field_name)
    if status == 403:
        return Forbidden(said, named_scopes(scopes, body))
    if 300 <= status < 400:
        return UnexpectedAnswer(f"{said}; check base_url in the settings")
    return _ERRORS.get(status, UnexpectedAnswer)(said)


def named_scopes(scopes: tuple[str, ...], body: bytes) -> tuple[str, ...]:
    """Give the scopes that a refusal names, all where it names none."""
    text = body.decode(errors="replace")
    return tuple(scope for scope in scopes if scope in text) or scopes


def objection(body: bytes) -> tuple[str, str]:
    """Give the field and the message of an error body, where it has them, without personal data."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(answer, dict):
        return "", ""
    texts = (answer.get(name) for name in ("message", "error_description", "error"))
    detail = next((text for text in texts if isinstance(text, str) and text), "")
    field_name = answer.get("field")
    return masked_text(field_name)[:100] if isinstance(field_name, str) else "", masked_text(detail)[:300]
