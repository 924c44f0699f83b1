"""Applies dispositions to contacts: a batch in, the messages to be tried again out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import boto3

from outbound.clock import Deadline, SystemClock
from outbound.cxone.adapters import connect
from outbound.dispositions.applier import Applier
from outbound.dispositions.facts import Facts
from outbound.dispositions.grouping import by_contact
from outbound.dispositions.ledger import DispositionLedger
from outbound.dispositions.settings import DispositionSettings
from outbound.do_not_call import DoNotCallCodes
from outbound.events import Bus
from outbound.observability import logger, metrics
from outbound.queues import Queue, work_side_by_side
from outbound.settings import AWS_CLIENT, Documents, tenant, variable
from outbound.store.outbox import Outbox
from outbound.store.table import Table

# Five of these functions run at once, and a tenant takes fifty calls at once.
AT_ONCE = 10
# What is left of the function's time when the deadline comes: enough to write down how a call ended.
MARGIN_SECONDS = 10.0

clock = SystemClock()
bus = Bus(boto3.client("events", config=AWS_CLIENT), variable("BUS_NAME"), clock)
table = Table(boto3.client("dynamodb", config=AWS_CLIENT), variable("STATE_TABLE"))
queue = Queue.of_function(boto3.client("sqs", config=AWS_CLIENT), table, clock)
documents = Documents.from_environment(clock)
cxone = connect(clock)
applier = Applier(
    cxone.dispositions,
    DispositionLedger(table, tenant()),
    Outbox(table, bus),
    Facts(tenant()),
    partial(documents.get, "dispositions", DispositionSettings),
    clock,
    do_not_call_codes=lambda: documents.get("dispositions", DoNotCallCodes, else_packaged=True).codes,
)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take a batch of dispositions from their queue."""
    deadline = Deadline(clock, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)
    cxone.http.deadline = deadline

    def apply(record: Mapping[str, Any]) -> None:
        applier.take(record, deadline)

    return work_side_by_side(event, queue, apply, context, by_contact, AT_ONCE)
