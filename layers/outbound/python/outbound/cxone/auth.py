"""OAuth tokens: memory first, then the shared table, then the token endpoint, one refresher at a time.

    cold start -> memory? -> table? -> lease -> token endpoint -> table -> all functions
                                \\_ held by another: wait, with jitter, for what it brings

A thousand cold starts at once cost one token request, and one where it fails: its failure is shared for
some seconds as a token would be. A token that CXone refuses is dropped, unless it was issued some seconds
ago: where every call is refused, a new token for each would not help. A refresher that is cut off holds
the others up until its lease ends. A token leaves this module only to be put into an Authorization header.
"""

from __future__ import annotations

import secrets as random_bytes
from collections.abc import Callable
from datetime import UTC, datetime
from random import random

from outbound.clock import Clock, Deadline
from outbound.cxone.errors import CxoneError, Forbidden, OutOfTime, RateLimited, Unauthorised, Unavailable
from outbound.cxone.settings import CxoneSettings, TokenRequest
from outbound.cxone.token_endpoint import Token, TokenEndpoint
from outbound.events import deterministic_id
from outbound.secrets import Secrets
from outbound.store.table import Item, Key, Table

__all__ = ["Token", "Tokens"]

# A refresh with its retries ends within the first; only then may another refresher try.
_REFRESH_SECONDS = 20.0
_LEASE_SECONDS = 25
# A caller that waits for another's refresh gives up a little after that lease has passed on once.
_MAX_WAIT_SECONDS = 30.0
# Seconds between two looks at the table while another refreshes: a refresh takes some tenths of a second,
# and a thousand waiters must not wear out the partition where the item lies.
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 1.5
# For that long (seconds) a failed refresh counts for all functions: an operator's remedy shows soon after it.
_COOL_DOWN = {"unauthorised": 5.0, "forbidden": 5.0}
_USUAL_COOL_DOWN = 2.0


# A token younger than this (seconds) is not what CXone objects to.
_YOUNGEST_DROPPED = 10.0


