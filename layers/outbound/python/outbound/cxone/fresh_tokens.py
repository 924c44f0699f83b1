"""Tokens asked for here and now: one that functions share says nothing about today's credentials."""

from __future__ import annotations

from collections.abc import Callable

from outbound.clock import Clock, Deadline
from outbound.cxone.auth import Token, Tokens
from outbound.cxone.settings import CxoneSettings
from outbound.cxone.token_endpoint import TokenEndpoint
from outbound.secrets import Secrets
from outbound.store.table import Table

_SECONDS = 20.0


class FreshTokens(Tokens):
    """Hands out tokens of its own, one a surface, and shares none."""

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
        super().__init__(table, tenant, secrets, secret_id, settings, clock)
        self._surfaces = settings
        self._issuer = TokenEndpoint(secrets, secret_id, clock)
        self._issued: dict[str, Token] = {}

    def get(self, surface: str, deadline: Deadline | None = None) -> str:
        """Return a token that was issued since this object was made. Raises as `Tokens.get`."""
        if surface not in self._issued:
            seconds = min(_SECONDS, deadline.left()) if deadline else _SECONDS
            self._issued[surface] = self._issuer.issue(self._surfaces().surface(surface).token, seconds)
        return self._issued[surface].value

    def drop(self, surface: str, value: str) -> bool:
        """Forget a token that CXone refused; others keep theirs."""
        if surface in self._issued and self._issued[surface].value == value:
            del self._issued[surface]
        return True
