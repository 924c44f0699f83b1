"""Pulling one job: pages into parts of the lake, each with its checkpoint, then the result.

claim -> pages 0-9 -> part 0 + checkpoint -> pages 10-19 -> ... -> manifest -> completed + fact -> bus
                    ^ a run that is cut off anywhere is resumed after its last checkpoint

A window that was pulled before is pulled beside what the lake has of it; see `generations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from random import random
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock, Deadline, Invocation, format_time, parse_time
from outbound.cxone.errors import CxoneError, OutOfTime, RateLimited
from outbound.cxone.ports.outcomes import OutcomeQuery, OutcomesPort
from outbound.events import PublishFailed
from outbound.logs import logger
from outbound.outcomes import checkpoint as positions
from outbound.outcomes.dispatcher import job_window
from outbound.outcomes.errors import OutOfRetention, PullFailed, Superseded
from outbound.outcomes.job import Job, job_of
from outbound.outcomes.leased_jobs import LeasedJobs
from outbound.outcomes.pager import Pager, Run
from outbound.outcomes.part_writer import PartWriter
from outbound.outcomes.query import InvalidQuery, checked, retained_since
from outbound.outcomes.reporter import Reporter
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window
from outbound.queues import Refused, TryLater, work
from outbound.runtime import Runtime, Work, expect_many_records
from outbound.settings import ConfigurationError
from outbound.store.objects import NotRemoved
from outbound.store.outbox import Outbox
from outbound.store.registry import Campaign, Registry
from outbound.store.table import Item, Key

# A lease outlives the deadline, and the function, by that much: while it lasts, its holder may still
# be writing; and no longer, so that the job of a run that died is soon resumed.
LEASE_MARGIN_SECONDS = 15.0
# Between runs that fail one after the other, doubled each time (seconds).
_FIRST_WAIT, _LONGEST_WAIT = 30.0, 900.0

_OF_AWS = (ClientError, BotoCoreError)
# What stops a run and heals with time, or with an operator who repairs a setting.
_INTERRUPTIONS = (CxoneError, Superseded, ConfigurationError, NotRemoved, *_OF_AWS)


class Puller:
    """Works on pull jobs."""

    def __init__(
        self,
        port: OutcomesPort,
        registry: Registry,
        jobs: LeasedJobs,
        writer: PartWriter,
        reporter: Reporter,
        outbox: Outbox,
        clock: Clock,
    ) -> None:
        """Pull through a port, write to the lake, report on the bus."""
        self._pager = Pager(port, jobs, writer, clock)
        self._registry = registry
        self._jobs = jobs
        self._reporter = reporter
        self._outbox = outbox
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline) -> Puller:
        """Return the puller of one invocation, whose calls of CXone end before a deadline."""
        jobs, lake, clock = LeasedJobs(runtime.state, runtime.tenant), runtime.lake, runtime.clock
        reporter = Reporter(jobs, lake, runtime.tenant, clock)
        port = runtime.cxone.until(deadline).outcomes
        return cls(port, runtime.registry, jobs, PartWriter(lake), reporter, runtime.outbox, clock)

    def pull(self, campaign_id: str, window: Window, settings: OutcomeSettings, deadline: Deadline) -> None:
        """Work on a job until it has ended or the deadline is near.

        Returns when the job has ended, well or badly, and its fact is on the bus. Raises TryLater where it
        is to be resumed later, and Refused where there is no such job.
        """
        key = self._jobs.key(campaign_id, window.start, window.end)
        try:
            job = self._claim(key, deadline)
            if job is not None:
                self._outbox.publish(key, self._ended(Run(job), settings, deadline))
        except (PublishFailed, *_OF_AWS) as error:
            # Whatever was done is written down: facts that wait in the item, or a lease that runs out.
            logger.warning("a pull was interrupted", extra={"job": key.sk, "error": str(error)})
            raise TryLater(_FIRST_WAIT, type(error).__name__) from error

    def _claim(self, key: Key, deadline: Deadline) -> Job | None:
        """Take the lease; None where nothing is to be done, and the job's facts are published for sure."""
        now = self._clock.now()
        lease_seconds = max(deadline.left(), 0.0) + LEASE_MARGIN_SECONDS
        claimed = self._jobs.claim(key, now, lease_seconds)
        if not claimed.done and claimed.item.get("facts"):
            self._outbox.publish(key, claimed.item)
            claimed = self._jobs.claim(key, now, lease_seconds)
        if claimed.done:
            return job_of(claimed.item)
        if not claimed.item:
            raise Refused(f"there is no pull job {key.sk} of {key.pk}: request it by outcomes.pull.requested")
        if _waits_for_nothing(claimed.item, now.timestamp()):
            return None
        lease_left = float(claimed.item.get("lease_until", 0)) - now.timestamp()
        raise TryLater(max(lease_left, 1.0), "another run is pulling this window")

    def _ended(self, run: Run, settings: OutcomeSettings, deadline: Deadline) -> Item:
        """Work on a job to its end, well or badly, and return its item.

        Raises TryLater where it is to be resumed.
        """
        try:
            try:
                if run.job.switch is None:
                    self._pager.read(run, self._query(run, settings), settings, deadline)
                # What was begun to be switched is switched to its end, before anything else is looked at.
                return self._reporter.complete(run.job, settings, deadline)
            except (PullFailed, InvalidQuery) as failure:
                return self._reporter.fail(run.job, failure)
        except _INTERRUPTIONS as error:
            raise self._interrupted(run, error) from error

    def _query(self, run: Run, settings: OutcomeSettings) -> OutcomeQuery:
        """Return the query of the job, and let the run stand where it is resumed.

        Raises InvalidQuery or PullFailed.
        """
        campaign = self._registry.get(run.job.campaign_id)
        if campaign is None:
            raise PullFailed(
                "unknown_campaign",
                f"campaign_id: {run.job.campaign_id} is not registered any more; register it again",
                field="campaign_id",
            )
        if run.job.failures > settings.max_failures:
            raise PullFailed(
                "too_many_failures", f"{settings.max_failures} runs in a row got nowhere; the log says why"
            )
        run.job = self._positioned(run.job, campaign, settings)
        window = Window(parse_time(run.job.position.since), run.job.end)
        codes, size = campaign.outcome_codes, campaign.page_size
        return checked(campaign.campaign_id, window, codes, size, settings, self._clock.now())

    def _positioned(self, job: Job, campaign: Campaign, settings: OutcomeSettings) -> Job:
        """Return the job with the position at which it begins or is resumed."""
        if job.position.page and job.position.query != positions.query_id(campaign.outcome_codes):
            logger.info("the codes have changed: a pull begins anew", extra={"job_id": job.job_id})
            job = self._jobs.rewind(job)
        if job.position.page:
            return job
        position = positions.first(self._since(job, settings), campaign.outcome_codes)
        return replace(job, position=position)

    def _since(self, job: Job, settings: OutcomeSettings) -> datetime:
        """Return where a pull begins that begins now: at the window's start, or where CXone's calls begin.

        Raises OutOfRetention where nothing is left, and where an earlier pull of the window has more.
        """
        oldest = retained_since(settings, self._clock.now())
        if job.start >= oldest:
            return job.start
        window = Window(job.start, job.end)
        if job.in_the_lake:
            raise OutOfRetention(f"CXone no longer has all of {window}; what was pulled before is kept")
        if job.end <= oldest:
            raise OutOfRetention(f"CXone keeps calls since {format_time(oldest)}, and no longer has {window}")
        return oldest

    def _interrupted(self, run: Run, error: Exception) -> TryLater:
        """Release the lease, and return when the job is to be resumed."""
        if isinstance(error, Superseded):
            return TryLater(_FIRST_WAIT, "another run has taken the job over")
        moved_on = run.pages > 0 or run.job.switch is not None
        healthy = isinstance(error, RateLimited) or (isinstance(error, OutOfTime) and moved_on)
        self._release(run.job, failed=not healthy, why="" if healthy else _reason(error))
        if isinstance(error, RateLimited):
            return TryLater((error.retry_at - self._clock.now()).total_seconds(), "no place in the quota")
        if healthy:
            return TryLater(0, "handed over to the next run")
        extra = {"job_id": run.job.job_id, "error": str(error), "failures": run.job.failures}
        logger.warning("a pull was interrupted", extra=extra)
        return TryLater(_wait_after(run.job.failures), type(error).__name__)

    def _release(self, job: Job, failed: bool, why: str) -> None:
        try:
            self._jobs.release(job, failed, why)
        except _OF_AWS as error:
            # The lease then ends by itself; what stopped the run matters more.
            logger.warning("a lease was not released", extra={"job_id": job.job_id, "error": str(error)})


