"""Archives finished contact attempts: one step of the workflow in `archive.asl.json` a call."""

from __future__ import annotations

from typing import Any

import boto3

from outbound.archive.cold_storage import ColdStorage
from outbound.archive.executions import Executions
from outbound.archive.settings import ArchiveSettings
from outbound.archive.workflow import workflow
from outbound.clock import Deadline, SystemClock
from outbound.cxone.adapters import connect
from outbound.events import Bus
from outbound.observability import logger, metrics
from outbound.settings import AWS_CLIENT, Documents, tenant, variable
from outbound.store.lake import Lake
from outbound.store.table import Table

# What is left of the function's time when the deadline comes: enough to write down where it stopped.
MARGIN_SECONDS = 10.0

clock = SystemClock()
s3 = boto3.client("s3", config=AWS_CLIENT)
bus = Bus(boto3.client("events", config=AWS_CLIENT), variable("BUS_NAME"), clock)
table = Table(boto3.client("dynamodb", config=AWS_CLIENT), variable("STATE_TABLE"))
lake = Lake(s3, variable("LAKE_BUCKET"))
storage = ColdStorage(s3, variable("ARCHIVE_BUCKET"), variable("ARCHIVE_STORAGE_CLASS"))
documents = Documents.from_environment(clock)
cxone = connect(clock)
executions = Executions(boto3.client("stepfunctions", config=AWS_CLIENT), variable("STATE_MACHINE_ARN"))
ports = cxone.campaigns, cxone.attempts
steps = workflow(ports, table, (lake, storage), bus, executions, tenant(), clock)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take a step of a run; answers with its outcome."""
    deadline = Deadline(clock, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)
    cxone.http.deadline = deadline
    logger.append_keys(step=event["step"], **event["run"])
    answer = steps.take(event, documents.get("archiving", ArchiveSettings), deadline)
    logger.info("step taken", extra={"outcome": answer.outcome.value, "counts": dict(answer.counts)})
    return answer.document()
