"""How a function works off a queue: each message alone, with what failed given back in time.

Powertools' batch processor isolates the messages from each other and answers with
`batchItemFailures`. This module adds what SQS needs beyond that: a failure that time will heal says
when, and its message becomes visible then rather than after the queue's full visibility time-out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import ceil
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from outbound.events import Event
from outbound.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# What SQS allows (12 h), less the time that the message has already been out.
_MAX_VISIBILITY = 11 * 3600


class TryLater(Exception):
    """A message cannot be worked on now; it is to come back after `seconds`."""

    def __init__(self, seconds: float, reason: str) -> None:
        """Say when to come back, and why."""
        super().__init__(f"{reason}; again in {seconds:.0f} s")
        self.seconds = seconds
        self.reason = reason


class Refused(ValueError):
    """A message that no number of tries can help: its form is wrong. It ends in the dead-letter queue."""


def queue_url(client: SQSClient, arn: str) -> str:
    """Give the URL of a queue from its ARN, without a call."""
    _, _, _, _, account, name = arn.split(":")
    return f"{client.meta.endpoint_url}/{account}/{name}"


def work(
    event: Mapping[str, Any], client: SQSClient, handle: Callable[[Mapping[str, Any]], None]
) -> dict[str, Any]:
    """Give every message of an SQS batch to `handle` and answer with those to be tried again.

    `handle` takes one SQS record. It returns when the effect is durable, raises TryLater for what
    time heals, and anything else for what nobody planned: that message comes back after the queue's
    own time-out and ends in its dead-letter queue.
    """
    processor = _LoggingProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def handled(record: SQSRecord) -> None:
        try:
            handle(record.raw_event)
        except TryLater as later:
            said = {"reason": later.reason, "seconds": round(later.seconds, 1)}
            logger.info("message comes back later", extra=said)
            _come_back(client, record.raw_event, later.seconds)
            raise

    with processor(records=list(event["Records"]), handler=handled):
        processor.process()
    return dict(processor.response())


class _LoggingProcessor(BatchProcessor):
    """Keeps the messages of a batch apart, and logs what nobody planned."""

    def failure_handler(self, record: Any, exception: Any) -> Any:
        """Note that a message failed."""
        if not isinstance(exception[1], TryLater):
            logger.error("message failed", extra={"message_id": record.message_id}, exc_info=exception)
        return super().failure_handler(record, exception)


def _come_back(client: SQSClient, record: Mapping[str, Any], seconds: float) -> None:
    client.change_message_visibility(
        QueueUrl=queue_url(client, record["eventSourceARN"]),
        ReceiptHandle=record["receiptHandle"],
        # Rounded up: a message that comes back too early has waited for nothing.
        VisibilityTimeout=ceil(min(max(seconds, 0), _MAX_VISIBILITY)),
    )


def event_of(record: Mapping[str, Any]) -> Event:
    """Read the bus event that an EventBridge rule put on a queue.

    Raises Refused where the message is not one of this project's events.
    """
    try:
        body = json.loads(record["body"])
        return Event.from_detail(body["detail"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused(f"message {record.get('messageId')} is no event of the bus: {error}") from error
