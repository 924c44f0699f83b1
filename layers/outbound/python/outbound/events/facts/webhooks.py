"""Facts about deliveries that senders made, and about subscriptions at CXone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from outbound.events.facts.base import Fact, Part, fact_class
from outbound.events.types import EventType


@fact_class
class _OfDelivery(Fact):
    delivery_id: str
    """The delivery, which is kept."""

    provider: str
    """Who sent it."""

    raw: str
    """The key of its copy in the lake."""

    count: int
    """How many parts of the delivery it is about."""

    reason: str
    """What is wrong with the first of them."""


@fact_class
class WebhookUnmapped(_OfDelivery):
    """No rule of the sender's mapping fits parts of a verified delivery."""

    TYPE: ClassVar = EventType.WEBHOOK_UNMAPPED

    places: Sequence[int]
    """Their places in the delivery, counted from 0: the first twenty."""


@fact_class
class RejectedPart(Part):
    """A part of a delivery that is understood and invalid."""

    place: int
    """Its place in the delivery, counted from 0."""

    event_type: str
    """What it would have become."""

    fields: Mapping[str, str]
    """What is wrong with which field; never its value."""


@fact_class
class WebhookRejected(_OfDelivery):
    """Parts of a verified delivery are understood and invalid, or the delivery is `too_old`."""

    TYPE: ClassVar = EventType.WEBHOOK_REJECTED

    rejections: Sequence[RejectedPart]
    """The first twenty."""


@fact_class
class WebhooksRegistered(Fact):
    """A subscription at CXone was made or replaced."""

    TYPE: ClassVar = EventType.WEBHOOKS_REGISTERED

    name: str
    """The name of the webhook at CXone."""

    topic: str
    """`campaigns` or `dialer`."""

    subscription_id: str
    """CXone's id of the subscription."""

    url: str
    """Where CXone sends to."""

    change: str
    """`registered`, `replaced` or `cleared` (of subscriptions that were there twice)."""
