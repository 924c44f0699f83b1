"""Records every event of the bus: a batch in, the messages to be tried again out."""

from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from outbound.audit.objects import AuditBucket
from outbound.audit.recorder import AuditRecord
from outbound.clock import SystemClock
from outbound.observability import logger, metrics
from outbound.queues import Queue
from outbound.settings import AWS_CLIENT, variable

bucket = AuditBucket(boto3.client("s3", config=AWS_CLIENT), variable("AUDIT_BUCKET"))
queue = Queue(boto3.client("sqs", config=AWS_CLIENT), variable("DLQ_URL"))
audit = AuditRecord(bucket, queue, SystemClock())


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Record a batch of events."""
    return audit.record(event, context)
