"""Routes deliveries: kept as they came, read, checked, published; each once in effect, and none lost.

    known?  --yes--> what it still carries is published; where parts of it were refused it is read again,
       |no           and what has become of it now, through better settings, is written down beside it
    keep the copy in the lake            the first copy stays
    read it by its provider's mapping    deterministic: cut off anywhere, the next try reads the same
    write down, with all its events      one conditional write; of two workers one writes
    publish                              the sweeper does it where this worker is cut off

Who must not be called is found first and stands first among the events, whatever becomes of the rest: also of
a delivery that is too old, or whose provider's settings cannot be used just now.

What is too large for one item is written down in parts before: each part is one conditional write under a
name made of the ids in it, and the delivery itself, written last, says that all of it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.batches import batches_of
from outbound.clock import Clock, Deadline, Invocation, format_time, parse_time
from outbound.do_not_call import PACKAGED_CODES, DoNotCallCodes
from outbound.events import Event, PublishFailed, deterministic_id
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import Refused, TryLater, exponential_backoff, work
from outbound.runtime import Runtime, Work
from outbound.settings import ConfigurationError, Documents
from outbound.store.outbox import Outbox
from outbound.store.table import Item, Key
from outbound.webhooks.delivery import Delivery, NoDelivery
from outbound.webhooks.ledger import RawWebhooks, WebhookLedger, raw_key
from outbound.webhooks.metrics import WebhookMetric
from outbound.webhooks.reader import MOST_TOLD, Contents, facts_about, read, too_old, unread
from outbound.webhooks.settings import CXONE, Providers

# DynamoDB takes items of 400 KB; half of it leaves room for what an event grows by when it is stored.
_MAX_PART_BYTES = 200 * 1024


# A delivery of ten thousand events takes a thousand calls to the bus: with less time left none is begun.
_MARGIN_SECONDS = 35.0
# When AWS refuses, in seconds, at first: what waits may be an opt-out.
_AGAIN_SECONDS = 5.0


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

    @classmethod
    def of(cls, runtime: Runtime) -> Router:
        """Return the router of a stack."""
        retention = timedelta(days=int(runtime.name("WEBHOOK_RETENTION_DAYS")))
        raw = RawWebhooks(runtime.client("s3"), runtime.name("LAKE_BUCKET"))
        ledger = WebhookLedger(runtime.state, runtime.tenant, retention)
        return cls(raw, ledger, runtime.outbox, runtime.tenant, runtime.clock)

    def route(
        self, record: Mapping[str, Any], providers: Providers, codes: Iterable[str] = PACKAGED_CODES
    ) -> None:
        """Route the delivery of an SQS record; returns when its effect is durable.

        Args:
            record: A message of the ingress queue.
            providers: The settings of the senders.
            codes: The codes of dispositions that mean do-not-call.

        Raises:
            Refused: The message is not a delivery.
            PublishFailed: The bus takes nothing just now.
        """
        lookup = self._look_up(record)
        if lookup.known is not None:
            if self._outbox.publish(lookup.key, lookup.known):
                return
            if not self._is_new_attempt(lookup):
                _count_duplicate()
                return
        if self._ledger.is_too_old(lookup.delivery.received_at, self._clock.now()):
            self._refuse_as_too_old(lookup, codes)
            return
        self._write_down(lookup, _contents(lookup.delivery, providers, self._tenant, codes))

    def note_opt_outs(self, record: Mapping[str, Any], codes: Iterable[str] = PACKAGED_CODES) -> None:
        """Publish who must not be called by a delivery that has to wait for settings that can be used.

        When it is routed, the same events come of it. Raises as `route` does.
        """
        lookup = self._look_up(record)
        if lookup.known is None:
            contents = _read(lookup.delivery, lambda delivery: unread(delivery, self._tenant, codes, ""))
            for part in _parts(contents.opt_outs):
                self._publish_part(lookup.key, part)

    def _look_up(self, record: Mapping[str, Any]) -> _Lookup:
        """Read a message, keep its delivery, and look up what became of it before."""
        delivery = _delivery(record)
        logger.append_keys(delivery_id=delivery.delivery_id, provider=delivery.provider)
        known = self._ledger.read(delivery.delivery_id, delivery.replay)
        key = self._ledger.key(delivery.delivery_id, delivery.replay)
        if known is not None and known.get("outcome") == "routed":
            # Sent again it is the same wish as before: what has no time of its own keeps that of its receipt.
            delivery = replace(delivery, received_at=parse_time(known["received_at"]))
            return _Lookup(delivery, key, known["raw"], known)
        raw = raw_key(delivery.received_at, delivery.provider, delivery.delivery_id)
        if not delivery.replay:
            self._raw.keep(raw, delivery.to_json())
        return _Lookup(delivery, key, raw, known)

    @staticmethod
    def _is_new_attempt(lookup: _Lookup) -> bool:
        """Return True if something of a known delivery came to nothing: sent again, that is a new attempt."""
        known = lookup.known or {}
        return known.get("outcome") != "routed" or bool(known.get("rejected") or known.get("unmapped"))

    def _write_down(self, lookup: _Lookup, contents: Contents) -> None:
        about = _about(lookup.delivery, lookup.raw, contents)
        if lookup.known is not None and about["digest"] == lookup.known.get("digest"):
            _count_duplicate()
            return
        attempt = lookup.attempt
        facts = facts_about(contents, lookup.delivery, lookup.raw, self._tenant, attempt)
        events = contents.opt_outs + contents.events + facts
        *parts, last = list(_parts(events)) or [[]]
        for part in parts:
            self._publish_part(lookup.key, part)
        if self._record(lookup, about if attempt == 1 else {**about, "attempts": attempt}, last):
            _count(contents)

    def _record(self, lookup: _Lookup, about: Item, events: Sequence[Event]) -> bool:
        """Write down what became of a delivery and publish it; False where another worker was faster."""
        now, received_at = self._clock.now(), lookup.delivery.received_at
        if lookup.known is None:
            written = self._ledger.record(lookup.key, about, events, received_at, now)
        else:
            written = self._ledger.record_again(lookup.key, about, events, lookup.known, now)
        self._outbox.publish(lookup.key, written.item)
        return written.done

    def _publish_part(self, key: Key, part: Sequence[Event]) -> None:
        name = deterministic_id(*(event.event_id for event in part))
        place, written = self._ledger.record_part(key, name, part, self._clock.now())
        self._outbox.publish(place, written.item)

    def _refuse_as_too_old(self, lookup: _Lookup, codes: Iterable[str]) -> None:
        delivery = lookup.delivery
        contents = _read(delivery, lambda delivery: unread(delivery, self._tenant, codes, ""))
        about = {"received_at": format_time(delivery.received_at), "raw": lookup.raw, "outcome": "too_old"}
        *parts, last = list(_parts([*contents.opt_outs, too_old(delivery, lookup.raw, self._tenant)]))
        for part in parts:
            self._publish_part(lookup.key, part)
        if self._record(lookup, about, last):
            logger.error("a delivery is older than what is remembered")
            measure(WebhookMetric.WEBHOOK_EVENTS_REJECTED)


@dataclass(frozen=True, slots=True)
class _Lookup:
    """A delivery, where it is written down and kept, and what became of it before, if it was here."""

    delivery: Delivery
    key: Key
    raw: str
    known: Item | None

    @property
    def attempt(self) -> int:
        """Which attempt to route it this is, counted from 1."""
        return int(self.known.get("attempts", 1)) + 1 if self.known else 1


def _delivery(record: Mapping[str, Any]) -> Delivery:
    try:
        return Delivery.from_json(record["body"])
    except NoDelivery as error:
        raise Refused(f"message {record.get('messageId')}: {error}") from error


def _contents(delivery: Delivery, providers: Providers, tenant: str, codes: Iterable[str]) -> Contents:
    provider = providers.cxone if delivery.provider == CXONE else providers.crm(delivery.provider)
    return _read(delivery, lambda delivery: read(delivery, provider, tenant, codes))


def _read(delivery: Delivery, how: Callable[[Delivery], Contents]) -> Contents:
    try:
        return how(delivery)
    except (ValueError, RecursionError):
        # Receivers let only JSON in: this was put on the queue by something else.
        raise Refused(f"the body of delivery {delivery.delivery_id} is not JSON") from None


def _parts(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Return events in parts that fit into an item each."""
    return batches_of(events, len(events), _MAX_PART_BYTES, lambda event: len(event.to_json().encode()))


