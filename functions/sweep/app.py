"""Logs what it was woken for."""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Log the event and report no failed message."""
    logger.info("swept", event=event)
    return {"batchItemFailures": []}