def _reason(error: Exception) -> str:
    """Return for people why a run stopped; what AWS answered names the account and goes to the log only."""
    if isinstance(error, ClientError):
        return f"AWS refused {error.operation_name}: {error.response.get('Error', {}).get('Code', 'unknown')}"
    return str(error) or type(error).__name__


def _waits_for_nothing(item: Item, now: float) -> bool:
    """Whether a job has ended, and is not to be tried again yet: then the sweeper sends it in time."""
    return item["status"] in ("completed", "lost") or float(item.get("again_at", 0)) > now


def _wait_after(failures: int) -> float:
    """Return the wait after so many failures in a row; jobs that failed together return one by one."""
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(failures - 1, 10))
    return longest * (0.75 + 0.25 * random())  # noqa: S311 - jitter


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of pull jobs: one campaign's window a message."""
    queue, documents = runtime.queue, runtime.documents
    runtime.warm_up("cxone", "outbox", "registry", "lake")
    expect_many_records()

    def pull(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        deadline = runtime.deadline(invocation)
        puller = Puller.of(runtime, deadline)

        def take(record: Mapping[str, Any]) -> None:
            campaign_id, window = job_window(record["body"])
            logger.append_keys(campaign_id=campaign_id, window=str(window))
            puller.pull(campaign_id, window, documents.get("outcomes", OutcomeSettings), deadline)

        return work(event, queue, take, invocation)

    return pull
