"""The JSON Schema of the `ingress` document, whose model is read by hand and so makes none itself."""

from __future__ import annotations

from typing import Any

from outbound.clock import CLOCK_TOLERANCE
from outbound.webhooks.settings import READY_MAPPINGS, REQUEST_TYPES
from outbound.webhooks.signatures.schemes import SCHEME_NAMES


def _text(description: str, default: str = "") -> dict[str, Any]:
    return {"type": "string", "default": default, "description": description}


def _choice(choices: Any, default: str, description: str) -> dict[str, Any]:
    return {"enum": list(choices), "default": default, "description": description}


_SCHEME = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type"],
    "properties": {
        "type": {"enum": list(SCHEME_NAMES), "description": "a sender that is known by name, or a kind"},
        "signature_header": _text("hmac: the header that the signature is in"),
        "payload": _text("hmac: what is signed, of {body}, {timestamp}, {method} and {url}", "{body}"),
        "algorithm": _choice(("sha256", "sha384", "sha512"), "sha256", "hmac: the hash"),
        "encoding": _choice(("hex", "base64"), "hex", "hmac: of the signature"),
        "prefix": _text("what stands before the signature, or the secret, in its header"),
        "secret_encoding": _choice(("text", "base64", "hex", "whsec"), "text", "hmac: of the secret"),
        "timestamp_header": _text("hmac: the header that the time is in"),
        "timestamp_format": _choice(("seconds", "milliseconds", "iso8601"), "seconds", "hmac: of the time"),
        "timestamp_element": _text("hmac: the time's name within the signature header (t=...)"),
        "signature_element": _text("hmac: the signature's name within its header (v1=...)"),
        "element_separator": _text("hmac: what stands between those", ","),
        "url_form": _choice(("as_received", "hubspot"), "as_received", "hmac: how {url} is written"),
        "header": _text("secret_header: the header that the secret is in"),
    },
}

_PROVIDER = {
    "type": "object",
    "additionalProperties": False,
    "required": ["scheme"],
    "properties": {
        "scheme": {
            "anyOf": [{"enum": list(SCHEME_NAMES)}, {"$ref": "#/$defs/Scheme"}],
            "description": "how it proves who it is: a name, or an object with a `type` and what differs",
        },
        "mapping": {
            "anyOf": [{"enum": list(READY_MAPPINGS)}, {"type": "object"}],
            "description": "what its payload means: a ready-made one, or an object of JMESPath expressions",
        },
        "tolerance_seconds": {
            "type": "integer",
            "minimum": 1,
            "maximum": 86_400,
            "default": int(CLOCK_TOLERANCE.total_seconds()),
            "description": "how far a signed time may be from ours",
        },
        "max_body_bytes": {
            "type": "integer",
            "minimum": 1,
            "maximum": 245_760,
            "default": 245_760,
            "description": "a larger body is refused",
        },
        "request_types": {
            "type": "array",
            "items": {"enum": list(REQUEST_TYPES)},
            "default": [],
            "description": "what it may ask for",
        },
        "event_id": _text("JMESPath over an event of its payload: what tells it from others"),
        "occurred_at": _text("JMESPath over an event of its payload: when it happened"),
        "integration_user": _text("the user that this project writes with; its changes are dropped"),
        "callback_verification_until": _text(
            "salesforce_marketing_cloud: until then, four hours at most, the request that verifies a new "
            "callback is taken unsigned"
        ),
    },
}

INGRESS_SCHEMA: dict[str, Any] = {
    "$defs": {"Provider": _PROVIDER, "Scheme": _SCHEME},
    "title": "Providers",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "public_base_url": _text("where senders see the API (output WebhookUrl); part of some signatures"),
        "cxone": {
            "anyOf": [{"$ref": "#/$defs/Provider"}, {"type": "null"}],
            "default": None,
            "description": "CXone itself; not believed unless it is here; fields as of a provider",
        },
        "providers": {
            "type": "object",
            "additionalProperties": {"$ref": "#/$defs/Provider"},
            "default": {},
            "description": "CRMs, by the name at the end of their address",
        },
    },
}
