"""The bus, and the one way to put an event on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from random import random
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.batches import batches_of
from outbound.clock import Clock
from outbound.events.envelope import Event
from outbound.logs import logger

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "outbound-bridge"

# Limits of PutEvents: entries and bytes of one call. An entry's size is counted over all its parts.
_MAX_ENTRIES = 10
_MAX_BYTES = 256 * 1024
_ENTRY_OVERHEAD = 256
# The bus refuses single entries under throttling; five tries with growing pauses last about 3 s.
_PUBLISH_TRIES = 5


class PublishFailed(Exception):
    """The bus did not take some events; they are still marked unpublished where they are stored."""

    retryable = True


class EventTooLarge(ValueError):
    """An event is larger than the bus takes: no other try can help, only making it smaller."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An event in the form of PutEvents, and the bytes that it counts for."""

    event: Event
    detail: str
    size: int


class Bus:
    """The EventBridge bus of the stack."""

    def __init__(self, client: EventBridgeClient, name: str, clock: Clock) -> None:
        """Publish to the named bus."""
        self._client = client
        self._name = name
        self._clock = clock

    def publish(self, events: Sequence[Event | str]) -> None:
        """Put all events on the bus.

        Splits by count and by bytes, reads partial failures and tries only the refused ones again.

        Args:
            events: Events, or their details as an outbox stored them, which travel as they are.

        Raises:
            PublishFailed: The bus refused some to the end.
            EventTooLarge: The bus can never take some; the others are out.
            ValueError: A stored detail is not an event.
        """
        entries = [_entry(event) for event in events]
        fitting = (entry for entry in entries if entry.size <= _MAX_BYTES)
        for batch in batches_of(fitting, _MAX_ENTRIES, _MAX_BYTES, attrgetter("size")):
            self._publish_batch(batch)
        if too_large := [entry for entry in entries if entry.size > _MAX_BYTES]:
            named = ", ".join(f"{e.event.event_type} {e.event.event_id} ({e.size} bytes)" for e in too_large)
            raise EventTooLarge(f"the bus takes {_MAX_BYTES} bytes at most, these are larger: {named}")

    def _publish_batch(self, batch: list[_Entry]) -> None:
        codes: set[str] = set()
        for attempt in range(_PUBLISH_TRIES):
            if attempt:
                self._clock.sleep(random() * 0.2 * 2**attempt)  # noqa: S311 - jitter, not a secret
            refused = self._refused(batch)
            if not refused:
                return
            batch, codes = [entry for entry, _ in refused], {code for _, code in refused}
        raise self._failed(batch, ", ".join(sorted(codes)))

    def _refused(self, batch: list[_Entry]) -> list[tuple[_Entry, str]]:
        """Send a batch once and return the entries that the bus refused, each with the reason's code."""
        try:
            answer = self._client.put_events(Entries=[self._sent(entry) for entry in batch])  # type: ignore[misc]
        except (ClientError, BotoCoreError) as error:
            # The client itself has tried a whole request several times; only single entries are left to us.
            raise self._failed(batch, type(error).__name__) from error
        return [
            (entry, result.get("ErrorCode", ""))
            for entry, result in zip(batch, answer["Entries"], strict=True)
            if not result.get("EventId")
        ]

    def _failed(self, batch: list[_Entry], reason: str) -> PublishFailed:
        logger.error("the bus refused events", extra={"event_ids": [entry.event.event_id for entry in batch]})
        return PublishFailed(
            f"the bus {self._name} refused {len(batch)} events: {reason}; they are sent again"
        )

    def _sent(self, entry: _Entry) -> dict[str, Any]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": entry.event.event_type,
            "Detail": entry.detail,
        }


def _entry(given: Event | str) -> _Entry:
    event = Event.from_detail(json.loads(given)) if isinstance(given, str) else given
    detail = given if isinstance(given, str) else event.to_json()
    return _Entry(event, detail, len(detail.encode()) + _ENTRY_OVERHEAD)
