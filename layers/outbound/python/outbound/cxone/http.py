"""One HTTP session to CXone, and every rule of calling it: budget, token, time-outs, retries, errors.

Adapters describe a call; this module makes it. What comes back is parsed JSON or one of the errors of
`errors.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import requests

from outbound.backoff import pause, retry_after
from outbound.clock import Clock, Deadline
from outbound.cxone.auth import Tokens
from outbound.cxone.bodies import BROKEN, DirectSession, refusal_body, whole_body
from outbound.cxone.errors import CxoneError, OutOfTime, RateLimited, Unauthorised, Unavailable
from outbound.cxone.json_bodies import parsed
from outbound.cxone.metrics import CxoneMetric
from outbound.cxone.quota import MAX_WAIT_SECONDS, Budgets
from outbound.cxone.quota_places import Priority
from outbound.cxone.responses import Answer, refusal
from outbound.cxone.settings import CxoneSettings
from outbound.logs import loggable, logger
from outbound.metrics import measure

__all__ = ["Answer", "Call", "CxoneHttp"]

# What a call needs at least: with less time left it is not begun, so that it is not cut off half-way.
_MIN_SECONDS = 2.0
# A page of 5,000 calls is some 2 MB; an answer many times that size does not answer our question.
_MOST_BYTES = 64 * 1024 * 1024
# As many calls as one function has under way at once; each keeps its connection.
_MOST_CONNECTIONS = 50
# Where no deadline is given: longer than any function lasts.
_UNBOUND_SECONDS = 3600.0
_SAFE_TO_REPEAT = frozenset({"GET", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Call:
    """A call to CXone as an adapter describes it.

    A POST is tried again only with an idempotency key: without one it is unknown whether a lost answer means
    a lost effect. A PATCH has to set absolute values.
    """

    surface: str
    budget: str
    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    campaign_id: str = ""
    priority: Priority = "normal"
    idempotency_key: str = ""
    patience: float = MAX_WAIT_SECONDS
    """How long (seconds) it may wait for its place in the quota."""

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice has the effect of doing it once."""
        return self.method in _SAFE_TO_REPEAT or bool(self.idempotency_key)


@dataclass(slots=True)
class _Tries:
    """What is known of the tries of one call."""

    in_doubt: bool = False


