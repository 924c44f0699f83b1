"""Senders that sign as their schemes say, written apart from the code that checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

URL = "https://hooks.example.com/webhooks/crm/sender"
MESSAGE_ID = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"

Headers = dict[str, str]


@dataclass(frozen=True)
class Sent:
    """What is to be signed; the moment in milliseconds since 1970."""

    body: bytes
    ms: int
    method: str = "POST"
    url: str = URL
    message_id: str = MESSAGE_ID


@dataclass(frozen=True)
class Sender:
    """One scheme: how it signs with a seed's secret, what that secret looks like, and what it covers."""

    scheme: str
    sign: Callable[[Sent, str], Headers]
    secret: Callable[[str], Mapping[str, str]]
    covers: frozenset[str]
    ignores_case: bool = False

    @property
    def is_timed(self) -> bool:
        return "time" in self.covers


def _mac(key: bytes, *parts: bytes | str) -> bytes:
    made = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        made.update(part if isinstance(part, bytes) else part.encode())
    return made.digest()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(seed: str) -> dict[str, str]:
    return {"secret": seed}


def _whsec(seed: str) -> dict[str, str]:
    return {"secret": f"whsec_{_b64(seed.encode())}"}


def _private_key(seed: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())


def _whpk(seed: str) -> dict[str, str]:
    public = _private_key(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"public_key": f"whpk_{_b64(public)}"}


def _standard(signature: Callable[[bytes, str], str]) -> Callable[[Sent, str], Headers]:
    def sign(sent: Sent, seed: str) -> Headers:
        timestamp = str(sent.ms // 1000)
        signed = f"{sent.message_id}.{timestamp}.".encode() + sent.body
        return {
            "webhook-id": sent.message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(signed, seed),
        }

    return sign


def _hubspot(sent: Sent, seed: str) -> Headers:
    signature = _mac(seed.encode(), sent.method, sent.url, sent.body, str(sent.ms))
    return {"x-hubspot-signature-v3": _b64(signature), "x-hubspot-request-timestamp": str(sent.ms)}


def _stripe(sent: Sent, seed: str) -> Headers:
    timestamp = str(sent.ms // 1000)
    signature = _mac(seed.encode(), timestamp, ".", sent.body).hex()
    return {"stripe-signature": f"t={timestamp},v1={signature}"}


def _zendesk(sent: Sent, seed: str) -> Headers:
    timestamp = _iso(sent.ms)
    return {
        "x-zendesk-webhook-signature": _b64(_mac(seed.encode(), timestamp, sent.body)),
        "x-zendesk-webhook-signature-timestamp": timestamp,
    }


def _salesforce(sent: Sent, seed: str) -> Headers:
    signature = _b64(_mac(seed.encode(), str(sent.ms), ".", sent.body))
    return {"x-signature": signature, "x-timestamp": str(sent.ms)}


def _expert(sent: Sent, seed: str) -> Headers:
    timestamp = str(sent.ms // 1000)
    signature = _mac(seed.encode(), timestamp, ".", sent.body).hex()
    return {"x-nexus-signature-256": f"sha256={signature}", "x-nexus-timestamp": timestamp}


def _over_the_body(header: str) -> Callable[[Sent, str], Headers]:
    return lambda sent, seed: {header: _b64(_mac(seed.encode(), sent.body))}


def _github(sent: Sent, seed: str) -> Headers:
    return {"x-hub-signature-256": f"sha256={_mac(seed.encode(), sent.body).hex()}"}


_BODY = frozenset({"body"})
_TIMED = frozenset({"body", "time"})

SENDERS = {
    "standard webhooks v1": Sender(
        "standard_webhooks",
        _standard(lambda signed, seed: f"v1,{_b64(_mac(seed.encode(), signed))}"),
        _whsec,
        _TIMED | {"id"},
    ),
    "standard webhooks v1a": Sender(
        "standard_webhooks",
        _standard(lambda signed, seed: f"v1a,{_b64(_private_key(seed).sign(signed))}"),
        _whpk,
        _TIMED | {"id"},
    ),
    "hubspot": Sender("hubspot_v3", _hubspot, _text, _TIMED | {"method", "url"}),
    "stripe": Sender("stripe", _stripe, _text, _TIMED, ignores_case=True),
    "zendesk": Sender("zendesk", _zendesk, _text, _TIMED),
    "salesforce": Sender("salesforce", _salesforce, _text, _TIMED),
    "cxone expert": Sender("cxone_expert", _expert, _text, _TIMED, ignores_case=True),
    "github": Sender("github", _github, _text, _BODY, ignores_case=True),
    "shopify": Sender("shopify", _over_the_body("x-shopify-hmac-sha256"), _text, _BODY),
    "marketing cloud": Sender(
        "salesforce_marketing_cloud", _over_the_body("x-sfmc-ens-signature"), _text, _BODY
    ),
    "cxone digital": Sender("cxone_digital", _over_the_body("x-request-signature"), _text, _BODY),
    "bearer": Sender(
        "bearer",
        lambda _, seed: {"authorization": f"Bearer {seed}"},
        _text,
        frozenset(),
        ignores_case=True,
    ),
    "secret header": Sender("secret_header", lambda _, seed: {"x-webhook-secret": seed}, _text, frozenset()),
}
