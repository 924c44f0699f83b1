"""What is said of a delivery's parts that became no event: facts without anything that the sender wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from outbound.events import Event, EventType, new_event
from outbound.webhooks.delivery import Delivery
from outbound.webhooks.reader import Contents, Rejection

# A delivery of thousands of wrong events says the same thousands of times; its copy is kept.
MOST_TOLD = 20

TOO_OLD = "too_old"


def facts_about(
    contents: Contents, delivery: Delivery, raw: str, tenant: str, attempt: int = 1
) -> list[Event]:
    """Give the facts about what was not understood and what is invalid, at this attempt to read it."""
    facts = []
    if contents.unmapped:
        told = {
            "count": len(contents.unmapped),
            "reason": contents.unmapped_because,
            "places": contents.unmapped[:MOST_TOLD],
        }
        facts.append(_fact(EventType.WEBHOOK_UNMAPPED, delivery, raw, tenant, told, attempt))
    if contents.rejections:
        told = _told(contents.rejections)
        facts.append(_fact(EventType.WEBHOOK_REJECTED, delivery, raw, tenant, told, attempt))
    return facts


def too_old(delivery: Delivery, raw: str, tenant: str) -> Event:
    """Give the fact that a delivery came so late that nobody can know whether it was here before."""
    told: dict[str, Any] = {"count": 1, "reason": TOO_OLD, "rejections": []}
    return _fact(EventType.WEBHOOK_REJECTED, delivery, raw, tenant, told)


def _told(rejections: Sequence[Rejection]) -> dict[str, Any]:
    first = rejections[0]
    wrong = "; ".join(f"{name}: {complaint}" for name, complaint in first.fields.items())
    return {
        "count": len(rejections),
        "reason": f"{first.event_type}: {wrong}",
        "rejections": [
            {"place": each.place, "event_type": each.event_type, "fields": dict(each.fields)}
            for each in rejections[:MOST_TOLD]
        ],
    }


def _fact(
    event_type: EventType,
    delivery: Delivery,
    raw: str,
    tenant: str,
    told: Mapping[str, Any],
    attempt: int = 1,
) -> Event:
    # A replay is read by the mapping of its day, so what it could not read is a fact of its own; so is what
    # could not be read when the same delivery came again.
    effect = [delivery.delivery_id, delivery.replay, *([str(attempt)] if attempt > 1 else [])]
    about = {"delivery_id": delivery.delivery_id, "provider": delivery.provider, "raw": raw}
    return new_event(
        event_type, tenant, delivery.received_at, effect, {**about, **told}, delivery.delivery_id
    )
