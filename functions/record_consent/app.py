"""Records changes of consent: a batch in, the messages to be tried again out."""

from __future__ import annotations

from typing import Any

import boto3

from outbound.clock import SystemClock
from outbound.consent.recorder import ConsentRecorder
from outbound.events import Bus
from outbound.observability import logger, metrics
from outbound.queues import Queue, work
from outbound.settings import AWS_CLIENT, tenant, variable
from outbound.store.consents import ConsentLedger
from outbound.store.outbox import Outbox
from outbound.store.table import Table

clock = SystemClock()
bus = Bus(boto3.client("events", config=AWS_CLIENT), variable("BUS_NAME"), clock)
dynamodb = boto3.client("dynamodb", config=AWS_CLIENT)
table = Table(dynamodb, variable("CONSENT_TABLE"))
state = Table(dynamodb, variable("STATE_TABLE"))
queue = Queue.of_function(boto3.client("sqs", config=AWS_CLIENT), state, clock)
recorder = ConsentRecorder(ConsentLedger(table, tenant(), clock), Outbox(table, bus), bus, clock)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take a batch of changes from their queue."""
    return work(event, queue, recorder.take, context)
