"""Pulls call outcomes: one job, one campaign, one window a message."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Any

import boto3

from outbound.clock import Deadline, SystemClock
from outbound.cxone.adapters import connect
from outbound.events import Bus
from outbound.observability import logger, metrics
from outbound.outcomes.dispatcher import job_window
from outbound.outcomes.jobs import Jobs
from outbound.outcomes.page_writer import PageWriter
from outbound.outcomes.puller import Puller
from outbound.outcomes.reporter import Reporter
from outbound.outcomes.settings import OutcomeSettings
from outbound.queues import Queue, work
from outbound.settings import AWS_CLIENT, Documents, tenant, variable
from outbound.store.lake import Lake
from outbound.store.outbox import Outbox
from outbound.store.registry import Registry
from outbound.store.table import Table

# What is left of the function's time when the deadline comes: enough to write down where it stopped.
MARGIN_SECONDS = 5.0

clock = SystemClock()
bus = Bus(boto3.client("events", config=AWS_CLIENT), variable("BUS_NAME"), clock)
table = Table(boto3.client("dynamodb", config=AWS_CLIENT), variable("STATE_TABLE"))
queue = Queue.of_function(boto3.client("sqs", config=AWS_CLIENT), table, clock)
lake = Lake(boto3.client("s3", config=AWS_CLIENT), variable("LAKE_BUCKET"))
jobs = Jobs(table, tenant())
cxone = connect(clock)
reporter = Reporter(jobs, lake, tenant(), clock)
puller = Puller(
    cxone.outcomes, Registry(table, tenant()), jobs, PageWriter(lake), reporter, Outbox(table, bus), clock
)
documents = Documents.from_environment(clock)

# Records come and go by the hundred thousand, and every full collection would walk all that was imported,
# too: a fifth of a pull's CPU time. What is there now stays for the life of the environment.
gc.freeze()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take pull jobs from their queue."""
    deadline = Deadline(clock, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)
    cxone.http.deadline = deadline

    def pull(record: Mapping[str, Any]) -> None:
        campaign_id, window = job_window(record["body"])
        logger.append_keys(campaign_id=campaign_id, window=str(window))
        puller.pull(campaign_id, window, documents.get("outcomes", OutcomeSettings), deadline)

    return work(event, queue, pull, context)
