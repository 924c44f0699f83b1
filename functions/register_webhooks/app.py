"""Registers our webhooks at CXone: after a deployment, or when an operator asks for it."""

from __future__ import annotations

from typing import Any

import boto3

from outbound.clock import Deadline, SystemClock
from outbound.cxone.adapters import connect
from outbound.cxone.ports import Subscription, Topic
from outbound.events import Bus
from outbound.observability import logger, metrics
from outbound.secrets import Secrets
from outbound.settings import AWS_CLIENT, ConfigurationError, tenant, variable
from outbound.store.outbox import Outbox
from outbound.store.table import Table
from outbound.subscriptions.ledger import SubscriptionLedger
from outbound.subscriptions.registrar import SubscriptionRegistrar

# What is left of the function's time when the deadline comes: enough to write down what was registered.
MARGIN_SECONDS = 5.0
TOPICS: tuple[Topic, ...] = ("campaigns", "dialer")

clock = SystemClock()
stack = variable("STACK_NAME")
url = variable("WEBHOOK_URL")
# The receiver's own; it accepts two versions, and CXone sends the current one.
secret_id = f"{stack}/webhooks/cxone"
bus = Bus(boto3.client("events", config=AWS_CLIENT), variable("BUS_NAME"), clock)
table = Table(boto3.client("dynamodb", config=AWS_CLIENT), variable("STATE_TABLE"))
secrets = Secrets(boto3.client("secretsmanager", config=AWS_CLIENT), clock)
cxone = connect(clock)
ledger = SubscriptionLedger(table, tenant())
registrar = SubscriptionRegistrar(cxone.subscriptions, ledger, Outbox(table, bus), tenant(), clock)


def wanted(topic: Topic) -> Subscription:
    """Give the webhook of a topic as it should be registered, proved by the secret of the receiver."""
    secret = secrets.current(secret_id).get("secret")
    if not secret:
        raise ConfigurationError(f'the secret {secret_id} has no text "secret": put one there first')
    return Subscription(f"{stack} {topic}", topic, url, f"outbound-bridge/{stack}", secret)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Register every webhook; with `again` also those that seem as wanted. Answers with what that took."""
    cxone.http.deadline = Deadline(clock, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)
    # An environment may be warm since before a rotation.
    secrets.reread(secret_id)
    again = event.get("again") is True
    return {"webhooks": [registrar.register(wanted(topic), again).as_data() for topic in TOPICS]}
