"""The return of parked deliveries to their queues when they are due."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from outbound.deliveries.ledger import destination_of
from outbound.events import SOURCE, Event
from outbound.settings import ConfigurationError
from outbound.store.table import Item

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Longer than a message stays invisible with a worker that was cut off (120 s): what is not done by then
# is sent again, and the ledger lets it have one effect.
SENT_AGAIN_SECONDS = 240


class Redelivery:
    """Sends parked deliveries to the queues of their destinations."""

    def __init__(self, client: SQSClient, queue_urls: Mapping[str, str]) -> None:
        """Send to these queues, by destination."""
        self._client = client
        self._queue_urls = queue_urls

    def redeliver(self, item: Item) -> None:
        """Put a parked delivery on its queue, in the form in which the bus put it there first.

        It stays parked until a worker claims it. Raises ConfigurationError where there is no queue for it.
        """
        destination = destination_of(item)
        if destination not in self._queue_urls:
            raise ConfigurationError(
                f"destination {destination!r} has no queue in QUEUE_URLS; its deliveries stay parked"
            )
        event = Event.from_detail(json.loads(item["event"]))
        body = message_of(event.event_type, item["event"])
        self._client.send_message(QueueUrl=self._queue_urls[destination], MessageBody=body)


def message_of(event_type: str, detail: str) -> str:
    """Return the message that an EventBridge rule makes of an event, as far as it is read.

    The event travels as it is stored: written anew, a text that is not ASCII could become too long for a
    queue.
    """
    head = json.dumps({"source": SOURCE, "detail-type": event_type}, separators=(",", ":"))
    return f'{head[:-1]},"detail":{detail}}}'
