"""Secrets: read once, two versions valid at a time, re-read at most once a minute, failed reads included.

While a secret is rotated both its versions are in use somewhere: a signer offers both, a verifier
accepts both. What is in memory may be older than the rotation, so it can prove that something is right and
never that it is wrong: a caller that is about to say no asks for `versions_since`, and where that fails
cannot tell. Values stay in memory and never reach a log, an event or an exception.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from outbound.clock import Clock
from outbound.settings import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# A failed check may ask for a re-read; an attacker's failures must not turn into API calls.
_MIN_REREAD = 60.0
# What stays until an operator fixes it: permissions, the key, a secret that is being deleted. What else
# AWS may answer passes by itself, and a minute without the secret would be long.
_TO_FIX = frozenset(
    {"AccessDeniedException", "DecryptionFailure", "InvalidParameterException", "InvalidRequestException"}
)


class Secrets:
    """The secrets of a function, each a JSON object of texts."""

    def __init__(self, client: SecretsManagerClient, clock: Clock) -> None:
        """Read through the given client."""
        self._client = client
        self._clock = clock
        self._read: dict[str, tuple[float, list[Mapping[str, str]]]] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        # When what is known was asked for; a look that failed is not one.
        self._looked_at: dict[str, float] = {}

    def current(self, secret_id: str) -> Mapping[str, str]:
        """Return the current version of a secret. Raises ConfigurationError where it has no value yet."""
        return self.versions(secret_id)[0]

    def versions(self, secret_id: str) -> list[Mapping[str, str]]:
        """Return the valid versions of a secret, the current one first, then the previous if there is one.

        Raises ConfigurationError where it has no value yet or cannot be read before an operator fixes that;
        for a minute without asking again.
        """
        if secret_id not in self._read:
            asked_at = self._clock.monotonic()
            self._read[secret_id] = (asked_at, self._first(secret_id))
            self._looked_at[secret_id] = asked_at
        return self._read[secret_id][1]

    def monotonic(self) -> float:
        """Return the moment to ask `versions_since` for later on."""
        return self._clock.monotonic()

    def versions_since(self, secret_id: str, since: float) -> list[Mapping[str, str]] | None:
        """Return the valid versions of a secret at a moment, or later; None where they are unknown.

        `since` is a moment of `monotonic`. It is unknown while the last try to look, before that moment, is
        less than a minute old. Raises what `versions` raises, and what AWS answers, where a look fails.
        """
        if not self._looked(secret_id, since):
            self.reread(secret_id)
        return self._read[secret_id][1] if self._looked(secret_id, since) else None

    def _looked(self, secret_id: str, since: float) -> bool:
        return secret_id in self._read and self._looked_at.get(secret_id, -inf) >= since

    def reread(self, secret_id: str) -> bool:
        """Read a secret again that a check failed with, and return True if its versions changed.

        At most once a minute; before that, and where the reading fails, the known versions stay.
        """
        if secret_id not in self._read:
            return bool(self.versions(secret_id))
        now = self._clock.monotonic()
        read_at, known = self._read[secret_id]
        if now - read_at < _MIN_REREAD:
            return False
        # Noted before the attempt, so that attempts that fail are no more frequent.
        self._read[secret_id] = (now, known)
        fresh = self._load(secret_id)
        self._read[secret_id] = (now, fresh)
        self._looked_at[secret_id] = now
        return fresh != known

    def _first(self, secret_id: str) -> list[Mapping[str, str]]:
        """Read a secret that is not known yet."""
        now = self._clock.monotonic()
        failed_at, reason = self._failed.get(secret_id, (now - _MIN_REREAD, ""))
        if now - failed_at < _MIN_REREAD:
            raise ConfigurationError(reason)
        try:
            return self._load(secret_id)
        except ConfigurationError as error:
            # Its text alone: the exception would keep whatever was being worked on.
            self._failed[secret_id] = (now, str(error))
            raise

    def _load(self, secret_id: str) -> list[Mapping[str, str]]:
        current = self._version(secret_id, "AWSCURRENT")
        if current is None:
            raise ConfigurationError(f"the secret {secret_id} has no value: put one there first")
        try:
            previous = self._version(secret_id, "AWSPREVIOUS")
        except ConfigurationError:
            # Often the placeholder that a secret was created with: no sender signs with that.
            previous = None
        return [current] if previous is None or previous == current else [current, previous]

    def _version(self, secret_id: str, stage: str) -> Mapping[str, str] | None:
        try:
            answer = self._client.get_secret_value(SecretId=secret_id, VersionStage=stage)
        except self._client.exceptions.ResourceNotFoundException:
            return None
        except ClientError as error:
            if (code := error.response["Error"]["Code"]) not in _TO_FIX:
                raise
            raise ConfigurationError(f"the secret {secret_id} cannot be read ({code})") from None
        value = _object_in(answer.get("SecretString", ""))
        if value is None:
            # The parser's message would quote the value; this one names only the secret.
            raise ConfigurationError(
                f"the secret {secret_id} is not a JSON object: write texts by their names"
            )
        return {str(key): str(text) for key, text in value.items()}


def _object_in(text: str) -> dict[str, object] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
