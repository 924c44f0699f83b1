"""Signs what is delivered, and posts it."""

from __future__ import annotations

import re

from outbound.clock import Clock
from outbound.deliveries.http import Answer, Outgoing, Target
from outbound.deliveries.settings import Destination
from outbound.deliveries.signature import Signer
from outbound.events import Event

_USER_AGENT = "outbound-bridge/1"
# What a destination answers to a signature that it does not know.
_SIGNATURE_REFUSED = (401, 403)
_HEADER_SAFE = re.compile(r"[\x21-\x7e]{1,256}")


def is_header_safe(text: str) -> bool:
    """Return True if a text can be the value of a header as it is."""
    return bool(_HEADER_SAFE.fullmatch(text))


class SignatureRefused(Exception):
    """The signature was refused, and the secret may have been rotated since it was read."""

    def __init__(self, answer: Answer) -> None:
        """Keep what was answered."""
        super().__init__(f"answered {answer.status}, and the signing secret may have been rotated")
        self.answer = answer


class SignedSender:
    """Signs and posts."""

    def __init__(self, outgoing: Outgoing, signer: Signer, clock: Clock) -> None:
        """Sign with this signer."""
        self._outgoing = outgoing
        self._signer = signer
        self._clock = clock

    def check_secret(self) -> None:
        """Raise ConfigurationError where the signing secret is not a key, before an attempt is counted."""
        self._signer.check()

    def send(self, event: Event, body: bytes, settings: Destination) -> Answer:
        """Post a body and return the answer; once more where the secret has changed since it was read.

        Raises:
            AddressRefused: The destination's address is not one to connect to.
            Unreachable: No whole answer came.
            ConfigurationError: The signing secret is not a key.
            SignatureRefused: The signature is refused, and the secret may have been rotated unnoticed.
        """
        target, began = _target(settings), self._signer.monotonic()
        answer = self._outgoing.post(target, self._headers(event, body, settings), body)
        if answer.status not in _SIGNATURE_REFUSED:
            return answer
        renewed = self._signer.renewed(since=began)
        if renewed is None:
            raise SignatureRefused(answer)
        if not renewed:
            return answer
        return self._outgoing.post(target, self._headers(event, body, settings), body)

    def _headers(self, event: Event, body: bytes, settings: Destination) -> dict[str, str]:
        headers = {
            **settings.headers,
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,
            **self._signer.headers(event.event_id, self._clock.now(), body),
        }
        if is_header_safe(event.correlation_id):
            headers["X-Correlation-Id"] = event.correlation_id
        return headers


def _target(settings: Destination) -> Target:
    return Target(
        url=settings.url,
        timeout=settings.timeout_seconds,
        connect_timeout=settings.connect_timeout_seconds,
        allow_insecure=settings.allow_insecure,
        allow_private=settings.allow_private,
        ca_certificates=settings.ca_certificates,
    )
