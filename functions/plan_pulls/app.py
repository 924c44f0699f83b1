"""Plans pulls: on the schedule's beat for every registered campaign, and for what the bus says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from outbound.clock import SystemClock
from outbound.events import Bus
from outbound.observability import logger, metrics
from outbound.outcomes.corrections import Corrections
from outbound.outcomes.dispatcher import Dispatcher
from outbound.outcomes.jobs import Jobs
from outbound.outcomes.planner import Planner
from outbound.outcomes.requests import PullRequests
from outbound.outcomes.settings import OutcomeSettings
from outbound.queues import Queue, event_of, work
from outbound.settings import AWS_CLIENT, Documents, tenant, variable
from outbound.store.outbox import Outbox
from outbound.store.registry import Registry
from outbound.store.table import Table

clock = SystemClock()
sqs = boto3.client("sqs", config=AWS_CLIENT)
bus = Bus(boto3.client("events", config=AWS_CLIENT), variable("BUS_NAME"), clock)
table = Table(boto3.client("dynamodb", config=AWS_CLIENT), variable("STATE_TABLE"))
queue = Queue.of_function(sqs, table, clock)
jobs = Jobs(table, tenant())
dispatcher = Dispatcher(sqs, variable("PULL_QUEUE_URL"), jobs, clock)
planner = Planner(table, Registry(table, tenant()), jobs, dispatcher, Outbox(table, bus), tenant(), clock)
requests = PullRequests(planner, Corrections(table, jobs, bus, tenant(), clock), bus, clock)
documents = Documents.from_environment(clock)


def plan(record: Mapping[str, Any]) -> None:
    """Plan what one message asks for."""
    event = event_of(record)
    logger.append_keys(correlation_id=event.correlation_id)
    requests.answer(event, documents.get("outcomes", OutcomeSettings))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take a batch of requests from the plan queue."""
    return work(event, queue, plan, context)
