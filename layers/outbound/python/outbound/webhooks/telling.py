"""What is said of a delivery's parts that became no event: facts without anything that the sender wrote."""

from __future__ import annotations

from collections.abc import Sequence

from outbound.events import Event, new_event
from outbound.events.facts.base import Fact
from outbound.events.facts.webhooks import RejectedPart, WebhookRejected, WebhookUnmapped
from outbound.webhooks.delivery import Delivery
from outbound.webhooks.reader import Contents, Rejection

# A delivery of thousands of wrong events says the same thousands of times; its copy is kept.
MOST_TOLD = 20

TOO_OLD = "too_old"


def facts_about(
    contents: Contents, delivery: Delivery, raw: str, tenant: str, attempt: int = 1
) -> list[Event]:
    """Give the facts about what was not understood and what is invalid, at this attempt to read it."""
    facts: list[Fact] = []
    if contents.unmapped:
        facts.append(
            WebhookUnmapped(
                delivery_id=delivery.delivery_id,
                provider=delivery.provider,
                raw=raw,
                count=len(contents.unmapped),
                reason=contents.unmapped_because,
                places=contents.unmapped[:MOST_TOLD],
            )
        )
    if rejections := contents.rejections:
        facts.append(_rejected(delivery, raw, len(rejections), _reason(rejections[0]), rejections))
    return [_event(fact, delivery, tenant, attempt) for fact in facts]


def too_old(delivery: Delivery, raw: str, tenant: str) -> Event:
    """Give the fact that a delivery came so late that nobody can know whether it was here before."""
    return _event(_rejected(delivery, raw, 1, TOO_OLD, ()), delivery, tenant)


def _rejected(
    delivery: Delivery, raw: str, count: int, reason: str, rejections: Sequence[Rejection]
) -> WebhookRejected:
    return WebhookRejected(
        delivery_id=delivery.delivery_id,
        provider=delivery.provider,
        raw=raw,
        count=count,
        reason=reason,
        rejections=[
            RejectedPart(place=each.place, event_type=each.event_type, fields=dict(each.fields))
            for each in rejections[:MOST_TOLD]
        ],
    )


def _reason(first: Rejection) -> str:
    wrong = "; ".join(f"{name}: {complaint}" for name, complaint in first.fields.items())
    return f"{first.event_type}: {wrong}"


def _event(fact: Fact, delivery: Delivery, tenant: str, attempt: int = 1) -> Event:
    # A replay is read by the mapping of its day, so what it could not read is a fact of its own; so is what
    # could not be read when the same delivery came again.
    effect = [delivery.delivery_id, delivery.replay, *([str(attempt)] if attempt > 1 else [])]
    return new_event(fact, tenant, delivery.received_at, effect, delivery.delivery_id)
