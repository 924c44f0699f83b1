"""Receives the webhooks of CXone: an HTTP request in, 202 or problem details out."""

from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from outbound.clock import SystemClock
from outbound.ingress.providers import Providers
from outbound.ingress.receiving import RECEIVER_CLIENT, IngressQueue, Receiver, cxone
from outbound.observability import logger
from outbound.secrets import Secrets
from outbound.settings import Documents, variable

clock = SystemClock()
documents = Documents(boto3.client("ssm", config=RECEIVER_CLIENT), variable("STACK_NAME"), clock)
receiver = Receiver(
    settings=lambda: documents.get("ingress", Providers),
    secrets=Secrets(boto3.client("secretsmanager", config=RECEIVER_CLIENT), clock),
    stack=variable("STACK_NAME"),
    queue=IngressQueue(boto3.client("sqs", config=RECEIVER_CLIENT), variable("INGRESS_QUEUE_URL")),
    clock=clock,
)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Receive one webhook."""
    # All that its log lines need of the context; Powertools' decorators take longer than the work.
    logger.append_keys(function_request_id=context.aws_request_id)
    return receiver.receive(event, cxone)
