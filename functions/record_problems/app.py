"""Records problems for the operator: a batch of facts in, the messages to be tried again out."""

from __future__ import annotations

from typing import Any

import boto3

from outbound.clock import SystemClock
from outbound.observability import logger, metrics
from outbound.problems.log import ProblemLog
from outbound.problems.recorder import ProblemRecorder
from outbound.queues import Queue, work
from outbound.settings import AWS_CLIENT, tenant, variable
from outbound.store.table import Table

clock = SystemClock()
table = Table(boto3.client("dynamodb", config=AWS_CLIENT), variable("STATE_TABLE"))
queue = Queue.of_function(boto3.client("sqs", config=AWS_CLIENT), table, clock)
recorder = ProblemRecorder(ProblemLog(table, tenant(), clock))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take a batch of facts from their queue."""
    return work(event, queue, recorder.take, context)
