"""Webhook subscriptions on the platform API: the campaigns' and the dialer's surface each have their own.

Registering is documented; listing, replacing and removing below the same paths are assumed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from outbound.cxone.errors import NotFound, UnexpectedAnswer
from outbound.cxone.http import Answer, Call, CxoneHttp
from outbound.cxone.ports.subscriptions import Subscribed, Subscription, Topic

Body = dict[str, Any]

_CAMPAIGN_EVENTS = ["omnichannel.campaign.metrics.update", "omnichannel.campaign.state.change"]
_DIALER_EVENTS = ["dialer.settings.updated", "dialer.campaign.activated"]
# Our receiver answers within a second or refuses; what it misses in all four tries is a metric or a state
# that is read again anyway.
_RETRY_POLICY = {"maxRetries": 3, "backoffMultiplier": 2, "timeoutSec": 10}
# What an answer may leave out or blot out.
_SECRETS = frozenset({"token", "Authorization", "X-Webhook-Secret"})
# An id becomes part of a path.
_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")


def _campaigns(wanted: Subscription) -> Body:
    # The secret in both forms that the receiver can be set up for: the dialer's surface has the first alone.
    proofs = {"Authorization": f"Bearer {wanted.secret}", "X-Webhook-Secret": wanted.secret}
    return {
        "name": wanted.name,
        "callbackUrl": wanted.url,
        "events": _CAMPAIGN_EVENTS,
        "enabled": True,
        "headers": {"X-Webhook-Source": wanted.source, **proofs},
    }


def _dialer(wanted: Subscription) -> Body:
    return {
        "name": wanted.name,
        "url": wanted.url,
        "events": _DIALER_EVENTS,
        "auth": {"type": "bearer", "token": wanted.secret},
        "retryPolicy": _RETRY_POLICY,
    }


@dataclass(frozen=True, slots=True)
class _Surface:
    """Where the webhooks of a topic are registered, and in what form."""

    path: str
    body: Callable[[Subscription], Body]


_SURFACES: Mapping[Topic, _Surface] = {
    "campaigns": _Surface("/api/v2/omnichannel/webhooks", _campaigns),
    "dialer": _Surface("/api/v1/integrations/webhooks", _dialer),
}


class PlatformSubscriptions:
    """Reads and changes the webhooks of both surfaces."""

    def __init__(self, http: CxoneHttp) -> None:
        """Call through this session."""
        self._http = http

    def find(self, wanted: Subscription) -> list[Subscribed]:
        """Return those that are registered under the name of `wanted`.

        Raises UnexpectedAnswer where the answer has no list of webhooks, or one without an id.
        """
        surface = _SURFACES[wanted.topic]
        answer = self._call(wanted.topic, "GET", surface.path)
        if answer.nothing:
            return []
        webhooks = answer.body.get("webhooks") if isinstance(answer.body, dict) else None
        if not isinstance(webhooks, list):
            raise UnexpectedAnswer(f"GET {surface.path} answered without a list 'webhooks'")
        ours = [one for one in webhooks if isinstance(one, dict) and one.get("name") == wanted.name]
        return [Subscribed(_id(one, surface.path), _shows(one, surface.body(wanted))) for one in ours]

    def register(self, wanted: Subscription) -> str:
        """Register a webhook and give its id; a lost answer is Unavailable, and not tried again here."""
        surface = _SURFACES[wanted.topic]
        answer = self._call(wanted.topic, "POST", surface.path, surface.body(wanted))
        return _id(answer.body, surface.path)

    def replace(self, subscription_id: str, wanted: Subscription) -> None:
        """Make a registered webhook as wanted."""
        surface = _SURFACES[wanted.topic]
        self._call(wanted.topic, "PUT", f"{surface.path}/{subscription_id}", surface.body(wanted))

    def remove(self, subscription_id: str, topic: Topic) -> None:
        """Take a webhook away; one that is not there is away already."""
        with suppress(NotFound):
            self._call(topic, "DELETE", f"{_SURFACES[topic].path}/{subscription_id}")

    def _call(self, topic: Topic, method: str, path: str, body: Body | None = None) -> Answer:
        # A topic's surface and its quota go by the topic's name.
        return self._http.call(Call(topic, topic, method, path, json=body))


def _id(webhook: Any, path: str) -> str:
    found = webhook.get("id") if isinstance(webhook, dict) else None
    # It becomes part of a path.
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise UnexpectedAnswer(f"{path} answered with a webhook that has no usable id")
    return found


def _shows(shown: Any, wanted: Any) -> bool:
    """Return True if everything that is wanted is shown so; a secret that CXone hides cannot be compared."""
    if isinstance(wanted, dict):
        given = shown if isinstance(shown, dict) else {}
        return all(_agrees(name, given.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(shown, list) and sorted(map(str, shown)) == sorted(wanted)
    return bool(shown == wanted)


def _agrees(name: str, shown: Any, wanted: Any) -> bool:
    return _shows(shown, wanted) or (name in _SECRETS and _hidden(shown))


def _hidden(value: Any) -> bool:
    """Whether a value is left out, or blotted out."""
    return value is None or (isinstance(value, str) and not value.strip("*"))
