"""Plans archives: on the schedule's beat for every registered campaign, and for a request from the bus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from outbound.archive.executions import Executions
from outbound.archive.facts import Facts
from outbound.archive.planner import ArchivePlanner
from outbound.archive.requesting import ArchiveRequests
from outbound.archive.runs import Runs
from outbound.archive.settings import ArchiveSettings
from outbound.clock import SystemClock
from outbound.events import Bus
from outbound.observability import logger, metrics
from outbound.queues import Queue, event_of, work
from outbound.settings import AWS_CLIENT, Documents, tenant, variable
from outbound.store.registry import Registry
from outbound.store.table import Table

clock = SystemClock()
bus = Bus(boto3.client("events", config=AWS_CLIENT), variable("BUS_NAME"), clock)
table = Table(boto3.client("dynamodb", config=AWS_CLIENT), variable("STATE_TABLE"))
queue = Queue.of_function(boto3.client("sqs", config=AWS_CLIENT), table, clock)
registry = Registry(table, tenant())
executions = Executions(boto3.client("stepfunctions", config=AWS_CLIENT), variable("STATE_MACHINE_ARN"))
planner = ArchivePlanner(Runs(table, tenant()), registry, executions, tenant(), clock)
requests = ArchiveRequests(planner, registry, bus, Facts(tenant()), clock)
documents = Documents.from_environment(clock)


def plan(record: Mapping[str, Any]) -> None:
    """Start what one message asks for."""
    event = event_of(record)
    logger.append_keys(correlation_id=event.correlation_id)
    requests.answer(event, documents.get("archiving", ArchiveSettings))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take a batch of requests from their queue."""
    return work(event, queue, plan, context)