class Tokens:
    """Hands out the token of a surface."""

    def __init__(
        self,
        table: Table,
        tenant: str,
        secrets: Secrets,
        secret_id: str,
        settings: Callable[[], CxoneSettings],
        clock: Clock,
    ) -> None:
        """Use the client credentials of one secret for all surfaces."""
        self._table = table
        self._tenant = tenant
        self._endpoint = TokenEndpoint(secrets, secret_id, clock)
        self._settings = settings
        self._clock = clock
        self._memory: dict[str, Token] = {}

    def get(self, surface: str, deadline: Deadline | None = None) -> str:
        """Return a valid token of a surface, before the deadline.

        Raises Unauthorised, Forbidden (naming the scope that was not granted), RateLimited or Unavailable
        where none can be had, and OutOfTime where waiting for one would outlast the deadline.
        """
        request = self._settings().surface(surface).token
        key = self._key(request)
        remembered = self._memory.get(key.sk)
        if remembered is None or remembered.refresh_at <= self._now():
            left = deadline.left() if deadline else _MAX_WAIT_SECONDS
            remembered = self._shared(key, request, left)
            self._memory[key.sk] = remembered
        return remembered.value

    def drop(self, surface: str, value: str) -> bool:
        """Forget a token that CXone refused, here and for all functions, unless it was replaced already.

        False where it stays, because it was issued only just now: then another would fare no better.
        """
        key = self._key(self._settings().surface(surface).token)
        values = {":zero": 0, ":value": value, ":young": self._now() - _YOUNGEST_DROPPED}
        dropped = self._table.update(
            key,
            "SET #refresh_at = :zero",
            values,
            "#access_token = :value AND (attribute_not_exists(#issued_at) OR #issued_at <= :young)",
        )
        if not dropped.done and dropped.item.get("access_token") == value:
            return False
        remembered = self._memory.get(key.sk)
        if remembered is not None and remembered.value == value:
            self._memory.pop(key.sk, None)
        return True

    def _shared(self, key: Key, request: TokenRequest, left: float) -> Token:
        """Return the table's token, or refresh it, or wait for the invocation that refreshes it."""
        send_to_dlq = Deadline(self._clock, min(left, _MAX_WAIT_SECONDS))
        owner = random_bytes.token_hex(8)
        pause = _FIRST_PAUSE
        while True:
            item = self._table.get(key) or {}
            if _fresh(item, self._now()) is None and not self._leased(item):
                item = self._lease(key, owner)
                if item.get("lease_owner") == owner:
                    return self._refresh(key, request, owner, min(left, _REFRESH_SECONDS))
            if token := _fresh(item, self._now()):
                return token
            if item.get("failure") and self._leased(item):
                raise _as_it_failed(item)
            self._wait(pause, send_to_dlq, left)
            pause = min(_LONGEST_PAUSE, pause * 1.5)

    def _wait(self, pause: float, send_to_dlq: Deadline, left: float) -> None:
        """Wait a little for another's refresh. Raises where that takes too long."""
        if send_to_dlq.left() <= 0:
            if left < _MAX_WAIT_SECONDS:
                raise OutOfTime("another function is refreshing the CXone token; the next run will have it")
            raise Unavailable("another function has been refreshing the CXone token for too long")
        self._clock.sleep(pause * (0.5 + random()))  # noqa: S311 - jitter, not a secret

    def _leased(self, item: Item) -> bool:
        return float(item.get("lease_until", 0)) > self._now()

    def _lease(self, key: Key, owner: str) -> Item:
        """Take the right to refresh, where it is free and needed; return the item as it is then."""
        now = self._now()
        leased = self._table.update(
            key,
            "SET #lease_owner = :owner, #lease_until = :until REMOVE #failure",
            {":owner": owner, ":until": now + _LEASE_SECONDS, ":now": now},
            "(attribute_not_exists(#lease_until) OR #lease_until <= :now)"
            " AND (attribute_not_exists(#refresh_at) OR #refresh_at <= :now)",
        )
        # Refused or not: an update that was sent twice, because its answer got lost, is refused by itself.
        return leased.item

    def _refresh(self, key: Key, request: TokenRequest, owner: str, seconds: float) -> Token:
        try:
            token = self._endpoint.issue(request, seconds)
        except CxoneError as failure:
            self._share(key, owner, failure)
            raise
        if (renewed := self._key(request)) != key:
            # The secret was rotated to another client, whose tokens are kept apart.
            self._table.update(
                key, "REMOVE #lease_owner, #lease_until", {":owner": owner}, "#lease_owner = :owner"
            )
            return self._keep(renewed, token, "", {})
        return self._keep(key, token, "#lease_owner = :owner", {":owner": owner})

    def _keep(self, key: Key, token: Token, condition: str, values: Item) -> Token:
        """Put a token where all find it; return a newer one where the lease was lost."""
        stored = {
            ":value": token.value,
            ":refresh_at": token.refresh_at,
            ":issued_at": self._now(),
            ":ttl": int(token.refresh_at) + 3600,
        }
        kept = self._table.update(
            key,
            "SET #access_token = :value, #refresh_at = :refresh_at, #issued_at = :issued_at, #ttl = :ttl"
            " REMOVE #lease_owner, #lease_until, #failure",
            stored | values,
            condition,
        )
        return token if kept.done else _fresh(kept.item, self._now()) or token

    def _share(self, key: Key, owner: str, failure: CxoneError) -> None:
        """Let all functions fail as this one did for some seconds, instead of each asking the endpoint."""
        until = self._now() + _COOL_DOWN.get(failure.reason, _USUAL_COOL_DOWN)
        if isinstance(failure, RateLimited):
            until = failure.retry_at.timestamp()
        told = {
            "reason": failure.reason,
            "message": str(failure),
            "scopes": list(getattr(failure, "scopes", ())),
        }
        values = {":until": until, ":failure": told, ":owner": owner}
        expression = "SET #lease_until = :until, #failure = :failure"
        self._table.update(key, expression, values, "#lease_owner = :owner")

    def _key(self, request: TokenRequest) -> Key:
        about = (self._endpoint.client_id(), request.url, " ".join(request.scopes))
        return Key(f"{self._tenant}#token", deterministic_id(*about))

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _fresh(item: Item, now: float) -> Token | None:
    if item.get("access_token") and float(item.get("refresh_at", 0)) > now:
        return Token(item["access_token"], float(item["refresh_at"]))
    return None


def _as_it_failed(leased: Item) -> CxoneError:
    """Make the error of a refresh that failed a moment ago anew."""
    failure = leased["failure"]
    message = f"{failure['message']} (a moment ago, for another function)"
    until = datetime.fromtimestamp(float(leased.get("lease_until", 0)), UTC)
    match failure["reason"]:
        case "unauthorised":
            return Unauthorised(message)
        case "forbidden":
            return Forbidden("CXone did not grant a token a moment ago", tuple(failure["scopes"]))
        case "rate_limited":
            return RateLimited(message, until)
    return Unavailable(message, until)
