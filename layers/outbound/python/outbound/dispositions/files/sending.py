"""Rows on their way to the queue of dispositions, in the form in which the bus's rule sends requests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from random import random
from typing import TYPE_CHECKING, Any

from outbound.clock import Clock
from outbound.dispositions.requests import Rejected
from outbound.events import SOURCE, Event

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# What one SendMessageBatch takes: entries, and bytes of all of them, a single one included.
_MAX_ENTRIES = 10
_MAX_BYTES = 256 * 1024
# The queue refuses single entries under throttling; five tries with growing pauses last about 3 s.
_TRIES = 5

# In ASCII: SQS refuses some characters that a text may have, and with them all of their batch.
_written = json.JSONEncoder(separators=(",", ":")).encode


class NotSent(Exception):
    """The queue did not take some rows; they are sent again when the file's message comes back."""


def message_of(event: Event) -> str:
    """Give the message of a request. Raises Rejected where it is larger than a message may be."""
    envelope = {name: getattr(event, name) for name in Event.__slots__}
    body = {"detail-type": event.event_type, "source": SOURCE, "detail": envelope}
    message = _written(body)
    if len(message) > _MAX_BYTES:
        raise Rejected(f"has more than {_MAX_BYTES} bytes as a message; shorten notes and custom fields")
    return message


def batches_of(messages: Sequence[str]) -> Iterator[list[str]]:
    """Cut messages, in ASCII, into batches as the queue takes them."""
    batch: list[str] = []
    size = 0
    for message in messages:
        if batch and (len(batch) == _MAX_ENTRIES or size + len(message) > _MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += len(message)
    if batch:
        yield batch


class RowQueue:
    """The queue of dispositions, as rows are put on it."""

    def __init__(self, client: SQSClient, url: str, clock: Clock) -> None:
        """Send to the queue of this URL."""
        self._client = client
        self._url = url
        self._clock = clock

    def send(self, batch: Sequence[str]) -> None:
        """Put all messages of a batch on the queue. Raises NotSent where it refuses some to the end."""
        left = batch
        for attempt in range(_TRIES):
            if attempt:
                self._clock.sleep(random() * 0.2 * 2**attempt)  # noqa: S311 - jitter, not a secret
            left = self._refused(left)
            if not left:
                return
        raise NotSent(f"the queue refused {len(left)} rows")

    def _refused(self, batch: Sequence[str]) -> list[str]:
        entries: list[Any] = [{"Id": str(n), "MessageBody": message} for n, message in enumerate(batch)]
        answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        # Whatever is not said to be taken is not.
        taken = {int(one["Id"]) for one in answer.get("Successful", [])}
        return [message for number, message in enumerate(batch) if number not in taken]
