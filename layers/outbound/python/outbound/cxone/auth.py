"""OAuth tokens: memory first, then the shared table, then the token endpoint, one refresher at a time.

    cold start -> memory? -> table? -> lease -> token endpoint -> table -> everybody
                                \\_ held by another: wait, with jitter, for what it brings

A thousand cold starts at once cost one token request. A token never leaves this module but in an
Authorization header.
"""

from __future__ import annotations

import secrets as random_bytes
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import random
from typing import Any

import requests

from outbound.clock import Clock
from outbound.cxone.errors import CxoneError, Forbidden, RateLimited, Unauthorised, Unavailable
from outbound.cxone.settings import CxoneSettings, TokenRequest
from outbound.events import effect_id
from outbound.observability import Metric, logger, measure
from outbound.retry import pause, retry_after
from outbound.secrets import Secrets
from outbound.store.table import Item, Key, Table

# Longer than a token request with its retries may take; after it somebody else may try.
_LEASE_SECONDS = 25
# Whoever waits for another's refresh gives up a little after that lease has passed on once.
_MAX_WAIT_SECONDS = 30.0
# After a failed refresh nobody hammers the endpoint for that long.
_COOL_DOWN_SECONDS = 1
_TIMEOUT = (3.05, 10)
# An `expires_in` beyond a day is a mistake or a promise that we need not rely on.
_MAX_LIFETIME = 86_400


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and the moment from which it is to be refreshed (Unix seconds)."""

    value: str
    refresh_at: float

    def __repr__(self) -> str:
        """Show nothing of the value: representations end up in logs."""
        return f"Token(refresh_at={self.refresh_at})"


class Tokens:
    """Hands out the token of a surface."""

    def __init__(self, table: Table, tenant: str, secrets: Secrets, secret_id: str, settings: Callable[[], CxoneSettings], clock: Clock) -> None:
        """Use the client credentials of one secret for all surfaces."""
        self._table = table
        self._tenant = tenant
        self._secrets = secrets
        self._secret_id = secret_id
        self._settings = settings
        self._clock = clock
        self._memory: dict[str, Token] = {}
        self._http = requests.Session()

    def get(self, surface: str) -> str:
        """Give a valid token of a surface.

        Raises Unauthorised, Forbidden (naming the scope that was not granted), RateLimited or
        Unavailable where none can be had.
        """
        request = self._settings().surface(surface).token
        key = self._key(request)
        remembered = self._memory.get(key.sk)
        if remembered is None or remembered.refresh_at <= self._now():
            remembered = self._shared(key, request)
            self._memory[key.sk] = remembered
        return remembered.value

    def drop(self, surface: str, value: str) -> None:
        """Forget a token that CXone refused, here and for everybody else, unless it was replaced already."""
        key = self._key(self._settings().surface(surface).token)
        self._memory.pop(key.sk, None)
        self._table.update(key, "SET #refresh_at = :zero", {":zero": 0, ":value": value}, "#access_token = :value")

    def _shared(self, key: Key, request: TokenRequest) -> Token:
        """Give the table's token, or refresh it, or wait for whoever is refreshing it."""
        token = _fresh(self._table.get(key) or {}, self._now())
        give_up = self._clock.monotonic() + _MAX_WAIT_SECONDS
        while token is None:
            owner = random_bytes.token_hex(8)
            leased = self._lease(key, owner)
            if leased is None:
                return self._refresh(key, request, owner)
            token = _fresh(leased, self._now())
            if token is None:
                if self._clock.monotonic() > give_up:
                    raise Unavailable("another function has been refreshing the CXone token for too long; the work is tried again")
                self._clock.sleep(0.05 + random() * 0.25)  # noqa: S311 - jitter, not a secret
        return token

    def _lease(self, key: Key, owner: str) -> Item | None:
        """Take the right to refresh; give None if taken, else the item as it is now."""
        now = self._now()
        leased = self._table.update(
            key,
            "SET #lease_owner = :owner, #lease_until = :until",
            {":owner": owner, ":until": now + _LEASE_SECONDS, ":now": now},
            "(attribute_not_exists(#lease_until) OR #lease_until <= :now)"
            " AND (attribute_not_exists(#refresh_at) OR #refresh_at <= :now)",
        )
        return None if leased.done else leased.item

    def _refresh(self, key: Key, request: TokenRequest, owner: str) -> Token:
        try:
            answer = self._request(request)
            token = self._accepted(request, answer)
        except CxoneError:
            cool = {":until": self._now() + _COOL_DOWN_SECONDS, ":owner": owner}
            self._table.update(key, "SET #lease_until = :until", cool, "#lease_owner = :owner")
            raise
        self._table.update(
            key,
            "SET #access_token = :value, #refresh_at = :refresh_at, #ttl = :ttl REMOVE #lease_owner, #lease_until",
            {":value": token.value, ":refresh_at": token.refresh_at, ":ttl": int(token.refresh_at) + 3600},
        )
        return token

    def _accepted(self, request: TokenRequest, answer: dict[str, Any]) -> Token:
        """Check a token answer and give its token."""
        value = answer.get("access_token")
        if not isinstance(value, str) or not value:
            raise Unavailable(f"the token endpoint {request.url} answered without an access_token")
        granted = answer.get("scope")
        if isinstance(granted, str) and (lacking := tuple(s for s in request.scopes if s not in granted.split())):
            raise Forbidden("CXone issued a token without a scope that is needed", lacking)
        lifetime = answer.get("expires_in")
        if isinstance(lifetime, bool) or not isinstance(lifetime, int | float) or lifetime <= 0:
            lifetime = request.assumed_lifetime_seconds
            logger.warning("the token answer has no usable expires_in", extra={"assumed_seconds": lifetime})
        # A lifetime shorter than the usual head start must not make every call a refresh.
        early = min(request.early_seconds, lifetime / 2)
        return Token(value, self._now() + min(lifetime, _MAX_LIFETIME) - early)

    def _request(self, request: TokenRequest) -> dict[str, Any]:
        """Ask the endpoint, with retries; once more with re-read credentials where they were refused."""
        try:
            return self._with_retries(request)
        except Unauthorised:
            if not self._secrets.reread(self._secret_id):
                raise
            return self._with_retries(request)

    def _with_retries(self, request: TokenRequest) -> dict[str, Any]:
        for attempt in (0, 1, 2):
            try:
                return self._ask(request)
            except Unavailable:
                if attempt == 2:  # noqa: PLR2004 - the last of the three
                    raise
                self._clock.sleep(pause(attempt))
        raise AssertionError("unreachable")

    def _ask(self, request: TokenRequest) -> dict[str, Any]:
        measure(Metric.TOKEN_REQUESTS)
        try:
            response = self._http.post(request.url, timeout=_TIMEOUT, allow_redirects=False, **self._form(request))
            answer = response.json() if response.status_code == requests.codes.ok else None
        except ValueError:
            raise Unavailable(f"the token endpoint {request.url} answered with no JSON") from None
        except requests.RequestException as error:
            # The exception's own text may quote the request; its type says enough.
            raise Unavailable(f"the token endpoint {request.url} cannot be reached ({type(error).__name__})") from None
        if not isinstance(answer, dict):
            raise self._refusal(request, response)
        return answer

    def _refusal(self, request: TokenRequest, response: requests.Response) -> CxoneError:
        status = response.status_code
        if status == requests.codes.too_many_requests:
            wait = retry_after(response.headers.get("Retry-After"), self._clock.now()) or 5.0
            retry_at = datetime.fromtimestamp(self._now() + min(wait, 120), UTC)
            return RateLimited(f"the token endpoint {request.url} limits our requests", retry_at)
        if status in (400, 401, 403):
            return Unauthorised(
                f"the token endpoint {request.url} refused our credentials or scopes ({status}):"
                f" check the client id and secret in {self._secret_id}"
            )
        return Unavailable(f"the token endpoint {request.url} answered {status}")

    def _form(self, request: TokenRequest) -> dict[str, Any]:
        """Give the arguments that put a token request into the form that the surface wants."""
        credentials = self._secrets.current(self._secret_id)
        pair = (credentials.get("client_id", ""), credentials.get("client_secret", ""))
        fields = {"grant_type": "client_credentials"}
        if request.send_scopes and request.scopes:
            fields["scope"] = " ".join(request.scopes)
        if request.credentials == "body":
            fields |= {"client_id": pair[0], "client_secret": pair[1]}
        arguments: dict[str, Any] = {"json" if request.body == "json" else "data": fields}
        if request.credentials == "basic":
            arguments["auth"] = pair
        return arguments

    def _key(self, request: TokenRequest) -> Key:
        client = self._secrets.current(self._secret_id).get("client_id", "")
        return Key(f"{self._tenant}#token", effect_id(client, request.url, " ".join(request.scopes)))

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _fresh(item: Item, now: float) -> Token | None:
    if item.get("access_token") and float(item.get("refresh_at", 0)) > now:
        return Token(item["access_token"], float(item["refresh_at"]))
    return None
