"""Routes webhooks from the ingress queue: kept in the lake, mapped, checked, published."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Deadline, SystemClock
from outbound.do_not_call import DoNotCallCodes
from outbound.events import Bus, PublishFailed
from outbound.observability import logger, metrics
from outbound.queues import Queue, TryLater, growing, work
from outbound.settings import AWS_CLIENT, ConfigurationError, Documents, tenant, variable
from outbound.store.outbox import Outbox
from outbound.store.table import Table
from outbound.webhooks.ledger import RawWebhooks, WebhookLedger
from outbound.webhooks.router import Router
from outbound.webhooks.settings import Providers

# A delivery of ten thousand events takes a thousand calls to the bus: with less time left none is begun.
MARGIN_SECONDS = 35.0
# When AWS refuses, in seconds, at first: what waits may be somebody who must not be called.
AGAIN_SECONDS = 5.0

clock = SystemClock()
table = Table(boto3.client("dynamodb", config=AWS_CLIENT), variable("STATE_TABLE"))
queue = Queue.of_function(boto3.client("sqs", config=AWS_CLIENT), table, clock)
router = Router(
    RawWebhooks(boto3.client("s3", config=AWS_CLIENT), variable("LAKE_BUCKET")),
    WebhookLedger(table, tenant(), timedelta(days=int(variable("WEBHOOK_RETENTION_DAYS")))),
    Outbox(table, Bus(boto3.client("events", config=AWS_CLIENT), variable("BUS_NAME"), clock)),
    tenant(),
    clock,
)
documents = Documents.from_environment(clock)


def _route(record: Mapping[str, Any]) -> None:
    codes = documents.get("dispositions", DoNotCallCodes, else_packaged=True).codes
    try:
        providers = documents.get("ingress", Providers)
    except ConfigurationError as broken:
        # The rest waits for settings that can be used; who must not be called does not.
        router.note_opt_outs(record, codes)
        raise growing(record, str(broken), AGAIN_SECONDS) from broken
    router.route(record, providers, codes)


def route(until: Deadline, record: Mapping[str, Any]) -> None:
    """Route what one message holds. Raises TryLater where there is no time for it, or AWS refuses."""
    if until.left() <= 0:
        raise TryLater(0, "the function's time is nearly up")
    try:
        _route(record)
    except (PublishFailed, ClientError, BotoCoreError) as error:
        logger.warning("a delivery waits", exc_info=True)
        raise growing(record, type(error).__name__, AGAIN_SECONDS) from error


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Route a batch of deliveries, the small ones first: a giant holds up none beside it."""
    until = Deadline(clock, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)
    records = sorted(event["Records"], key=lambda record: len(record["body"]))
    return work({"Records": records}, queue, partial(route, until), context)