def _about(delivery: Delivery, raw: str, contents: Contents) -> dict[str, Any]:
    return {
        "provider": delivery.provider,
        "received_at": format_time(delivery.received_at),
        "raw": raw,
        "outcome": "routed",
        "events": len(contents.opt_outs) + len(contents.events),
        "unmapped": len(contents.unmapped),
        "rejected": len(contents.rejections),
        "own": contents.own,
        "digest": _digest(contents),
    }


def _digest(contents: Contents) -> str:
    """Return what a delivery came to as a short text: it differs where something else comes of it now."""
    events = (event.to_json() for event in contents.opt_outs + contents.events)
    rejected = (f"{each.place} {each.event_type} {dict(each.fields)}" for each in contents.rejections)
    return deterministic_id(*events, *rejected, str(contents.unmapped), contents.unmapped_because)


def _count_duplicate() -> None:
    measure(WebhookMetric.WEBHOOK_DUPLICATES)
    logger.info("a delivery came again")


def _count(contents: Contents) -> None:
    measure(WebhookMetric.WEBHOOKS_ROUTED)
    for metric, count in (
        (WebhookMetric.WEBHOOK_EVENTS, len(contents.opt_outs) + len(contents.events)),
        (WebhookMetric.WEBHOOK_EVENTS_OWN, contents.own),
        (WebhookMetric.WEBHOOK_EVENTS_UNMAPPED, len(contents.unmapped)),
        (WebhookMetric.WEBHOOK_EVENTS_REJECTED, len(contents.rejections)),
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


class _Function:
    """What the function behind the queue of deliveries does with each of its messages."""

    def __init__(self, router: Router, documents: Documents) -> None:
        self._router = router
        self._documents = documents

    def route(self, record: Mapping[str, Any], until: Deadline) -> None:
        """Route what one message holds. Raises TryLater where there is no time for it, or AWS refuses."""
        if until.left() <= 0:
            raise TryLater(0, "the function's time is nearly up")
        try:
            self._route(record)
        except (PublishFailed, ClientError, BotoCoreError) as error:
            logger.warning("a delivery waits", exc_info=True)
            raise exponential_backoff(record, type(error).__name__, _AGAIN_SECONDS) from error

    def _route(self, record: Mapping[str, Any]) -> None:
        codes = self._documents.get("dispositions", DoNotCallCodes, else_packaged=True).codes
        try:
            providers = self._documents.get("ingress", Providers)
        except ConfigurationError as broken:
            # The rest waits for settings that can be used; who must not be called does not.
            self._router.note_opt_outs(record, codes)
            raise exponential_backoff(record, str(broken), _AGAIN_SECONDS) from broken
        self._router.route(record, providers, codes)


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of deliveries."""
    function, queue = _Function(Router.of(runtime), runtime.documents), runtime.queue

    def route(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        # The small ones first: a giant holds up none beside it.
        records = sorted(event["Records"], key=lambda record: len(record["body"]))
        take = partial(function.route, until=runtime.deadline(invocation, _MARGIN_SECONDS))
        return work({"Records": records}, queue, take, invocation)

    return route
