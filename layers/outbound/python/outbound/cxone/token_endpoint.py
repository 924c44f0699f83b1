"""The token endpoint: client credentials in, a token out, in whatever form a surface wants them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from math import isfinite
from typing import Any

import requests

from outbound.backoff import pause, retry_after
from outbound.clock import Clock, Deadline
from outbound.cxone.bodies import BROKEN, DirectSession, refusal_body, whole_body
from outbound.cxone.errors import CxoneError, Forbidden, RateLimited, Unauthorised, Unavailable
from outbound.cxone.json_bodies import parsed
from outbound.cxone.metrics import CxoneMetric
from outbound.cxone.responses import named_scopes
from outbound.cxone.settings import TokenRequest
from outbound.logs import logger
from outbound.metrics import measure
from outbound.secrets import Secrets

_TRIES = 3
_CONNECT_SECONDS = 3.05
_READ_SECONDS = 10.0
# With less time left a request is not begun.
_MIN_SECONDS = 1.0
# A token answer is a few hundred bytes; a signed token with many claims some kilobytes.
_MOST_BYTES = 256 * 1024
# An `expires_in` beyond a day is a mistake or a promise that we need not rely on.
_LONGEST_LIFETIME = 86_400.0
# Where the endpoint limits us without saying for how long.
_USUAL_LIMIT_SECONDS = 5.0
_LONGEST_LIMIT_SECONDS = 120.0
# Errors of OAuth that are not about the credentials.
_PASSING_ERRORS = frozenset({"server_error", "temporarily_unavailable", "slow_down"})
# What may stand in a header behind "Bearer", at a length that servers take.
_TOKEN = re.compile(r"[!-~]{1,8192}")


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and the moment from which it is to be refreshed (Unix seconds)."""

    value: str
    refresh_at: float

    def __repr__(self) -> str:
        """Show nothing of the value: representations end up in logs."""
        return f"Token(refresh_at={self.refresh_at})"


class TokenEndpoint:
    """Asks for tokens with the client credentials of one secret."""

    def __init__(self, secrets: Secrets, secret_id: str, clock: Clock) -> None:
        """Use the credentials of this secret."""
        self._secrets = secrets
        self._secret_id = secret_id
        self._clock = clock
        self._http = DirectSession()

    def client_id(self) -> str:
        """The client that tokens are asked for."""
        return self._secrets.current(self._secret_id).get("client_id", "")

    def issue(self, request: TokenRequest, seconds: float) -> Token:
        """Ask for a token, for that many seconds at most; once more with a secret that was rotated meanwhile.

        Raises Unauthorised, Forbidden (naming the scopes that were not granted), RateLimited or Unavailable.
        """
        deadline = Deadline(self._clock, seconds)
        try:
            return self._with_retries(request, deadline)
        except Unauthorised:
            if not self._secrets.reread(self._secret_id):
                raise
        return self._with_retries(request, deadline)

    def _with_retries(self, request: TokenRequest, deadline: Deadline) -> Token:
        for attempt in count(1):
            try:
                return self._accepted(request, self._ask(request, deadline))
            except Unavailable:
                wait = pause(attempt - 1)
                if attempt == _TRIES or deadline.left() - wait < _MIN_SECONDS:
                    raise
                self._clock.sleep(wait)
        raise AssertionError("count() has no end")

    def _ask(self, request: TokenRequest, deadline: Deadline) -> bytes:
        """Make one request and return the body of its answer."""
        measure(CxoneMetric.TOKEN_REQUESTS)
        left = max(_MIN_SECONDS, deadline.left())
        try:
            with self._http.post(
                request.url,
                timeout=(min(_CONNECT_SECONDS, left), min(_READ_SECONDS, left)),
                allow_redirects=False,
                stream=True,
                **self._form(request),
            ) as response:
                if response.status_code == requests.codes.ok:
                    return whole_body(response, _MOST_BYTES, deadline.left)
                failure = self._refused(request, response, refusal_body(response, deadline.left))
        except BROKEN as error:
            # The exception's own text may quote the request; its type says enough.
            reason = type(error).__name__
            raise Unavailable(f"the token endpoint {request.url} cannot be reached ({reason})") from None
        raise failure

    def _accepted(self, request: TokenRequest, body: bytes) -> Token:
        """Check a token answer and give its token."""
        answer = _object_in(body)
        if refused := _refused_by(request, answer, self._secret_id):
            raise refused
        value = answer.get("access_token")
        if not isinstance(value, str) or not _TOKEN.fullmatch(value):
            raise Unavailable(f"the token endpoint {request.url} answered without a usable access_token")
        granted = _granted(answer.get("scope"))
        if granted is not None and (lacking := tuple(s for s in request.scopes if s not in granted)):
            raise Forbidden("CXone issued a token without a scope that is needed", lacking)
        lifetime = _lifetime(answer.get("expires_in"))
        if lifetime is None:
            lifetime = float(request.assumed_lifetime_seconds)
            logger.warning("the token answer has no usable expires_in", extra={"assumed_seconds": lifetime})
        # A lifetime shorter than the usual head start must not make every call a refresh.
        early = min(request.early_seconds, lifetime / 2)
        return Token(value, self._clock.now().timestamp() + lifetime - early)

    def _refused(self, request: TokenRequest, response: requests.Response, body: bytes) -> CxoneError:
        status = response.status_code
        if status == requests.codes.too_many_requests:
            asked = retry_after(response.headers.get("Retry-After"), self._clock.now())
            wait = _USUAL_LIMIT_SECONDS if asked is None else min(asked, _LONGEST_LIMIT_SECONDS)
            retry_at = self._clock.now() + timedelta(seconds=wait)
            return RateLimited(f"the token endpoint {request.url} limits our requests", retry_at)
        if status == requests.codes.bad_request and _error_code(body) == "invalid_scope":
            message = f"the token endpoint {request.url} does not grant the scopes that were asked for"
            return Forbidden(message, named_scopes(request.scopes, body))
        if status in (400, 401, 403):
            return Unauthorised(
                f"the token endpoint {request.url} refused our credentials ({status}): check the client id"
                f" and secret in {self._secret_id}, and the form of the token request in the settings"
            )
        hint = "; check the token url in the settings" if status < 500 else ""
        return Unavailable(f"the token endpoint {request.url} answered {status}{hint}")

    def _form(self, request: TokenRequest) -> dict[str, Any]:
        """Return the arguments that put a token request into the form that the surface wants."""
        credentials = self._secrets.current(self._secret_id)
        pair = (credentials.get("client_id", ""), credentials.get("client_secret", ""))
        fields = {"grant_type": "client_credentials"}
        if request.send_scopes and request.scopes:
            fields["scope"] = " ".join(request.scopes)
        if request.credentials == "body":
            fields |= {"client_id": pair[0], "client_secret": pair[1]}
        return {
            "json" if request.body == "json" else "data": fields,
            "headers": {"Accept": "application/json"},
            "auth": _Basic(*pair) if request.credentials == "basic" else _unchanged,
        }


