"""The signature of a delivery, in the form of Standard Webhooks (v1, HMAC-SHA256)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from outbound.logs import logger
from outbound.secrets import Secrets
from outbound.settings import ConfigurationError

_PREFIX = "whsec_"


class Signer:
    """Signs deliveries with a destination's own secret, `{"key": "<base64>"}`."""

    def __init__(self, secrets: Secrets, secret_id: str) -> None:
        """Sign with this secret."""
        self._secrets = secrets
        self._secret_id = secret_id

    def headers(self, message_id: str, moment: datetime, body: bytes) -> dict[str, str]:
        """Return the three headers that sign a body. Raises ConfigurationError where the secret is not a key.

        While the secret is rotated both of its versions sign: the receiver knows one of them.
        """
        timestamp = str(int(moment.timestamp()))
        signatures = [_signature(key, message_id, timestamp, body) for key in self._keys()]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(signatures),
        }

    def check(self) -> None:
        """Raise ConfigurationError where the secret is not a key."""
        self._keys()

    def monotonic(self) -> float:
        """Return the moment to ask `renewed` for later on."""
        return self._secrets.monotonic()

    def renewed(self, since: float) -> bool | None:
        """Look at the secret again after a refused signature, and return True if the keys have changed.

        None where it cannot be known whether they have since that moment: it was looked at too short a time
        before, or cannot be read just now.
        """
        before = self._keys()
        try:
            looked = self._secrets.versions_since(self._secret_id, since) is not None
        except (ConfigurationError, ClientError, BotoCoreError) as error:
            logger.warning(
                "the signing secret could not be read again", extra={"reason": type(error).__name__}
            )
            return None
        if not looked:
            return None
        return self._keys() != before

    def _keys(self) -> Sequence[bytes]:
        return [self._key(version.get("key", "")) for version in self._secrets.versions(self._secret_id)]

    def _key(self, text: str) -> bytes:
        encoded = text.strip().removeprefix(_PREFIX)
        try:
            # Generated secrets have no padding; the reference library does without it too.
            key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not key:
            raise ConfigurationError(
                f'the secret {self._secret_id} needs the form {{"key": "<base64 text>"}}'
            )
        return key


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
