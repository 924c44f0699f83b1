"""Every event on the bus, and the one way to put it there.

Requests come in and ask for an effect; facts go out and say what was done. Both travel in the same
envelope. An event's id derives from what it is about, so the same fact published twice is one event
to whoever remembers ids.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from random import random
from typing import TYPE_CHECKING, Any

from outbound.clock import Clock, format_time
from outbound.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "outbound-bridge"

# Limits of PutEvents: entries and bytes of one call. An entry's size is counted over all its parts.
_MAX_ENTRIES = 10
_MAX_BYTES = 256 * 1024
_ENTRY_OVERHEAD = 256
# The bus refuses single entries under throttling; five tries with growing pauses last about 3 s.
_PUBLISH_TRIES = 5


class EventType(StrEnum):
    """The types of event. A request's name ends in `.requested` or `.due`; every other is a fact."""

    PULL_DUE = "outcomes.pull.due"
    """The schedule's beat: plan every registered campaign. No data."""

    PULL_REQUESTED = "outcomes.pull.requested"
    """Pull a campaign's outcomes between two times. Data: campaign_id, start, end, refresh."""

    OUTCOMES_PULLED = "outcomes.pulled"
    """A window was pulled whole. Data: job_id, campaign_id, metrics, audit, manifest, window."""

    PULL_FAILED = "outcomes.pull_failed"
    """A pull cannot go on. Data: campaign_id, job_id where there is one, reason, message, audit."""

    COVERAGE_LOST = "outcomes.coverage_lost"
    """A window passed out of CXone's retention before it was pulled. Data: campaign_id, start, end."""

    CAMPAIGN_REGISTERED = "campaign.registered"
    """A campaign was registered or its registration changed. Data: campaign_id, revision, enabled."""

    DESTINATION_DISABLED = "destination.disabled"
    """A destination answered 410 and is switched off. Data: destination, event_id, status."""

    DESTINATION_ENABLED = "destination.enabled"
    """An operator switched a destination on again. Data: destination."""

    DELIVERY_DEAD = "delivery.dead_lettered"
    """A delivery was given up. Data: destination, event_id, event_type, attempts, status, reason."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its envelope and its data."""

    event_id: str
    event_type: str
    occurred_at: str
    correlation_id: str
    tenant: str
    data: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = 1

    def to_json(self) -> str:
        """The event as the compact JSON that travels as `detail` on the bus."""
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_detail(cls, detail: Mapping[str, Any]) -> Event:
        """Read an event back from the `detail` of an EventBridge message.

        Raises ValueError naming the first field that is missing, so that a foreign message can be
        refused with its reason.
        """
        for name in ("event_id", "event_type", "occurred_at", "correlation_id", "tenant"):
            if not isinstance(detail.get(name), str):
                raise ValueError(f"the event has no text {name!r}")
        data = detail.get("data", {})
        if not isinstance(data, Mapping):
            raise ValueError("the event's 'data' is no object")
        return cls(
            event_id=detail["event_id"],
            event_type=detail["event_type"],
            occurred_at=detail["occurred_at"],
            correlation_id=detail["correlation_id"],
            tenant=detail["tenant"],
            data=data,
            schema_version=int(detail.get("schema_version", 1)),
        )


def effect_id(*parts: str) -> str:
    """Give the id that follows from what an event is about: the same parts, the same id."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def new_event(
    event_type: EventType,
    tenant: str,
    occurred_at: datetime,
    effect: Sequence[str],
    data: Mapping[str, Any],
    correlation_id: str = "",
) -> Event:
    """Make an event whose id derives from its type, its tenant and the effect that it is about."""
    event_id = effect_id(event_type, tenant, *effect)
    return Event(
        event_id=event_id,
        event_type=event_type.value,
        occurred_at=format_time(occurred_at),
        correlation_id=correlation_id or event_id,
        tenant=tenant,
        data=data,
    )


class PublishFailed(Exception):
    """The bus did not take some events; they are still marked unpublished where they are stored."""

    retryable = True


class Bus:
    """The EventBridge bus of the stack."""

    def __init__(self, client: EventBridgeClient, name: str, clock: Clock) -> None:
        """Publish to the named bus."""
        self._client = client
        self._name = name
        self._clock = clock

    def publish(self, events: Sequence[Event]) -> None:
        """Put all events on the bus, or raise PublishFailed when some were refused to the end.

        Splits by count and by bytes, reads partial failures and tries only the refused ones again.
        """
        for batch in _batches(events):
            self._publish_batch(batch)

    def _publish_batch(self, batch: list[Event]) -> None:
        refused: list[tuple[Event, str]] = []
        for attempt in range(_PUBLISH_TRIES):
            if attempt:
                self._clock.sleep(random() * 0.2 * 2**attempt)  # noqa: S311 - jitter, not a secret
            answer = self._client.put_events(Entries=[self._entry(event) for event in batch])  # type: ignore[misc]
            refused = [
                (event, result.get("ErrorCode", ""))
                for event, result in zip(batch, answer["Entries"], strict=True)
                if not result.get("EventId")
            ]
            if not refused:
                return
            batch = [event for event, _ in refused]
        logger.error("the bus refused events", extra={"event_ids": [e.event_id for e in batch]})
        codes = sorted({code for _, code in refused})
        raise PublishFailed(f"the bus {self._name} refused {len(batch)} events ({', '.join(codes)}); they are sent again")

    def _entry(self, event: Event) -> dict[str, Any]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.event_type,
            "Detail": event.to_json(),
        }


def _batches(events: Sequence[Event]) -> Iterator[list[Event]]:
    batch: list[Event] = []
    size = 0
    for event in events:
        length = len(event.to_json().encode()) + _ENTRY_OVERHEAD
        if batch and (len(batch) == _MAX_ENTRIES or size + length > _MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    if batch:
        yield batch
