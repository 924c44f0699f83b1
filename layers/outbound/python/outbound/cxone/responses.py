"""What an answer of CXone means: its JSON, or one of the errors of `errors.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

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
from outbound.cxone.json_bodies import parsed
from outbound.http_statuses import is_passing
from outbound.logs import masked_text

_ERRORS = {401: Unauthorised, 404: NotFound, 409: Conflict, 412: VersionConflict}


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: its JSON, its status and headers, and how many tries it took.

    The body is None where there is nothing: a GET of 204, or any other call's empty answer.
    """

    body: Any
    status: int
    headers: Mapping[str, str]
    tries: int

    @property
    def nothing(self) -> bool:
        """Whether CXone says that there is nothing: 204, which is not an empty answer of another status."""
        return self.status == HTTPStatus.NO_CONTENT and self.body is None


def refusal(
    status: int, message: str, body: bytes, scopes: tuple[str, ...], retry_at: datetime | None = None
) -> CxoneError:
    """Return the error that a status means, with what the body says about it.

    Args:
        status: The status of the answer.
        message: Which call was answered how; the error's text begins with it.
        body: The answer's body as it came.
        scopes: Those that the call may need; a 403 names those of them that the body names, else all.
        retry_at: What the answer asked for, if it did.
    """
    field_name, detail = objection(body)
    said = f"{message}: {detail}" if detail else message
    # These heal by themselves; every other refusal needs an operator.
    if is_passing(status):
        return Unavailable(said, retry_at)
    if status in (400, 422):
        return InvalidRequest(said, field_name)
    if status == 403:
        return Forbidden(said, named_scopes(scopes, body))
    if 300 <= status < 400:
        return UnexpectedAnswer(f"{said}; check base_url in the settings")
    return _ERRORS.get(status, UnexpectedAnswer)(said)


def named_scopes(scopes: tuple[str, ...], body: bytes) -> tuple[str, ...]:
    """Return the scopes that a refusal names, all where it names none."""
    text = body.decode(errors="replace")
    return tuple(scope for scope in scopes if scope in text) or scopes


def objection(body: bytes) -> tuple[str, str]:
    """Return the field and the message of an error body, where it has them, without personal data."""
    try:
        answer = parsed(body)
    except ValueError:
        return "", ""
    if not isinstance(answer, dict):
        return "", ""
    texts = (answer.get(name) for name in ("message", "error_description", "error"))
    detail = next((text for text in texts if isinstance(text, str) and text), "")
    field_name = answer.get("field")
    return masked_text(field_name)[:100] if isinstance(field_name, str) else "", masked_text(detail)[:300]
