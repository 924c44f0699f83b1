"""Ends what archives leave behind: executions that were cut off, holds, and what others ask for meanwhile."""

from __future__ import annotations

from typing import Any

import boto3

from outbound.archive.executions import Executions
from outbound.archive.facts import Facts
from outbound.archive.interruptions import Endings
from outbound.archive.releasing import Releaser
from outbound.archive.runs import Runs
from outbound.clock import Deadline, SystemClock
from outbound.cxone.adapters import connect
from outbound.events import Bus
from outbound.observability import logger, metrics
from outbound.queues import Queue, work
from outbound.settings import AWS_CLIENT, tenant, variable
from outbound.store.holds import Holds
from outbound.store.table import Table

# What is left of the function's time when the deadline comes: enough to write down how a call ended.
MARGIN_SECONDS = 10.0

clock = SystemClock()
bus = Bus(boto3.client("events", config=AWS_CLIENT), variable("BUS_NAME"), clock)
table = Table(boto3.client("dynamodb", config=AWS_CLIENT), variable("STATE_TABLE"))
queue = Queue.of_function(boto3.client("sqs", config=AWS_CLIENT), table, clock)
executions = Executions(boto3.client("stepfunctions", config=AWS_CLIENT), variable("STATE_MACHINE_ARN"))
cxone = connect(clock)
holds = Holds(table, tenant())
releaser = Releaser(cxone.campaigns, holds, clock)
endings = Endings(Runs(table, tenant()), holds, releaser, executions, bus, Facts(tenant()), clock)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take a batch of messages from their queue."""
    cxone.http.deadline = Deadline(clock, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)
    return work(event, queue, endings.take, context)
