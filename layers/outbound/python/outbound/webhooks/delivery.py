"""A webhook that was believed, as it travels on the ingress queue and lies in the lake: whole."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from outbound.clock import format_time, parse_time
from outbound.events import deterministic_id

# Headers that say something about a delivery. Whatever proves who sent it (Authorization, signatures,
# cookies, secret headers) is not among them: it would make the kept copy a credential.
KEPT_HEADERS = frozenset(
    {
        *(
            "content-type",
            "user-agent",
            "x-webhook-source",
            "x-request-id",
            "x-correlation-id",
            "traceparent",
        ),
        *("webhook-id", "webhook-timestamp", "x-hubspot-request-timestamp"),
        *("x-github-event", "x-github-delivery", "x-shopify-topic", "x-shopify-event-id"),
        *("x-zendesk-webhook-id", "x-zendesk-webhook-invocation-id"),
    }
)
_LONGEST_HEADER = 512

_encode = json.JSONEncoder().encode


class NoDelivery(ValueError):
    """A message that holds no delivery; says which field is wrong."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of a provider: its id, when and how it came, and its body's bytes as received.

    `replay` is the id of the operator's run that sent it again, empty for a delivery that has just come.
    `body_base64` is the body in base64 where the receiver has it, checked, at hand.
    """

    delivery_id: str
    provider: str
    received_at: datetime
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    replay: str = ""
    body_base64: str = field(default="", repr=False, compare=False)

    def to_message(self) -> str:
        """The delivery as it travels: ASCII, for a queue takes no control characters."""
        # Base64 has nothing to escape, and looking for it would take as long as all the rest.
        return self._with(f'"body_base64":"{self.body_base64 or base64.b64encode(self.body).decode()}"')

    def to_json(self) -> str:
        """The delivery as it is kept: a body that is text can be read."""
        try:
            return self._with(f'"body":{_encode(self.body.decode())}')
        except UnicodeDecodeError:
            return self.to_message()

    def _with(self, body: str) -> str:
        """The JSON object with this member as its body, text by text: as one it would take twice as long."""
        headers = ",".join([f"{_encode(name)}:{_encode(text)}" for name, text in self.headers.items()])
        replay = f'"replay":{_encode(self.replay)},' if self.replay else ""
        return (
            f'{{"version":1,"delivery_id":{_encode(self.delivery_id)},"provider":{_encode(self.provider)},'
            f'"received_at":"{format_time(self.received_at)}","method":{_encode(self.method)},'
            f'"path":{_encode(self.path)},"headers":{{{headers}}},{replay}{body}}}'
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Delivery:
        """Read a delivery back. Raises NoDelivery where the text is none."""
        try:
            message = json.loads(text)
            return cls(
                delivery_id=_text(message, "delivery_id"),
                provider=_text(message, "provider"),
                received_at=parse_time(_text(message, "received_at")),
                method=_text(message, "method"),
                path=_text(message, "path"),
                headers={str(name): str(value) for name, value in message["headers"].items()},
                body=_read(message),
                replay=str(message.get("replay", "")),
            )
        except NoDelivery:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            # The error's own text may quote the body.
            raise NoDelivery(f"the message is not a delivery ({type(error).__name__})") from None


def delivery_id(provider: str, signed_id: str, body: bytes) -> str:
    """Return a delivery's id from what its sender proved: its own id where that is signed, else the body.

    Args:
        provider: The sender's name.
        signed_id: The sender's id of the delivery; empty where its signature does not cover one.
        body: The body as it came.
    """
    if signed_id:
        return deterministic_id("webhook", provider, "id", signed_id)
    return deterministic_id("webhook", provider, "body", sha256(body).hexdigest())


def kept_headers(headers: Mapping[str, tuple[str, ...]], secret: str = "") -> dict[str, str]:
    """Return the headers that say something about a delivery; never the one that proves who sent it."""
    return {
        name: ", ".join(values)[:_LONGEST_HEADER]
        for name, values in headers.items()
        if name in KEPT_HEADERS and name != secret
    }


def _read(message: Mapping[str, object]) -> bytes:
    if "body" in message:
        return _text(message, "body", may_be_empty=True).encode()
    try:
        return base64.b64decode(_text(message, "body_base64", may_be_empty=True), validate=True)
    except binascii.Error:
        raise NoDelivery("body_base64: is not base64") from None


def _text(message: Mapping[str, object], name: str, may_be_empty: bool = False) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not (value or may_be_empty):
        raise NoDelivery(f"{name}: is not a text")
    return value
