"""Finishes what was left undone, every minute: facts, parked deliveries, pull jobs, abandoned holds."""

import json
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from outbound.clock import Deadline, SystemClock
from outbound.deliveries.ledger import DUE_DELIVERIES
from outbound.deliveries.redelivery import SENT_AGAIN_SECONDS, Resending
from outbound.events import Bus
from outbound.observability import logger, metrics
from outbound.outcomes.corrections import DUE_CORRECTIONS, Corrections
from outbound.outcomes.dispatcher import Dispatcher
from outbound.outcomes.jobs import DUE_DISPATCH, DUE_LONG_CALLS, Jobs, job_of
from outbound.outcomes.long_calls import LongCalls
from outbound.settings import AWS_CLIENT, tenant, variable
from outbound.store.holds import DUE_HOLDS
from outbound.store.outbox import DUE_FACTS, Outbox
from outbound.store.table import Item, Key, Table
from outbound.sweeper import Duty, Sweeper

# A fact that the bus refused is offered again two sweeps later.
FACTS_AGAIN_SECONDS = 120
# A job that the queue refused, likewise; one that was sent is watched for hours.
JOBS_AGAIN_SECONDS = 120
# A hold that nobody has released by then is looked after once more.
HOLDS_AGAIN_SECONDS = 300

clock = SystemClock()
dynamodb = boto3.client("dynamodb", config=AWS_CLIENT)
table = Table(dynamodb, variable("STATE_TABLE"))
consents = Table(dynamodb, variable("CONSENT_TABLE"))
bus = Bus(boto3.client("events", config=AWS_CLIENT), variable("BUS_NAME"), clock)
sqs = boto3.client("sqs", config=AWS_CLIENT)
end_archive_queue_url = variable("END_ARCHIVE_QUEUE_URL")
resending = Resending(sqs, json.loads(variable("QUEUE_URLS")))
jobs = Jobs(table, tenant())
dispatcher = Dispatcher(sqs, variable("PULL_QUEUE_URL"), jobs, clock)
corrections = Corrections(table, jobs, bus, tenant(), clock)


def publishing(where: Table) -> Duty:
    """Publish the facts that items of a table still carry."""
    outbox = Outbox(where, bus)
    return Duty(
        DUE_FACTS,
        FACTS_AGAIN_SECONDS,
        lambda item: outbox.publish(Key(item["pk"], item["sk"]), item),
        where,
    )


def dispatch(item: Item) -> None:
    """Send a pull job whose message is due."""
    dispatcher.send([job_of(item)], clock.now())


def look_after(item: Item) -> None:
    """Let somebody who may speak to CXone see to a hold that is not renewed."""
    message = {"hold": {"campaign_id": item["campaign_id"], "owner": item["owner"]}}
    sqs.send_message(QueueUrl=end_archive_queue_url, MessageBody=json.dumps(message))


# Every kind of unfinished work, and who finishes it.
DUTIES = [
    publishing(table),
    publishing(consents),
    Duty(DUE_DELIVERIES, SENT_AGAIN_SECONDS, resending.resend),
    Duty(DUE_DISPATCH, JOBS_AGAIN_SECONDS, dispatch),
    Duty(DUE_HOLDS, HOLDS_AGAIN_SECONDS, look_after),
    Duty(DUE_CORRECTIONS, JOBS_AGAIN_SECONDS, corrections.request),
    Duty(DUE_LONG_CALLS, JOBS_AGAIN_SECONDS, LongCalls(jobs, dispatcher, clock).pull_again),
]

sweeper = Sweeper(table, DUTIES, clock)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Sweep; answers with how many items of each kind were discharged."""
    return sweeper.sweep(Deadline(clock, context.get_remaining_time_in_millis() / 1000))
