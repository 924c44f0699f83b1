"""One HTTP session to CXone, and every rule of calling it: budget, token, time-outs, retries, errors.

Adapters describe a call; this module makes it. What comes back is parsed JSON or one of the errors of
`errors.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import requests

from outbound.clock import Clock, Deadline
from outbound.cxone.auth import Tokens
from outbound.cxone.budget import MAX_WAIT_SECONDS, Budgets, Lane
from outbound.cxone.errors import (
    Conflict,
    CxoneError,
    Forbidden,
    InvalidRequest,
    NotFound,
    OutOfTime,
    RateLimited,
    Unauthorised,
    Unavailable,
    UnexpectedAnswer,
    VersionConflict,
)
from outbound.cxone.settings import CxoneSettings
from outbound.observability import Metric, loggable, logger, masked_text, measure
from outbound.retry import pause, retry_after

# What a call needs at least: with less time left it is not begun, so that it is not cut off half-way.
_MIN_SECONDS = 2.0
# A page of 5,000 calls is some 2 MB; an answer many times that is no answer to our question.
_MAX_BODY_BYTES = 64 * 1024 * 1024
_RETRIED_STATUS = frozenset({408, 500, 502, 503, 504})
_SAFE_TO_REPEAT = frozenset({"GET", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Call:
    """A call to CXone as an adapter describes it.

    `scopes` are those that the call needs, for the message of a 403. A POST is tried again only with an
    idempotency key: without one nobody knows whether a lost answer means a lost effect.
    """

    surface: str
    budget: str
    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    campaign_id: str = ""
    lane: Lane = "normal"
    idempotency_key: str = ""

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice has the effect of doing it once."""
        return self.method in _SAFE_TO_REPEAT or bool(self.idempotency_key)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: its JSON, its status and headers, and how many tries it took."""

    body: Any
    status: int
    headers: Mapping[str, str]
    tries: int


class _Bearer(requests.auth.AuthBase):
    """Sets the bearer token; being an auth object, it also keeps a .netrc from overriding it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class CxoneHttp:
    """Makes calls to CXone."""

    def __init__(
        self, tokens: Tokens, budgets: Budgets, settings: Callable[[], CxoneSettings], clock: Clock
    ) -> None:
        """Call with these tokens under these budgets."""
        self._tokens = tokens
        self._budgets = budgets
        self._settings = settings
        self._clock = clock
        self._session = requests.Session()
        self.deadline = Deadline(clock, 3600)

    def call(self, call: Call) -> Answer:
        """Make a call, with retries where they are safe, within the deadline.

        Raises RateLimited where quota or CXone ask for a longer wait than a function should sleep,
        OutOfTime when the deadline is near, and otherwise what the last answer meant.
        """
        settings = self._settings()
        failure: CxoneError | None = None
        for attempt in range(settings.max_tries):
            if failure is not None:
                measure(Metric.RETRIED)
                self._wait(failure, attempt)
            outcome = self._try(call, settings)
            if not isinstance(outcome, CxoneError):
                return Answer(outcome.body, outcome.status, outcome.headers, attempt + 1)
            failure = outcome
            if not _worth_another_try(call, failure):
                break
        assert failure is not None
        raise failure

    def _wait(self, failure: CxoneError, attempt: int) -> None:
        wait = pause(attempt - 1)
        if isinstance(failure, RateLimited):
            wait = (failure.retry_at - self._clock.now()).total_seconds()
            if wait > MAX_WAIT_SECONDS:
                raise failure
        if wait > self.deadline.left() - _MIN_SECONDS:
            raise OutOfTime("the function's time is nearly up; the call is made by the next run") from failure
        self._clock.sleep(wait)

    def _try(self, call: Call, settings: CxoneSettings) -> Answer | CxoneError:
        """Make one try, with one fresh token where the first was refused."""
        outcome = self._send(call, settings)
        if isinstance(outcome, Unauthorised):
            outcome = self._send(call, settings)
        return outcome

    def _send(self, call: Call, settings: CxoneSettings) -> Answer | CxoneError:
        left = self.deadline.left()
        if left < _MIN_SECONDS:
            raise OutOfTime("the function's time is nearly up; the call is made by the next run")
        budget = settings.budget(call.budget)
        max_wait = min(MAX_WAIT_SECONDS, left - _MIN_SECONDS)
        token = self._tokens.get(call.surface)
        self._budgets.take(call.budget, budget, call.lane, call.campaign_id, max_wait)
        try:
            with self._session.request(
                call.method,
                settings.surface(call.surface).base_url + call.path,
                params=dict(call.params),
                json=call.json,
                headers=self._headers(call),
                auth=_Bearer(token),
                timeout=(
                    settings.connect_timeout_seconds,
                    min(settings.read_timeout_seconds, max(1.0, self.deadline.left())),
                ),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read(response)
        except requests.RequestException as error:
            return Unavailable(f"{call.method} {call.path}: no whole answer ({type(error).__name__})")
        if response.ok and response.status_code < 300:  # noqa: PLR2004 - 3xx is no answer here
            return _parsed(call, response, body)
        if response.status_code == requests.codes.unauthorized:
            self._tokens.drop(call.surface, token)
        return self._failure(call, response, body)

    def _headers(self, call: Call) -> dict[str, str]:
        headers = {"Accept": "application/json", **call.headers}
        if call.idempotency_key:
            headers["X-Idempotency-Key"] = call.idempotency_key
        return headers

    def _failure(self, call: Call, response: requests.Response, body: bytes) -> CxoneError:
        status = response.status_code
        request_id = response.headers.get("X-Request-Id", "")
        logger.warning(
            "CXone refused a call",
            extra={
                "method": call.method,
                "path": call.path,
                "status": status,
                "request_id": request_id,
                "answer": loggable(body),
            },
        )
        if status == requests.codes.too_many_requests:
            return self._throttled(call, response)
        wanted = self._settings().surface(call.surface).token.scopes
        return _error_for(
            status,
            f"{call.method} {call.path} answered {status} (request {request_id or 'without id'})",
            body,
            wanted,
        )

    def _throttled(self, call: Call, response: requests.Response) -> RateLimited:
        measure(Metric.THROTTLED)
        settings = self._settings()
        now = self._clock.now()
        asked = retry_after(response.headers.get("Retry-After"), now)
        wait = pause(1) if asked is None else min(asked, settings.max_retry_after_seconds)
        retry_at = now + timedelta(seconds=wait)
        self._budgets.push_back(call.budget, settings.budget(call.budget), retry_at, call.campaign_id)
        return RateLimited(f"{call.method} {call.path}: CXone's quota is used up", retry_at)


def _worth_another_try(call: Call, failure: CxoneError) -> bool:
    """A refusal for want of quota had no effect; whether a lost answer had one is unknown."""
    return isinstance(failure, RateLimited) or (isinstance(failure, Unavailable) and call.repeatable)


def _read(response: requests.Response) -> bytes:
    """Read a body whole, unless it is absurdly large."""
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_content(chunk_size=256 * 1024):
        size += len(chunk)
        if size > _MAX_BODY_BYTES:
            raise requests.exceptions.ContentDecodingError(f"more than {_MAX_BODY_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _parsed(call: Call, response: requests.Response, body: bytes) -> Answer | CxoneError:
    if not body:
        return Answer(None, response.status_code, response.headers, 1)
    try:
        return Answer(orjson.loads(body), response.status_code, response.headers, 1)
    except orjson.JSONDecodeError:
        return Unavailable(f"{call.method} {call.path} answered with something that is no JSON")


def _error_for(status: int, message: str, body: bytes, scopes: tuple[str, ...]) -> CxoneError:
    field_name, detail = _objection(body)
    said = f"{message}: {detail}" if detail else message
    match status:
        case 400 | 422:
            return InvalidRequest(said, field_name)
        case 401:
            return Unauthorised(said)
        case 403:
            return Forbidden(said, scopes)
        case 404:
            return NotFound(said)
        case 409:
            return Conflict(said)
        case 412:
            return VersionConflict(said)
        case _ if status in _RETRIED_STATUS:
            return Unavailable(said)
    return UnexpectedAnswer(said)


def _objection(body: bytes) -> tuple[str, str]:
    """Give the field and the message of an error body, where it has them."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(answer, dict):
        return "", ""
    detail = answer.get("message") or answer.get("error_description") or answer.get("error") or ""
    return str(answer.get("field") or "")[:100], masked_text(str(detail))[:300]
