"""Reads files of dispositions and answers them: one file a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import boto3

from outbound.clock import Deadline, SystemClock
from outbound.dispositions.files.inbox import Inbox
from outbound.dispositions.files.reader import Pace
from outbound.dispositions.files.sending import RowQueue
from outbound.dispositions.files.wiring import file_handler
from outbound.dispositions.settings import DispositionSettings
from outbound.do_not_call import DoNotCallCodes
from outbound.events import Bus
from outbound.observability import logger, metrics
from outbound.queues import Queue, work
from outbound.settings import AWS_CLIENT, Documents, tenant, variable
from outbound.store.table import Table

# A slice of rows takes about a second, and is what a run that is cut off repeats.
PACE = Pace(rows=500, at_once=8)
# What is left of the function's time when the deadline comes: enough to end a slice of rows.
MARGIN_SECONDS = 20.0

clock = SystemClock()
sqs = boto3.client("sqs", config=AWS_CLIENT)
bus = Bus(boto3.client("events", config=AWS_CLIENT), variable("BUS_NAME"), clock)
table = Table(boto3.client("dynamodb", config=AWS_CLIENT), variable("STATE_TABLE"))
queue = Queue.of_function(sqs, table, clock)
inbox = Inbox(boto3.client("s3", config=AWS_CLIENT), variable("LAKE_BUCKET"))
documents = Documents.from_environment(clock)
settings = partial(documents.get, "dispositions", DispositionSettings)


def do_not_call_codes() -> Iterable[str]:
    """Return the codes of a do-not-call, whatever else is wrong with the settings."""
    return documents.get("dispositions", DoNotCallCodes, else_packaged=True).codes


rows = RowQueue(sqs, variable("DISPOSITIONS_QUEUE_URL"), clock)
files = file_handler(table, inbox, rows, bus, tenant(), clock, PACE)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take files from their queue."""
    until = Deadline(clock, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)

    def take(record: Mapping[str, Any]) -> None:
        files.take(record, settings, until, do_not_call_codes)

    return work(event, queue, take, context)
