"""The doors that webhooks come in by: a receiving function's handler, with all that it uses made once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from outbound.observability import logger
from outbound.runtime import Runtime
from outbound.webhooks.receiver import Find, Receiver

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
    receiver = Receiver.of(Runtime.of_function(_CLIENT))

    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        _request_id.current = context.aws_request_id
        return receiver.receive(event, find)

    return handler
