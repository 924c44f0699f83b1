"""What is configured about the senders of webhooks: the document `/<stack>/config/ingress`.

As packaged no CRM may send anything, and CXone neither: a sender is believed once it is configured.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from outbound.clock import CLOCK_TOLERANCE, parse_time
from outbound.webhooks.settings_fields import Fields, InvalidSettings
from outbound.webhooks.signatures.schemes import Hmac, Scheme, scheme_from, scheme_settings

CXONE = "cxone"
"""The name of CXone itself among the senders; no CRM may have it."""

CALLBACK_SIGNATURE = "x-sfmc-ens-signature"
"""The header in which Marketing Cloud signs, once a callback is verified."""

# What a sender may ask for; nothing unless its settings say so.
REQUEST_TYPES = (
    "archive.requested",
    "campaign.segment.requested",
    "campaign.transition.requested",
    "consent.changed",
    "disposition.requested",
    "outcomes.pull.requested",
)
READY_MAPPINGS = ("cxone", "hubspot", "plain", "salesforce")

_TOLERANCE_SECONDS = int(CLOCK_TOLERANCE.total_seconds())
_ONE_DAY = 86400
# The queue takes 256 KB; what it adds around a body has room beside this.
_MAX_BODY_BYTES = 240 * 1024
_DEEPEST = 5

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_URL = re.compile(r"(?i:https?)://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]{0,200})?")
_SENDERS_PATH = re.compile(r"/webhooks/(?:cxone|crm)(?:/|$)")
_EXPRESSION = re.compile(r"[^\x00-\x1f]{1,1000}")
_MOMENT = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_USER = re.compile(r"[^\x00-\x1f]{1,200}")


@dataclass(frozen=True, slots=True)
class Provider:
    """One sender of webhooks.

    `event_id` and `occurred_at` are JMESPath expressions over an event of its payload; `mapping` names
    a ready-made one or is an object of JMESPath expressions; the receiver looks into neither. Changes that
    `integration_user` made are our own, coming back. Until `callback_verification_until` the request that
    verifies a new callback of Marketing Cloud is taken unsigned.
    """

    name: str
    scheme: Scheme
    mapping: str | Mapping[str, Any]
    tolerance_seconds: int = _TOLERANCE_SECONDS
    max_body_bytes: int = _MAX_BODY_BYTES
    request_types: tuple[str, ...] = ()
    event_id: str = ""
    occurred_at: str = ""
    integration_user: str = ""
    callback_verification_until: str = ""


@dataclass(frozen=True, slots=True)
class Providers:
    """All senders, and where they see this API."""

    public_base_url: str = ""
    cxone: Provider | None = None
    providers: Mapping[str, Provider] = field(default_factory=dict)

    def crm(self, name: str) -> Provider | None:
        """Return the CRM of this name, if one is configured."""
        return self.providers.get(name)

    @classmethod
    def model_validate(cls, value: object, /) -> Providers:
        """Read the document. Raises InvalidSettings naming the field that does not fit."""
        fields = Fields(value)
        url = fields.text("public_base_url", "", _URL, "an https:// address without query")
        if _SENDERS_PATH.search(url):
            # What a sender signs could not be told from it.
            raise fields.complain(
                "public_base_url", "must end before /webhooks: what follows is each sender's own"
            )
        cxone = fields.take(CXONE)
        named = fields.take("providers", {})
        fields.done()
        if not isinstance(named, Mapping):
            raise InvalidSettings("providers", "must be an object")
        return cls(
            public_base_url=url.rstrip("/"),
            cxone=None if cxone is None else _provider(CXONE, cxone, CXONE),
            providers={name: _crm(name, each) for name, each in named.items()},
        )

    @classmethod
    def model_validate_json(cls, text: str | bytes, /) -> Providers:
        """Read the document from JSON. Raises InvalidSettings, which never shows a value."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if value is None:
            raise InvalidSettings("", "must be a JSON object")
        return cls.model_validate(value)

    def model_dump(self, **_: object) -> dict[str, Any]:
        """Return the settings in force, defaults filled in; `model_validate` reads them back."""
        return {
            "public_base_url": self.public_base_url,
            CXONE: None if self.cxone is None else _dumped(self.cxone),
            "providers": {name: _dumped(provider) for name, provider in self.providers.items()},
        }


def _dumped(provider: Provider) -> dict[str, Any]:
    settings = asdict(provider)
    del settings["name"]
    return {
        **settings,
        "scheme": scheme_settings(provider.scheme),
        "request_types": list(provider.request_types),
    }


def _crm(name: object, value: object) -> Provider:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == CXONE:
        raise InvalidSettings(
            "providers", "a name has lower-case letters, digits, '-' and '_', and is not cxone"
        )
    return _provider(name, value, f"providers.{name}")


def _provider(name: str, value: object, place: str) -> Provider:
    fields = Fields(value, place)
    provider = Provider(
        name=name,
        scheme=scheme_from(fields.take("scheme"), fields.place_of("scheme")),
        mapping=_mapping(fields, CXONE if name == CXONE else "plain"),
        tolerance_seconds=fields.number("tolerance_seconds", _TOLERANCE_SECONDS, 1, _ONE_DAY),
        max_body_bytes=fields.number("max_body_bytes", _MAX_BODY_BYTES, 1, _MAX_BODY_BYTES),
        request_types=fields.choices("request_types", (), REQUEST_TYPES),
        event_id=fields.text("event_id", "", _EXPRESSION, "a JMESPath expression"),
        occurred_at=fields.text("occurred_at", "", _EXPRESSION, "a JMESPath expression"),
        integration_user=fields.text("integration_user", "", _USER, "the id or name of a user"),
        callback_verification_until=fields.text(
            "callback_verification_until", "", _MOMENT, "a time like 2026-03-10T16:00:00Z"
        ),
    )
    fields.done()
    if until := provider.callback_verification_until:
        if not _is_moment(until):
            raise fields.complain("callback_verification_until", "must be a time that there is")
        if not _signs_callbacks(provider.scheme):
            raise fields.complain(
                "callback_verification_until", "is for the scheme salesforce_marketing_cloud"
            )
    return provider


def _is_moment(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True


def _signs_callbacks(scheme: Scheme) -> bool:
    return isinstance(scheme, Hmac) and scheme.signature_header == CALLBACK_SIGNATURE


def _mapping(fields: Fields, default: str) -> str | Mapping[str, Any]:
    value = fields.take("mapping", default)
    if isinstance(value, str) and value in READY_MAPPINGS:
        return value
    if isinstance(value, Mapping) and value and _has_expressions(value):
        return value
    raise fields.complain(
        "mapping", f"must be one of {', '.join(READY_MAPPINGS)}, or an object of expressions"
    )


def _has_expressions(value: object, depth: int = 0) -> bool:
    """Return True if a value is made of objects and lists whose leaves are texts; the router reads them."""
    if depth > _DEEPEST:
        return False
    if isinstance(value, Mapping):
        return all(_has_expressions(each, depth + 1) for each in value.values())
    if isinstance(value, list):
        return all(_has_expressions(each, depth + 1) for each in value)
    return isinstance(value, str)
