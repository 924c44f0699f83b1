"""Records the events of the bus, batch by batch: in the audit bucket first, then in the log.

The log is for looking, the bucket for proving; a line in the log means that the bucket has the event.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.audit.metrics import AuditMetric
from outbound.audit.objects import AuditBucket, audit_object
from outbound.clock import Clock, Invocation
from outbound.logs import logger, masked
from outbound.metrics import FunctionMetric, measure
from outbound.queues import Queue, Refused, event_of, hold
from outbound.runtime import Runtime, Work


class AuditRecord:
    """The audit record of the stack."""

    def __init__(self, bucket: AuditBucket, queue: Queue, clock: Clock) -> None:
        """Record in this bucket what comes from this queue."""
        self._bucket = bucket
        self._queue = queue
        self._clock = clock
        # The audit log is not a log of the function: it is written whatever level its other lines are cut to.
        if logger.log_level > logging.INFO:
            logger.setLevel(logging.INFO)

    def record(self, messages: Mapping[str, Any], invocation: Invocation) -> dict[str, Any]:
        """Record the events of an SQS batch and answer with the messages to be tried again.

        A message that is not an event goes to the dead-letter queue alone. Where the bucket does not take the
        batch, all of it comes back.
        """
        hold(messages, self._queue, invocation)
        batch = _Batch()
        for message in messages["Records"]:
            try:
                batch.add(message)
            except Refused as refused:
                logger.error("message refused", extra={"reason": str(refused)})
                self._queue.send_to_dlq(message, str(refused))
        stored = not batch.lines or self._store(batch)
        failed = [] if stored else batch.message_ids
        if failed:
            measure(FunctionMetric.MESSAGES_FAILED, len(failed))
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def _store(self, batch: _Batch) -> bool:
        event_ids = sorted(batch.lines)
        lines = [batch.lines[event_id] for event_id in event_ids]
        stored = audit_object(event_ids, lines, self._clock.now())
        try:
            new = self._bucket.record(stored)
        except (BotoCoreError, ClientError):
            logger.exception(
                "the audit bucket did not take a batch; it comes back", extra={"key": stored.key}
            )
            return False
        for line in lines:
            logger.info("audit", extra={"event": json.loads(line), "object": stored.key})
        if new:
            measure(AuditMetric.EVENTS_AUDITED, stored.events)
        return True


class _Batch:
    """The events of a batch, each once, and the messages that brought them."""

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}
        self.message_ids: list[str] = []

    def add(self, message: Mapping[str, Any]) -> None:
        event = event_of(message)
        line = json.dumps(masked(asdict(event)), separators=(",", ":"), sort_keys=True)
        # Of two messages about one event the order is chance; the lesser line is the same either way.
        self.lines[event.event_id] = min(line, self.lines.get(event.event_id, line))
        self.message_ids.append(message["messageId"])


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of all events."""
    bucket = AuditBucket(runtime.client("s3"), runtime.name("AUDIT_BUCKET"))
    # Nothing is counted in the state table: a batch that the bucket does not take rings and comes back.
    queue = Queue(runtime.client("sqs"), runtime.name("DLQ_URL"))
    return AuditRecord(bucket, queue, runtime.clock).record