class _Basic(requests.auth.HTTPBasicAuth):
    """HTTP Basic, of texts in UTF-8 rather than in Latin-1, which cannot hold every secret."""

    def __init__(self, name: str, password: str) -> None:
        super().__init__(name.encode(), password.encode())


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add no credentials: an auth of any kind keeps a .netrc on the machine from adding its own."""
    return request


def _object_in(body: bytes) -> dict[str, Any]:
    try:
        answer = parsed(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        # Raised here, outside of the handler, so that no parser's message with the body in it comes along.
        raise Unavailable("the token endpoint answered with no JSON object")
    return answer


def _granted(scope: object) -> frozenset[str] | None:
    """Return the scopes that an answer names, or None where it says nothing: then they are as asked for.

    An empty list of them says nothing either: a token that may do nothing at all is not issued.
    """
    if isinstance(scope, str):
        return frozenset(scope.split()) or None
    if isinstance(scope, list):
        return frozenset(str(one) for one in scope) or None
    return None


def _refused_by(request: TokenRequest, answer: dict[str, Any], secret_id: str) -> CxoneError | None:
    """Return what an answer of 200 refuses in its body, or None: some servers say everything with 200."""
    error = answer.get("error")
    if not isinstance(error, str) or not error or answer.get("access_token"):
        return None
    if error == "invalid_scope":
        message = f"the token endpoint {request.url} does not grant the scopes that were asked for"
        return Forbidden(message, request.scopes)
    if error in _PASSING_ERRORS:
        return Unavailable(f"the token endpoint {request.url} answered {error}")
    return Unauthorised(
        f"the token endpoint {request.url} refused our credentials (200 with an error): check the client id"
        f" and secret in {secret_id}, and the form of the token request in the settings"
    )


def _lifetime(expires_in: object) -> float | None:
    """Return the seconds that a token lives, a day at most, or None where the answer makes no sense."""
    if isinstance(expires_in, str) and expires_in.isascii() and expires_in.isdecimal():
        expires_in = int(expires_in[:12])
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float):
        return None
    if not isfinite(expires_in) or expires_in <= 0:
        return None
    return float(min(expires_in, _LONGEST_LIFETIME))


def _error_code(body: bytes) -> str:
    try:
        answer = parsed(body)
    except ValueError:
        return ""
    return str(answer.get("error", "")) if isinstance(answer, dict) else ""
