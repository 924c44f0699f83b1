"""Secrets: read once, two versions valid at a time, re-read at most once a minute.

While a secret is rotated both its versions are in use somewhere: a signer offers both, a verifier
accepts both. Values stay in memory and never reach a log, an event or an exception.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from outbound.clock import Clock
from outbound.settings import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# A failed check may ask for a re-read; an attacker's failures must not turn into API calls.
_MIN_REREAD = 60.0


class Secrets:
    """The secrets of a function, each a JSON object of texts."""

    def __init__(self, client: SecretsManagerClient, clock: Clock) -> None:
        """Read through the given client."""
        self._client = client
        self._clock = clock
        self._read: dict[str, tuple[float, list[Mapping[str, str]]]] = {}

    def current(self, secret_id: str) -> Mapping[str, str]:
        """Give the current version of a secret. Raises ConfigurationError where it has no value yet."""
        return self.versions(secret_id)[0]

    def versions(self, secret_id: str) -> list[Mapping[str, str]]:
        """Give the valid versions of a secret, the current one first, then the previous if there is one."""
        if secret_id not in self._read:
            self._read[secret_id] = (self._clock.monotonic(), self._load(secret_id))
        return self._read[secret_id][1]

    def reread(self, secret_id: str) -> bool:
        """Forget a secret that a check failed with, and say whether that was allowed yet."""
        read_at, _ = self._read.get(secret_id, (-_MIN_REREAD, []))
        if self._clock.monotonic() - read_at < _MIN_REREAD:
            return False
        self._read.pop(secret_id, None)
        return True

    def _load(self, secret_id: str) -> list[Mapping[str, str]]:
        current = self._version(secret_id, "AWSCURRENT")
        if current is None:
            raise ConfigurationError(f"the secret {secret_id} has no value: put one there before the first call")
        previous = self._version(secret_id, "AWSPREVIOUS")
        return [current] if previous is None or previous == current else [current, previous]

    def _version(self, secret_id: str, stage: str) -> Mapping[str, str] | None:
        try:
            answer = self._client.get_secret_value(SecretId=secret_id, VersionStage=stage)
        except self._client.exceptions.ResourceNotFoundException:
            return None
        try:
            value = json.loads(answer["SecretString"])
        except ValueError:
            value = None
        if not isinstance(value, dict):
            # The parser's message would quote the value; this one names only the secret.
            raise ConfigurationError(f"the secret {secret_id} is no JSON object") from None
        return {str(key): str(text) for key, text in value.items()}
