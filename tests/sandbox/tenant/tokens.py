"""Access tokens: opaque, limited in time and scope, revocable all at once."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token stands for."""

    client_id: str
    scopes: frozenset[str]
    expires: float


class Tokens:
    """The tokens that are valid."""

    def __init__(self, lifetime: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without any; those issued live for `lifetime` seconds."""
        self._lifetime = lifetime
        self._clock = clock
        self._grants: dict[str, Grant] = {}
        self.requests = 0
        self.issued = 0

    def issue(self, client_id: str, scopes: frozenset[str]) -> str:
        """Return a new token for these scopes."""
        now = self._clock()
        self._grants = {key: one for key, one in self._grants.items() if one.expires > now}
        token = secrets.token_urlsafe(48)
        self._grants[token] = Grant(client_id, scopes, now + self._lifetime)
        self.issued += 1
        return token

    def grant_of(self, token: str) -> Grant | None:
        """Return what the token stands for, or None if it is unknown or has expired."""
        grant = self._grants.get(token)
        return grant if grant is not None and grant.expires > self._clock() else None

    def revoke_all(self) -> None:
        """Make every token that was issued worthless."""
        self._grants.clear()
