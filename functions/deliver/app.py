"""Delivers the events of one destination's queue: a batch in, the messages to be tried again out."""

from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from outbound.clock import Deadline, SystemClock
from outbound.deliveries.circuit import Circuit, circuit_store
from outbound.deliveries.dead_letters import Endings
from outbound.deliveries.deliverer import Deliveries, Failed
from outbound.deliveries.destinations import DestinationSwitch
from outbound.deliveries.http import Outgoing
from outbound.deliveries.ledger import DeliveryLedger
from outbound.deliveries.posting import Courier
from outbound.deliveries.settings import DeliverySettings, Destination
from outbound.deliveries.signature import Signer
from outbound.events import Bus
from outbound.observability import logger, metrics
from outbound.queues import Queue, work
from outbound.secrets import Secrets
from outbound.settings import AWS_CLIENT, Documents, tenant, variable
from outbound.store.outbox import Outbox
from outbound.store.table import Table

destination = variable("DESTINATION")
clock = SystemClock()
dynamodb = boto3.client("dynamodb", config=AWS_CLIENT)
table = Table(dynamodb, variable("STATE_TABLE"))
queue = Queue.of_function(boto3.client("sqs", config=AWS_CLIENT), table, clock)
outbox = Outbox(table, Bus(boto3.client("events", config=AWS_CLIENT), variable("BUS_NAME"), clock))
documents = Documents.from_environment(clock)
secrets = Secrets(boto3.client("secretsmanager", config=AWS_CLIENT), clock)
ledger = DeliveryLedger(table, tenant(), destination)


def settings() -> Destination:
    """Give the destination's settings as they are now."""
    return documents.get("deliveries", DeliverySettings).destination(destination)


deliveries = Deliveries(
    settings=settings,
    ledger=ledger,
    switch=DestinationSwitch(destination, tenant(), table, outbox, clock),
    circuit=Circuit(destination, circuit_store(dynamodb, table.name, tenant()), Failed),
    courier=Courier(Outgoing(clock), Signer(secrets, variable("DESTINATION_SECRET")), clock),
    endings=Endings(ledger, outbox, queue, destination, clock),
    clock=clock,
)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Deliver a batch of events."""
    deadline = Deadline(clock, context.get_remaining_time_in_millis() / 1000)
    return work(event, queue, lambda record: deliveries.deliver(record, deadline), context)