class _Bearer(requests.auth.AuthBase):
    """Sets the bearer token; being an auth object, it also keeps a .netrc from overriding it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class CxoneHttp:
    """Makes calls to CXone; threads may share it."""

    def __init__(
        self, tokens: Tokens, budgets: Budgets, settings: Callable[[], CxoneSettings], clock: Clock
    ) -> None:
        """Call with these tokens under these budgets."""
        self._tokens = tokens
        self._budgets = budgets
        self._settings = settings
        self._clock = clock
        self._session = DirectSession(_MOST_CONNECTIONS)
        self._deadline = Deadline(clock, _UNBOUND_SECONDS)

    def until(self, deadline: Deadline) -> CxoneHttp:
        """Return the same session for calls that end before a deadline, as those of one invocation do."""
        bound = copy(self)
        bound._deadline = deadline
        return bound

    def call(self, call: Call) -> Answer:
        """Make a call, with retries where they are safe, within the deadline.

        Raises RateLimited where quota or CXone ask for a longer wait than a function should sleep,
        OutOfTime when the deadline is near, and otherwise what the last answer meant.
        """
        tries = _Tries()
        try:
            return self._call(call, tries)
        except CxoneError as error:
            # An early try may have arrived, whatever the last one came to.
            error.in_doubt = tries.in_doubt
            raise

    def _call(self, call: Call, tries: _Tries) -> Answer:
        settings = self._settings()
        failures, renewed = 0, False
        for sent in count(1):
            token = self._token(call)
            outcome = self._send(call, settings, token, failures)
            tries.in_doubt |= isinstance(outcome, Unavailable)
            if not isinstance(outcome, CxoneError):
                return Answer(outcome.body, outcome.status, outcome.headers, sent)
            if isinstance(outcome, Unauthorised) and not renewed:
                # A second refusal, of a token issued just now, is not a matter of the token's age.
                if not self._tokens.drop(call.surface, token):
                    raise outcome
                renewed = True
                continue
            failures += 1
            if failures >= settings.max_tries or not _worth_another_try(call, outcome):
                raise outcome
            self._wait(outcome, failures)
        raise AssertionError("count() has no end")

    def _token(self, call: Call) -> str:
        """Return a token, if there is time for a call."""
        self._in_time(0)
        return self._tokens.get(call.surface, self._deadline)

    def _in_time(self, wait: float) -> None:
        if self._deadline.left() - wait < _MIN_SECONDS:
            raise OutOfTime("the function's time is nearly up; the call is made by the next run")

    def _wait(self, failure: CxoneError, failures: int) -> None:
        measure(CxoneMetric.RETRIED)
        wait = pause(failures - 1)
        if failure.retry_at is not None:
            wait = max(0.0, (failure.retry_at - self._clock.now()).total_seconds())
        if wait > MAX_WAIT_SECONDS:
            raise failure
        self._in_time(wait)
        self._clock.sleep(wait)

    def _send(self, call: Call, settings: CxoneSettings, token: str, failures: int) -> Answer | CxoneError:
        """Make one try, in its place in the quota."""
        self._in_time(0)
        max_wait = min(call.patience, self._deadline.left() - _MIN_SECONDS)
        self._budgets.take(
            call.budget, settings.budget(call.budget), call.priority, call.campaign_id, max_wait
        )
        try:
            with self._request(call, settings, token) as response:
                if 200 <= response.status_code < 300:
                    return _success(call, response, whole_body(response, _MOST_BYTES, self._deadline.left))
                body = refusal_body(response, self._deadline.left).replace(token.encode(), b"***")
        except BROKEN as error:
            return Unavailable(f"{call.method} {call.path}: no whole answer ({type(error).__name__})")
        return self._refused(call, settings, response, body, failures)

    def _request(self, call: Call, settings: CxoneSettings, token: str) -> requests.Response:
        left = max(1.0, self._deadline.left())
        headers = {"Accept": "application/json", **call.headers}
        if call.idempotency_key:
            headers["X-Idempotency-Key"] = call.idempotency_key
        return self._session.request(
            call.method,
            settings.surface(call.surface).base_url + call.path,
            params=dict(call.params),
            json=call.json,
            headers=headers,
            auth=_Bearer(token),
            timeout=(min(settings.connect_timeout_seconds, left), min(settings.read_timeout_seconds, left)),
            allow_redirects=False,
            stream=True,
        )

    def _refused(
        self, call: Call, settings: CxoneSettings, response: requests.Response, body: bytes, failures: int
    ) -> CxoneError:
        status = response.status_code
        request_id = response.headers.get("X-Request-Id", "")[:100]
        said = {"method": call.method, "path": call.path, "status": status, "request_id": request_id}
        logger.warning("CXone refused a call", extra=said | {"answer": loggable(body)})
        message = f"{call.method} {call.path} answered {status} (request {request_id or 'without id'})"
        asked = retry_after(response.headers.get("Retry-After"), self._clock.now())
        if asked is not None:
            asked = min(asked, settings.max_retry_after_seconds)
        if status == requests.codes.too_many_requests:
            # Without a time asked for, longer than after other failures: the same again would not help.
            return self._throttled(call, settings, message, pause(failures + 1) if asked is None else asked)
        retry_at = None if asked is None else self._clock.now() + timedelta(seconds=asked)
        return refusal(status, message, body, settings.surface(call.surface).token.scopes, retry_at)

    def _throttled(self, call: Call, settings: CxoneSettings, message: str, wait: float) -> RateLimited:
        measure(CxoneMetric.THROTTLED)
        retry_at = self._clock.now() + timedelta(seconds=wait)
        self._budgets.push_back(call.budget, settings.budget(call.budget), retry_at, call.campaign_id)
        return RateLimited(f"{message}: CXone's quota is used up", retry_at)


def _worth_another_try(call: Call, failure: CxoneError) -> bool:
    """A refusal for want of quota had no effect; whether a lost answer had one is unknown."""
    return isinstance(failure, RateLimited) or (isinstance(failure, Unavailable) and call.repeatable)


def _success(call: Call, response: requests.Response, body: bytes) -> Answer | CxoneError:
    no_content = response.status_code == requests.codes.no_content
    if not body and (no_content or call.method != "GET"):
        return Answer(None, response.status_code, response.headers, 1)
    try:
        return Answer(parsed(body), response.status_code, response.headers, 1)
    except ValueError:
        return Unavailable(f"{call.method} {call.path} answered with something that is not JSON")
