"""The doors that webhooks come in by: a receiving function's handler, with all that it uses made once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from outbound.clock import SystemClock
from outbound.observability import logger
from outbound.secrets import Secrets
from outbound.settings import Documents, variable
from outbound.webhooks.receiver import Find, IngressQueue, Receiver
from outbound.webhooks.settings import Providers

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Senders wait five seconds or so, and send again what was not answered: better an early 503.
_CLIENT = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})


class _RequestId(logging.Filter):
    """Names the invocation in each of its log lines: most invocations write none.

    It is all that these lines need of the context; Powertools' decorators take longer than the work.
    """

    current = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.function_request_id = self.current
        return True


_request_id = _RequestId()
logger.addFilter(_request_id)


def door(find: Find) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Give the handler of a function that receives the webhooks of those whom `find` finds.

    What it uses is made now, from the function's environment.
    """
    receiver = _receiver()

    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        _request_id.current = context.aws_request_id
        return receiver.receive(event, find)

    return handler


def _receiver() -> Receiver:
    clock, stack = SystemClock(), variable("STACK_NAME")
    documents = Documents(boto3.client("ssm", config=_CLIENT), stack, clock)
    return Receiver(
        settings=lambda: documents.get("ingress", Providers),
        secrets=Secrets(boto3.client("secretsmanager", config=_CLIENT), clock),
        stack=stack,
        queue=IngressQueue(boto3.client("sqs", config=_CLIENT), variable("INGRESS_QUEUE_URL")),
        clock=clock,
    )
