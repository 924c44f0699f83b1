"""The webhooks that CXone sends to us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Topic = Literal["campaigns", "dialer"]
"""What CXone can tell by webhook: campaigns' metrics and states, the dialer's settings and activations."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A webhook as it should be registered: everything of a topic goes to `url`, proved by `secret`.

    CXone gives ids of its own, so the name is what it is known by. `source` marks what it sends.
    """

    name: str
    topic: Topic
    url: str
    source: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A webhook that is registered, and whether all that CXone shows of it is as it should be.

    CXone does not show every secret, so one that it hides may be another.
    """

    subscription_id: str
    as_wanted: bool


class SubscriptionsPort(Protocol):
    """Reads and changes which webhooks CXone sends. All raise the errors of `outbound.cxone.errors`."""

    def find(self, wanted: Subscription) -> Sequence[Subscribed]:
        """Return those that are registered under the name of `wanted` for its topic, in CXone's order."""

    def register(self, wanted: Subscription) -> str:
        """Register a webhook and give its id.

        Raises Unavailable where it is unknown whether it was registered: find it before trying again.
        """

    def replace(self, subscription_id: str, wanted: Subscription) -> None:
        """Make a registered webhook as wanted."""

    def remove(self, subscription_id: str, topic: Topic) -> None:
        """Take a webhook away; one that is not there is away already."""
