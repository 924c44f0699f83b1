"""Dispatching pull jobs: a planned job becomes a message, and a lost message is sent again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from outbound.clock import Clock, format_time, parse_time
from outbound.logs import logger
from outbound.outcomes.job import Job
from outbound.outcomes.jobs import Jobs
from outbound.outcomes.query import InvalidQuery, check_campaign_id
from outbound.outcomes.windows import Window
from outbound.queues import Refused
from outbound.runtime import Runtime

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

    @classmethod
    def of(cls, runtime: Runtime) -> Dispatcher:
        """Return the dispatcher to a stack's queue of pull jobs."""
        jobs = Jobs(runtime.state, runtime.tenant)
        return cls(runtime.client("sqs"), runtime.name("PULL_QUEUE_URL"), jobs, runtime.clock)

    def send(self, jobs: Sequence[Job], send_at: datetime) -> None:
        """Send jobs to be worked on from `send_at` on.

        What the queue refuses, and what is to wait longer than a queue can, stays due and is sent by the
        sweeper; what is sent twice is pulled once, because the job's lease and status decide.
        """
        now = self._clock.now()
        delay = max(0, int((send_at - now).total_seconds()))
        if delay > _MAX_DELAY:
            return
        for first in range(0, len(jobs), _BATCH):
            self._send_batch(jobs[first : first + _BATCH], delay, now)

    def _send_batch(self, batch: Sequence[Job], delay: int, now: datetime) -> None:
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
            said = {"jobs": [batch[int(result["Id"])].job_id for result in refused]}
            logger.warning("the pull queue refused jobs; they are sent again", extra=said)


def message_of(job: Job) -> str:
    """The message of a job: which window of which campaign."""
    body = {
        "campaign_id": job.campaign_id,
        "start": format_time(job.start),
        "end": format_time(job.end),
        "job_id": job.job_id,
        "correlation_id": job.correlation_id,
    }
    return json.dumps(body, separators=(",", ":"))


def job_window(body: str) -> tuple[str, Window]:
    """Read campaign and window from a job's message. Raises Refused where it is not one."""
    try:
        message: Any = json.loads(body)
        campaign_id = message["campaign_id"]
        check_campaign_id(campaign_id)
        return campaign_id, Window(parse_time(message["start"]), parse_time(message["end"]))
    except (InvalidQuery, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused(f"the message is not a pull job: {type(error).__name__} {str(error)[:200]}") from error
