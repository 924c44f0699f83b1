"""Routes deliveries: kept as they came, read, checked, published; each once in effect, and none lost.

    known?  --yes--> what it still carries is published, nothing else
       |no
    keep the copy in the lake            the first copy stays
    read it by its provider's mapping    deterministic: cut off anywhere, the next try reads the same
    write down, with all its events      one conditional write; of two workers one writes
    publish                              the sweeper does it where this worker is cut off

What is too large for one item is written down in parts before: each part is one conditional write under a
name made of the ids in it, and the delivery itself, written last, says that all of it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from outbound.clock import Clock, format_time
from outbound.events import Event, effect_id
from outbound.ingress.delivery import Delivery, NoDelivery
from outbound.ingress.providers import CXONE, Providers
from outbound.ingress.reading import Contents, read
from outbound.ingress.telling import MOST_TOLD, facts_about, too_old
from outbound.observability import Metric, logger, measure
from outbound.queues import Refused
from outbound.store.outbox import Outbox
from outbound.store.table import Key
from outbound.store.webhooks import RawWebhooks, WebhookLedger, raw_key

# DynamoDB takes items of 400 KB; half of it leaves room for what an event grows by when it is stored.
_MAX_PART_BYTES = 200 * 1024


class Router:
    """Routes the deliveries of one tenant."""

    def __init__(
        self, raw: RawWebhooks, ledger: WebhookLedger, outbox: Outbox, tenant: str, clock: Clock
    ) -> None:
        """Keep copies, write down and publish with these."""
        self._raw = raw
        self._ledger = ledger
        self._outbox = outbox
        self._tenant = tenant
        self._clock = clock

    def route(self, record: Mapping[str, Any], providers: Providers) -> None:
        """Route the delivery of an SQS record; returns when its effect is durable.

        Raises Refused where the message is none, PublishFailed where the bus takes nothing just now.
        """
        delivery = _delivery(record)
        logger.append_keys(delivery_id=delivery.delivery_id, provider=delivery.provider)
        key = self._ledger.key(delivery.delivery_id, delivery.replay)
        known = self._ledger.read(delivery.delivery_id, delivery.replay)
        if known is not None:
            if not self._outbox.publish(key, known):
                measure(Metric.WEBHOOK_DUPLICATES)
                logger.info("a delivery came again")
            return
        raw = raw_key(delivery.received_at, delivery.provider, delivery.delivery_id)
        if not delivery.replay:
            self._raw.keep(raw, delivery.to_json())
        if self._ledger.is_too_old(delivery.received_at, self._clock.now()):
            self._refuse_as_too_old(key, delivery, raw)
            return
        contents = _contents(delivery, providers, self._tenant)
        self._write_down(key, delivery, raw, contents)

    def _write_down(self, key: Key, delivery: Delivery, raw: str, contents: Contents) -> None:
        events = contents.events + facts_about(contents, delivery, raw, self._tenant)
        *parts, last = list(_parts(events)) or [[]]
        for part in parts:
            self._publish_part(key, part)
        about = _about(delivery, raw, contents)
        written = self._ledger.record(key, about, last, delivery.received_at, self._clock.now())
        self._outbox.publish(key, written.item)
        if written.done:
            _count(contents)

    def _publish_part(self, key: Key, part: Sequence[Event]) -> None:
        name = effect_id(*(event.event_id for event in part))
        place, written = self._ledger.record_part(key, name, part, self._clock.now())
        self._outbox.publish(place, written.item)

    def _refuse_as_too_old(self, key: Key, delivery: Delivery, raw: str) -> None:
        fact = too_old(delivery, raw, self._tenant)
        about = {"received_at": format_time(delivery.received_at), "raw": raw, "outcome": "too_old"}
        written = self._ledger.record(key, about, [fact], delivery.received_at, self._clock.now())
        self._outbox.publish(key, written.item)
        logger.error("a delivery is older than what is remembered")
        measure(Metric.WEBHOOK_EVENTS_REJECTED)


def _delivery(record: Mapping[str, Any]) -> Delivery:
    try:
        return Delivery.from_json(record["body"])
    except NoDelivery as error:
        raise Refused(f"message {record.get('messageId')}: {error}") from error


def _contents(delivery: Delivery, providers: Providers, tenant: str) -> Contents:
    provider = providers.cxone if delivery.provider == CXONE else providers.crm(delivery.provider)
    try:
        return read(delivery, provider, tenant)
    except (ValueError, RecursionError):
        # Receivers let only JSON in; whoever put this on the queue was none.
        raise Refused(f"the body of delivery {delivery.delivery_id} is no JSON") from None


def _parts(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Cut events into parts that fit into an item each."""
    part: list[Event] = []
    size = 0
    for event in events:
        more = len(event.to_json().encode())
        if part and size + more > _MAX_PART_BYTES:
            yield part
            part, size = [], 0
        part.append(event)
        size += more
    if part:
        yield part


def _about(delivery: Delivery, raw: str, contents: Contents) -> dict[str, Any]:
    return {
        "provider": delivery.provider,
        "received_at": format_time(delivery.received_at),
        "raw": raw,
        "outcome": "routed",
        "events": len(contents.events),
        "unmapped": len(contents.unmapped),
        "rejected": len(contents.rejections),
        "own": contents.own,
    }


def _count(contents: Contents) -> None:
    measure(Metric.WEBHOOKS_ROUTED)
    for metric, count in (
        (Metric.WEBHOOK_EVENTS, len(contents.events)),
        (Metric.WEBHOOK_EVENTS_OWN, contents.own),
        (Metric.WEBHOOK_EVENTS_UNMAPPED, len(contents.unmapped)),
        (Metric.WEBHOOK_EVENTS_REJECTED, len(contents.rejections)),
    ):
        if count:
            measure(metric, count)
    if contents.unmapped:
        said = {"count": len(contents.unmapped), "reason": contents.unmapped_because}
        logger.warning("parts of a delivery are not understood", extra=said)
    for rejection in contents.rejections[:MOST_TOLD]:
        said = {
            "place": rejection.place,
            "event_type": rejection.event_type,
            "fields": dict(rejection.fields),
        }
        logger.warning("a part of a delivery is invalid", extra=said)
