"""What a registration of a webhook must look like on each surface, read strictly."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sandbox.tenant.reading import fields_of, invalid

CAMPAIGN_EVENTS = ("omnichannel.campaign.metrics.update", "omnichannel.campaign.state.change")
DIALER_EVENTS = ("dialer.settings.updated", "dialer.campaign.activated")

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently an event is sent; the example of the dialer's document by default."""

    retries: int = 3
    multiplier: float = 2
    timeout: float = 10


@dataclass(frozen=True, slots=True)
class Registration:
    """Where events of which types are to be sent, and how."""

    surface: str
    name: str
    url: str
    events: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    enabled: bool = True
    retry: RetryPolicy = RetryPolicy()
    shown: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The registration as the API repeats it."""


def read_campaigns(document: Any) -> Registration:
    """Read a body of `POST /api/v2/omnichannel/webhooks`, or refuse it naming the field."""
    given = fields_of(document, "body", {"name", "callbackUrl", "events", "enabled", "headers"})
    enabled = given.get("enabled", True)
    if not isinstance(enabled, bool):
        raise invalid("enabled", "is true or false")
    headers = _headers(given.get("headers", {}))
    url = _url(given, "callbackUrl")
    name, events = _name(given), _events(given, CAMPAIGN_EVENTS)
    shown = {
        "name": name,
        "callbackUrl": url,
        "events": list(events),
        "enabled": enabled,
        "headers": headers,
    }
    # Assumption: this surface sends by the same policy as the dialer's; its document names none.
    return Registration("campaigns", name, url, events, headers, enabled, RetryPolicy(), shown)


def read_dialer(document: Any) -> Registration:
    """Read a body of `POST /api/v1/integrations/webhooks`, or refuse it naming the field."""
    given = fields_of(document, "body", {"name", "url", "events", "auth", "retryPolicy"})
    name, url, events = _name(given), _url(given, "url"), _events(given, DIALER_EVENTS)
    headers = _auth(given)
    policy = _policy(given.get("retryPolicy", {}))
    shown = {
        "name": name,
        "url": url,
        "events": list(events),
        # Assumption: a token is taken and never shown again.
        "auth": {"type": "bearer"} if headers else None,
        "retryPolicy": {
            "maxRetries": policy.retries,
            "backoffMultiplier": policy.multiplier,
            "timeoutSec": policy.timeout,
        },
    }
    return Registration("dialer", name, url, events, headers, True, policy, shown)


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > 2048:
        raise invalid(name, "is required, as a text")
    return value


def _name(given: Mapping[str, Any]) -> str:
    name = _text(given, "name")
    if len(name) > _MOST_CHARACTERS:
        raise invalid("name", f"has at most {_MOST_CHARACTERS} characters")
    return name


def _url(given: Mapping[str, Any], name: str) -> str:
    url = _text(given, name)
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
    except ValueError:
        usable = False
    if not usable:
        raise invalid(name, "is not an absolute URL")
    return url


def _events(given: Mapping[str, Any], known: Sequence[str]) -> tuple[str, ...]:
    events = given.get("events")
    if not isinstance(events, list) or not events:
        raise invalid("events", "is a list with at least one type")
    for one in events:
        if one not in known:
            raise invalid("events", f"knows {', '.join(known)}")
    if len(set(events)) < len(events):
        raise invalid("events", "names a type twice")
    return tuple(events)


def _headers(given: Any) -> dict[str, str]:
    if not isinstance(given, dict):
        raise invalid("headers", "is an object")
    for name, value in given.items():
        fits = isinstance(value, str) and value.isascii() and value.isprintable()
        if not _HEADER.fullmatch(name) or not fits:
            raise invalid("headers", "has a name or a value that no header has")
    return dict(given)


def _auth(given: Mapping[str, Any]) -> dict[str, str]:
    if "auth" not in given:
        return {}
    auth = fields_of(given["auth"], "auth", {"type", "token"})
    if auth.get("type") != "bearer":
        raise invalid("auth.type", "is bearer")
    token = auth.get("token")
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise invalid("auth.token", "is required, as a text")
    return {"Authorization": f"Bearer {token}"}


def _policy(given: Any) -> RetryPolicy:
    fields = {"maxRetries": (0, 10), "backoffMultiplier": (1, 10), "timeoutSec": (1, 60)}
    policy = fields_of(given, "retryPolicy", set(fields))
    for name, (least, most) in fields.items():
        value = policy.get(name, least)
        whole = isinstance(value, int) or (name != "maxRetries" and isinstance(value, float))
        if isinstance(value, bool) or not whole or not least <= value <= most:
            raise invalid(f"retryPolicy.{name}", f"is from {least} to {most}")
    return RetryPolicy(
        policy.get("maxRetries", 3), policy.get("backoffMultiplier", 2), policy.get("timeoutSec", 10)
    )
