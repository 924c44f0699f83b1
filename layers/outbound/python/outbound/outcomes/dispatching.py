"""Dispatching pull jobs: a planned job becomes a message on the pull queue, and a lost message is sent again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from outbound.clock import Clock, format_time, parse_time
from outbound.observability import logger
from outbound.outcomes.windows import Window
from outbound.queues import Refused
from outbound.store.jobs import DUE_DISPATCH, Job, Jobs, job_of
from outbound.store.table import Table

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# What one SendMessageBatch takes, and the longest that SQS delays a message (seconds).
_BATCH = 10
_MAX_DELAY = 900


class Dispatcher:
    """Puts pull jobs on their queue."""

    def __init__(self, client: SQSClient, queue_url: str, jobs: Jobs, clock: Clock) -> None:
        """Send to one queue."""
        self._client = client
        self._queue_url = queue_url
        self._jobs = jobs
        self._clock = clock

    def send(self, jobs: Sequence[Job], send_at: datetime) -> None:
        """Send jobs to be worked on from `send_at` on.

        What the queue refuses stays due and is sent by the sweeper; what is sent twice is pulled once,
        because the job's lease and status decide.
        """
        now = self._clock.now()
        delay = int(min(max((send_at - now).total_seconds(), 0), _MAX_DELAY))
        for first in range(0, len(jobs), _BATCH):
            batch = jobs[first : first + _BATCH]
            answer = self._client.send_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(number), "MessageBody": message_of(job), "DelaySeconds": delay}
                    for number, job in enumerate(batch)
                ],
            )
            for result in answer.get("Successful", []):
                self._jobs.dispatched(batch[int(result["Id"])], now)
            if refused := answer.get("Failed", []):
                logger.warning(
                    "the pull queue refused jobs",
                    extra={"jobs": [batch[int(r["Id"])].job_id for r in refused]},
                )

    def sweep(self, table: Table, now: datetime, limit: int) -> int:
        """Send the jobs whose time has come; give how many."""
        due = [job_of(item) for item in table.due(DUE_DISPATCH, int(now.timestamp()), limit)]
        self.send(due, now)
        return len(due)


def message_of(job: Job) -> str:
    """The message of a job: which window of which campaign."""
    body = {"campaign_id": job.campaign_id, "start": format_time(job.start), "end": format_time(job.end)}
    return json.dumps(
        body | {"job_id": job.job_id, "correlation_id": job.correlation_id}, separators=(",", ":")
    )


def job_window(body: str) -> tuple[str, Window]:
    """Read campaign and window from a job's message. Raises Refused where it is none."""
    try:
        message: Any = json.loads(body)
        return str(message["campaign_id"]), Window(parse_time(message["start"]), parse_time(message["end"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"the message is no pull job: {error}") from error
