"""How senders prove who they are: three kinds of scheme, and the well-known senders' forms of them.

A scheme is written as one word ("github"), or as an object whose `type` is that word or a kind, beside
whatever differs: `{"type": "hmac", "signature_header": "x-signature", "encoding": "hex"}`.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from outbound.webhooks.settings_fields import Fields

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_PRINTABLE = re.compile(r"[ -~]{0,100}")
_ELEMENT = re.compile(r"[A-Za-z0-9_-]{1,40}")
_SEPARATOR = re.compile(r"[ -~]{1,3}")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PARTS = frozenset({"body", "timestamp", "method", "url"})


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    """Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`; v1 and v1a."""


@dataclass(frozen=True, slots=True)
class Hmac:
    """A keyed hash over parts of the request.

    `payload` says what is signed, in the order of its `{body}`, `{timestamp}`, `{method}` and `{url}`.
    The timestamp stands in a header of its own, or in an element (`t=...`) of the signature header; then the
    signature is an element, too (`v1=...`), and may be there several times.
    """

    signature_header: str
    payload: str = "{body}"
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""
    secret_encoding: str = "text"
    timestamp_header: str = ""
    timestamp_format: str = "seconds"
    timestamp_element: str = ""
    signature_element: str = ""
    element_separator: str = ","
    url_form: str = "as_received"

    @property
    def is_timed(self) -> bool:
        """Whether a time is signed, so that a copy of the request goes stale."""
        return "{timestamp}" in self.payload


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """The secret itself in a header, after a prefix: proves who sends, and nothing about what is sent."""

    header: str
    prefix: str = ""


Scheme = StandardWebhooks | Hmac | SharedSecret

_KINDS = {StandardWebhooks: "standard_webhooks", Hmac: "hmac", SharedSecret: "secret_header"}

# The settings of each scheme that goes by a name. The first is the kind.
_NAMED: dict[str, tuple[str, dict[str, Any]]] = {
    "standard_webhooks": ("standard_webhooks", {}),
    "hmac": ("hmac", {}),
    "secret_header": ("shared_secret", {"header": "x-webhook-secret"}),
    "bearer": ("shared_secret", {"header": "authorization", "prefix": "Bearer "}),
    "hubspot_v3": (
        "hmac",
        {
            "signature_header": "x-hubspot-signature-v3",
            "payload": "{method}{url}{body}{timestamp}",
            "encoding": "base64",
            "timestamp_header": "x-hubspot-request-timestamp",
            "timestamp_format": "milliseconds",
            "url_form": "hubspot",
        },
    ),
    # An Apex callout signs as it is told; this is what the README's class does.
    "salesforce": (
        "hmac",
        {
            "signature_header": "x-signature",
            "payload": "{timestamp}.{body}",
            "encoding": "base64",
            "timestamp_header": "x-timestamp",
            "timestamp_format": "milliseconds",
        },
    ),
    "salesforce_marketing_cloud": (
        "hmac",
        {"signature_header": "x-sfmc-ens-signature", "encoding": "base64"},
    ),
    "stripe": (
        "hmac",
        {
            "signature_header": "stripe-signature",
            "payload": "{timestamp}.{body}",
            "timestamp_element": "t",
            "signature_element": "v1",
        },
    ),
    "github": ("hmac", {"signature_header": "x-hub-signature-256", "prefix": "sha256="}),
    "zendesk": (
        "hmac",
        {
            "signature_header": "x-zendesk-webhook-signature",
            "payload": "{timestamp}{body}",
            "encoding": "base64",
            "timestamp_header": "x-zendesk-webhook-signature-timestamp",
            "timestamp_format": "iso8601",
        },
    ),
    "shopify": ("hmac", {"signature_header": "x-shopify-hmac-sha256", "encoding": "base64"}),
    "cxone_digital": ("hmac", {"signature_header": "x-request-signature", "encoding": "base64"}),
    "cxone_expert": (
        "hmac",
        {
            "signature_header": "x-nexus-signature-256",
            "prefix": "sha256=",
            "payload": "{timestamp}.{body}",
            "timestamp_header": "x-nexus-timestamp",
        },
    ),
}

SCHEME_NAMES = tuple(_NAMED)


def scheme_from(value: object, place: str) -> Scheme:
    """Read a scheme from its settings. Raises InvalidSettings naming the field."""
    fields = Fields({"type": value} if isinstance(value, str) else value, place)
    kind, named = _NAMED[fields.choice("type", "", _NAMED)]
    fields.default(named)
    scheme = _READERS[kind](fields)
    fields.done()
    return scheme


def scheme_settings(scheme: Scheme) -> dict[str, Any]:
    """Return a scheme's settings, defaults filled in; `scheme_from` reads them back."""
    return {"type": _KINDS[type(scheme)], **asdict(scheme)}


def _standard_webhooks(_: Fields) -> Scheme:
    return StandardWebhooks()


def _shared_secret(fields: Fields) -> Scheme:
    return SharedSecret(header=_header(fields, "header"), prefix=_printable(fields, "prefix"))


def _hmac(fields: Fields) -> Scheme:
    scheme = Hmac(
        signature_header=_header(fields, "signature_header"),
        payload=_payload(fields),
        algorithm=fields.choice("algorithm", "sha256", ("sha256", "sha384", "sha512")),
        encoding=fields.choice("encoding", "hex", ("hex", "base64")),
        prefix=_printable(fields, "prefix"),
        secret_encoding=fields.choice("secret_encoding", "text", ("text", "base64", "hex", "whsec")),
        timestamp_header=_header(fields, "timestamp_header", needed=False),
        timestamp_format=fields.choice("timestamp_format", "seconds", ("seconds", "milliseconds", "iso8601")),
        timestamp_element=fields.text("timestamp_element", "", _ELEMENT, "the name of an element"),
        signature_element=fields.text("signature_element", "", _ELEMENT, "the name of an element"),
        element_separator=fields.text("element_separator", ",", _SEPARATOR, "one to three characters"),
        url_form=fields.choice("url_form", "as_received", ("as_received", "hubspot")),
    )
    _check_the_time(scheme, fields)
    return scheme


def _check_the_time(scheme: Hmac, fields: Fields) -> None:
    """A time that is not signed protects nothing, and a signed one has to come from one place."""
    places = [name for name in (scheme.timestamp_header, scheme.timestamp_element) if name]
    if scheme.is_timed and len(places) != 1:
        raise fields.complain(
            "payload", "has {timestamp}: name its timestamp_header or its timestamp_element"
        )
    if places and not scheme.is_timed:
        raise fields.complain("payload", "must have {timestamp}: a time that is not signed protects nothing")
    if scheme.timestamp_element and not scheme.signature_element:
        raise fields.complain("signature_element", "is needed beside a timestamp_element")


def _payload(fields: Fields) -> str:
    payload = fields.text("payload", "{body}", _PRINTABLE, "a text of printable characters")
    parts = _PLACEHOLDER.findall(payload)
    if set(parts) - _PARTS or set(_PLACEHOLDER.sub("", payload)) & set("{}"):
        raise fields.complain("payload", "may only have {body}, {timestamp}, {method} and {url} in braces")
    if "body" not in parts or len(parts) != len(set(parts)):
        raise fields.complain("payload", "must have {body}, and nothing twice")
    return payload


def _header(fields: Fields, name: str, needed: bool = True) -> str:
    header = fields.text(name, "", _HEADER_NAME, "the name of a header")
    if needed and not header:
        raise fields.complain(name, "must be the name of a header")
    return header.lower()


def _printable(fields: Fields, name: str) -> str:
    return fields.text(name, "", _PRINTABLE, "a text of printable characters")


_READERS = {"standard_webhooks": _standard_webhooks, "hmac": _hmac, "shared_secret": _shared_secret}
