"""Kept deliveries, read again and sent through the ingress queue once more, with the ids that they had.

A replay is read by the mapping of today. What an event's consumers have seen already they know by its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from outbound.store.table import Item
from outbound.webhooks.delivery import Delivery
from outbound.webhooks.ledger import Kept, RawWebhooks, WebhookLedger
from outbound.webhooks.receiver import IngressQueue

# What a range ends with is not included; the day that ends there has nothing of it.
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class KeptDelivery:
    """A kept delivery, and what the ledger says became of it; empty where it says nothing any more."""

    delivery: Delivery
    became: Item


class Replays:
    """Finds kept deliveries and sends them again."""

    def __init__(self, raw: RawWebhooks, ledger: WebhookLedger, queue: IngressQueue) -> None:
        """Look in this lake and this ledger; send to this queue."""
        self._raw = raw
        self._ledger = ledger
        self._queue = queue

    def named(self, delivery_id: str) -> KeptDelivery | None:
        """Return the delivery with this id, None where none is kept (any more)."""
        became = self._ledger.read(delivery_id)
        text = self._raw.read(str(became["raw"])) if became else None
        return KeptDelivery(Delivery.from_json(text), became) if text and became else None

    def between(self, start: datetime, end: datetime, provider: str = "") -> Iterator[KeptDelivery]:
        """Return the deliveries that were received from `start` on and before `end`, by day and provider."""
        yield from self._read(self._listed(start, end, provider), start, end)

    def latest(self, start: datetime, end: datetime, provider: str = "") -> Iterator[KeptDelivery]:
        """Yield the deliveries of that time, those first that were kept last, read as they are consumed."""
        listed = sorted(self._listed(start, end, provider), key=lambda kept: kept.kept_at, reverse=True)
        yield from self._read(listed, start, end)

    def _listed(self, start: datetime, end: datetime, provider: str) -> Iterator[Kept]:
        first, last = start.astimezone(UTC).date(), (end - _MOMENT).astimezone(UTC).date()
        return self._raw.between(first, last, provider)

    def _read(self, listed: Iterable[Kept], start: datetime, end: datetime) -> Iterator[KeptDelivery]:
        for kept in listed:
            text = self._raw.read(kept.key)
            if text is None:
                continue
            delivery = Delivery.from_json(text)
            if start <= delivery.received_at < end:
                yield KeptDelivery(delivery, self._ledger.read(kept.delivery_id) or {})

    def send(self, delivery: Delivery, run: str) -> None:
        """Put a delivery on the ingress queue as part of an operator's run; the same run sends it once."""
        self._queue.put(replace(delivery, replay=run))
