"""Finishes what was left undone, every minute: publishes facts, sends parked deliveries again."""

import json
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from outbound.clock import Deadline, SystemClock
from outbound.deliveries.resending import SENT_AGAIN_SECONDS, Resending
from outbound.events import Bus
from outbound.observability import logger, metrics
from outbound.settings import AWS_CLIENT, variable
from outbound.store.deliveries import DUE_DELIVERIES
from outbound.store.outbox import DUE_FACTS, Outbox
from outbound.store.table import Item, Key, Table
from outbound.sweeping import Duty, Sweeper

# A fact that the bus refused is offered again two sweeps later.
FACTS_AGAIN_SECONDS = 120

clock = SystemClock()
table = Table(boto3.client("dynamodb", config=AWS_CLIENT), variable("STATE_TABLE"))
outbox = Outbox(table, Bus(boto3.client("events", config=AWS_CLIENT), variable("BUS_NAME"), clock))
resending = Resending(boto3.client("sqs", config=AWS_CLIENT), json.loads(variable("QUEUE_URLS")))


def publish(item: Item) -> None:
    """Publish the facts that an item still carries."""
    outbox.publish(Key(item["pk"], item["sk"]), item)


# Every kind of unfinished work, and who finishes it.
DUTIES = [
    Duty(DUE_FACTS, FACTS_AGAIN_SECONDS, publish),
    Duty(DUE_DELIVERIES, SENT_AGAIN_SECONDS, resending.resend),
]

sweeper = Sweeper(table, DUTIES, clock)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Sweep; answers with how many items of each kind were discharged."""
    return sweeper.sweep(Deadline(clock, context.get_remaining_time_in_millis() / 1000))
