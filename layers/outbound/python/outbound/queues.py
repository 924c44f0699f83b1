"""How a function works off a queue: each message alone, with what failed given back in time.

Powertools' batch processor isolates the messages from each other and answers with
`batchItemFailures`. This module adds what SQS needs beyond that: a failure that time will heal says
when, and its message becomes visible then rather than after the queue's full visibility time-out; what
no try can help goes to the dead-letter queue at once, with its reason. An unplanned failure is counted and
rings from the first time on:

    handle --TryLater-----------------------> visible then; rings where AWS makes it wait again and again
       |---Refused--------------------------> dead-letter queue, with the reason
       |---time can fix it (AWS, settings)--> visible later, less and less often; rings
       `---anything else: a bug-------------> visible soon; rings; the fifth time dead-letter queue

A function that dies can say nothing; so before it begins it has its messages come back as soon as it cannot
be alive any more.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    BasePartialBatchProcessor,
    BatchProcessor,
    EventType,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from outbound.clock import Invocation
from outbound.events import Event, PublishFailed
from outbound.logs import logger
from outbound.metrics import FunctionMetric, measure
from outbound.settings import ConfigurationError
from outbound.store.message_failures import MessageFailures

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

# What SQS allows (12 h), less the time that the message has already been out.
_MAX_VISIBILITY = 11 * 3600
# A reason is for reading; what it is about stands in the message itself.
_MAX_REASON = 1000
# Lambda ends a function some moments after its time, and a last call may still be on its way.
_DEAD_FOR_SURE_SECONDS = 5.0
# What one ChangeMessageVisibilityBatch takes.
_BATCH = 10

# So many unplanned failures prove a bug that another try does not fix; seconds to the second try.
_MOST_FAILURES = 5
_AFTER_A_FAILURE = 30.0
# An AWS that refuses is waited for, in seconds at first; that it refused once or twice is not news.
_AFTER_AWS_REFUSED = 15.0
_QUIET_WAITS = 3
# AWS's words for what passes, or is fixed without us: too much at once, others at work, missing rights.
_PASSING_CODE = re.compile(
    r"Throttl|TooMany|SlowDown|ThroughputExceeded|RequestLimitExceeded|Aborted"
    r"|Transaction(?:Conflict|InProgress|Canceled)|AccessDenied|ExpiredToken|UnrecognizedClient"
)
_FORBIDDEN, _TOO_MANY = 403, 429


Records = Sequence[Mapping[str, Any]]
MessageGroups = Callable[[Records], Sequence[Records]]
EventWork = Callable[[dict[str, Any], Invocation], dict[str, Any]]


class TryLater(Exception):
    """A message cannot be worked on now; it is to come back after `seconds`."""

    def __init__(self, seconds: float, reason: str) -> None:
        """Say when to come back, and why."""
        super().__init__(f"{reason}; again in {seconds:.0f} s")
        self.seconds = seconds
        self.reason = reason


def exponential_backoff(
    record: Mapping[str, Any], reason: str, first: float, longest: float = 900.0
) -> TryLater:
    """Return a wait that doubles with every time that the message came.

    Soon at first, then less often, so that an outage of hours does not use up the queue's tries.

    Args:
        record: The message, which says how often it came.
        reason: Why it waits, for the log.
        first: The wait after the first time, in seconds.
        longest: The longest wait, in seconds.
    """
    return TryLater(min(longest, first * 2.0 ** (min(times_received(record), 20) - 1)), reason)


def times_received(record: Mapping[str, Any]) -> int:
    """Return how often a message came, this time included."""
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))


class Refused(ValueError):
    """A message that cannot be worked on however often it is tried: its form is wrong."""


class Queue:
    """The queue that a function works off, and its dead-letter queue."""

    def __init__(
        self, client: SQSClient, dead_letters_url: str, failures: MessageFailures | None = None
    ) -> None:
        """Send what no try can help to the dead-letter queue of this URL.

        Without `failures` an unplanned failure comes back until the queue itself gives up.
        """
        self.client = client
        self._dead_letters_url = dead_letters_url
        self.failures = failures

    def send_to_dlq(self, record: Mapping[str, Any], reason: str, **about: str) -> None:
        """Put a message into the dead-letter queue with its reason as an attribute; it may then be taken off.

        Sent twice, it is there twice: redriving both does what redriving one does.
        """
        attributes: dict[str, MessageAttributeValueTypeDef] = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in {
                "reason": reason[:_MAX_REASON],
                # Queues may share their dead letters; each is sent again to where it came from.
                "queue": record.get("eventSourceARN", ""),
                **about,
            }.items()
            if value
        }
        self.client.send_message(
            QueueUrl=self._dead_letters_url, MessageBody=record["body"], MessageAttributes=attributes
        )

    def extend_visibility(self, record: Mapping[str, Any], seconds: float) -> None:
        """Let a message become visible again after so many seconds."""
        self.client.change_message_visibility(
            QueueUrl=_queue_url(self.client, record["eventSourceARN"]),
            ReceiptHandle=record["receiptHandle"],
            # Rounded up: a message that comes back too early has waited for nothing.
            VisibilityTimeout=ceil(min(max(seconds, 0), _MAX_VISIBILITY)),
        )

    def send_failed_to_dlq(self, record: Mapping[str, Any], error: Exception) -> bool:
        """Send a message to the DLQ that failed unplanned too often; return False if it comes back.

        The reason is the exception's type: its text may hold anything.
        """
        if self.failures is None:
            return False
        kind = _kind(error)
        count = self.failures.count(record["messageId"], kind)
        if count < _MOST_FAILURES:
            self.extend_visibility(record, _AFTER_A_FAILURE * 2.0 ** (count - 1))
            return False
        seen = f"the function's log has `message failed` with message_id {record['messageId']}"
        self.send_to_dlq(record, f"{kind}, {count} times; {seen}")
        return True

    def hold(self, records: Records, seconds: float) -> None:
        """Hide messages for the seconds that this invocation can last, and no longer.

        If it dies its messages are back at once, not after the queue's own time-out. Where SQS refuses,
        that time-out stands: slower, and nothing is lost.
        """
        for first in range(0, len(records), _BATCH):
            part = records[first : first + _BATCH]
            try:
                answer = self._hide(part, ceil(seconds + _DEAD_FOR_SURE_SECONDS))
            except (ClientError, BotoCoreError) as error:
                # One refusal is enough: the rest would only take time from the work.
                logger.warning("messages are hidden for longer", extra={"reason": type(error).__name__})
                return
            if failed := answer.get("Failed", []):
                said = {"messages": len(failed), "reason": failed[0].get("Code", "")}
                logger.warning("messages are hidden for longer", extra=said)

    def _hide(self, records: Records, seconds: int) -> Mapping[str, Any]:
        return self.client.change_message_visibility_batch(
            QueueUrl=_queue_url(self.client, records[0]["eventSourceARN"]),
            Entries=[
                {"Id": str(number), "ReceiptHandle": record["receiptHandle"], "VisibilityTimeout": seconds}
                for number, record in enumerate(records)
            ],
        )


def _kind(error: Exception) -> str:
    """Name an exception's type; of what AWS refused, its code too."""
    name = type(error).__name__
    return f"{name} {_code(error)}" if isinstance(error, ClientError) else name


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _passes(error: Exception) -> bool:
    """Return True for what time, another deployment or an operator fixes without the message."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or status in (_FORBIDDEN, _TOO_MANY) or bool(_PASSING_CODE.search(_code(error)))
    if isinstance(error, BotoCoreError):
        return not isinstance(error, ParamValidationError)
    return isinstance(error, ConfigurationError) or getattr(error, "retryable", False) is True


def _queue_url(client: SQSClient, arn: str) -> str:
    """Return the URL of a queue from its ARN, without a call."""
    _, _, _, _, account, name = arn.split(":")
    return f"{client.meta.endpoint_url}/{account}/{name}"


Handle = Callable[[Mapping[str, Any]], None]


def hold(event: Mapping[str, Any], queue: Queue, invocation: Invocation) -> None:
    """Have the messages of an SQS batch come back, should this invocation die, as soon as it must be dead."""
    queue.hold(event["Records"], invocation.get_remaining_time_in_millis() / 1000)


def work(event: Mapping[str, Any], queue: Queue, handle: Handle, invocation: Invocation) -> dict[str, Any]:
    """Let `handle` take every message of an SQS batch.

    Args:
        event: The batch.
        queue: The queue that it is of.
        handle: Takes one SQS record. It returns when the effect is durable, raises TryLater for what time
            heals, Refused for what nothing heals, and anything else for an unplanned failure: that message
            comes back some times and ends in the dead-letter queue with the exception's type.
        invocation: Says how long the messages are out at most.

    Returns:
        The answer that tells SQS which messages are to be tried again.
    """
    hold(event, queue, invocation)
    processor = _Processor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    with processor(records=list(event["Records"]), handler=_settling(queue, handle)):
        processor.process()
    return dict(processor.response())


def work_on_events(queue: Queue, handle: Callable[[Event], None]) -> EventWork:
    """Return the work of a function behind a queue of bus events, each of which `handle` takes.

    The log lines that it writes carry the event's correlation id. It returns and raises as what `work` calls.
    """

    def take(record: Mapping[str, Any]) -> None:
        event = event_of(record)
        logger.append_keys(correlation_id=event.correlation_id)
        handle(event)

    def work_off(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        return work(event, queue, take, invocation)

    return work_off


def work_side_by_side(
    event: Mapping[str, Any],
    queue: Queue,
    handle: Handle,
    invocation: Invocation,
    groups_of: MessageGroups,
    at_once: int,
) -> dict[str, Any]:
    """Do as `work` does, with several messages at once, each in a thread.

    Args:
        event: The batch.
        queue: The queue that it is of.
        handle: Takes one SQS record; called from several threads.
        invocation: Says how long the messages are out at most.
        groups_of: Divides the batch's records into groups; those of a group are handled one after another.
        at_once: The most messages that are handled at once.

    Returns:
        The answer that tells SQS which messages are to be tried again.
    """
    hold(event, queue, invocation)
    processor = _SideBySide(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    settle = _settling(queue, handle)
    groups = groups_of(list(event["Records"]))
    group_of = {record["messageId"]: number for number, group in enumerate(groups) for record in group}

    # Fair: the first to ask has it first, and records ask in their group's order.
    locks = [asyncio.Lock() for _ in groups]

    async def handled(record: SQSRecord) -> None:
        async with locks[group_of[record.message_id]]:
            await asyncio.get_running_loop().run_in_executor(threads, settle, record)

    records = [dict(record) for group in groups for record in group]
    with ThreadPoolExecutor(at_once) as threads, processor(records=records, handler=handled):
        processor.async_process()
    return dict(processor.response())


def _settling(queue: Queue, handle: Handle) -> Callable[[SQSRecord], None]:
    """Return what handles a record and sees to what becomes of its message."""

    def settle(record: SQSRecord) -> None:
        try:
            _handled(handle, record.raw_event)
        except TryLater as later:
            said = {"reason": later.reason, "seconds": round(later.seconds, 1)}
            logger.info("message comes back later", extra=said)
            queue.extend_visibility(record.raw_event, later.seconds)
            raise
        except Refused as refused:
            logger.error("message refused", extra={"message_id": record.message_id, "reason": str(refused)})
            queue.send_to_dlq(record.raw_event, str(refused))
        except Exception as error:
            if not queue.send_failed_to_dlq(record.raw_event, error):
                raise
            _ring(record.message_id, error)

    return settle


def _handled(handle: Handle, record: Mapping[str, Any]) -> None:
    """Handle a record; raise TryLater also for unplanned failures that time heals."""
    try:
        handle(record)
    except TryLater as later:
        refused_by_aws = isinstance(later.__cause__, (ClientError, BotoCoreError, PublishFailed))
        if refused_by_aws and times_received(record) > _QUIET_WAITS:
            measure(FunctionMetric.MESSAGES_FAILED)
        raise
    except Exception as error:
        if not _passes(error):
            raise
        _ring(record["messageId"], error)
        raise exponential_backoff(record, type(error).__name__, _AFTER_AWS_REFUSED) from error


def _ring(message_id: str, error: BaseException) -> None:
    """Say in the log and by the metric that a message failed unplanned."""
    logger.error("message failed", extra={"message_id": message_id}, exc_info=error)
    measure(FunctionMetric.MESSAGES_FAILED)


class _Logging(BasePartialBatchProcessor):
    """Logs and counts unplanned failures."""

    def failure_handler(self, record: Any, exception: Any) -> Any:
        """Note that a message failed."""
        if not isinstance(exception[1], TryLater):
            _ring(record.message_id, exception[1])
        return super().failure_handler(record, exception)


class _Processor(_Logging, BatchProcessor):
    """Keeps the messages of a batch apart."""


class _SideBySide(_Logging, AsyncBatchProcessor):
    """Keeps messages apart that are handled at once."""


def event_of(record: Mapping[str, Any]) -> Event:
    """Read the bus event that an EventBridge rule put on a queue.

    Raises Refused where the message is not one of this project's events.
    """
    try:
        body = json.loads(record["body"])
        return Event.from_detail(body["detail"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused(f"message {record.get('messageId')} is not an event of the bus: {error}") from error
