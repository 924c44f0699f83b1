"""Pulling one job: page after page into the lake, each with its checkpoint, then the result.

    claim -> page 0 -> part 0 + checkpoint -> page 1 -> ... -> manifest -> completed + fact -> bus
                        ^ a run that is cut off anywhere goes on after its last checkpoint

While a page is written, the next one is being fetched. Nothing is kept but one page and the ids of the
one before it, however many records a window has.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock, Deadline
from outbound.cxone.errors import CxoneError, OutOfTime, RateLimited
from outbound.cxone.ports import OutcomePage, OutcomeQuery, OutcomesPort
from outbound.observability import Metric, logger, measure
from outbound.outcomes.pages import PageWriter
from outbound.outcomes.query import InvalidQuery, checked
from outbound.outcomes.reporting import Reporter
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window
from outbound.queues import Refused, TryLater
from outbound.store.jobs import Job, Jobs, Position, job_of
from outbound.store.outbox import Outbox
from outbound.store.registry import Registry
from outbound.store.table import Key

# Longer than the function's time-out (120 s): while a lease lasts, whoever took it may still be writing.
LEASE_SECONDS = 180.0
# A page with its part and checkpoint takes about a second; this leaves room for a slow one.
_HAND_OVER_SECONDS = 8.0
# Between runs that fail one after the other, doubled each time (seconds).
_FIRST_WAIT, _LONGEST_WAIT = 30.0, 900.0
# A failed window is planned again after an hour: somebody repairs what was wrong, and nobody replans by hand.
_AGAIN_AFTER = timedelta(hours=1)


class Superseded(Exception):
    """The lease was lost: another run has the job now. This one must not write any more."""


class PullFailed(Exception):
    """The job cannot go on, and trying again at once would not help."""

    def __init__(self, reason: str, message: str) -> None:
        """Give a reason that a program reads and a message that a person reads."""
        super().__init__(message)
        self.reason = reason


class Puller:
    """Works on pull jobs."""

    def __init__(
        self,
        port: OutcomesPort,
        registry: Registry,
        jobs: Jobs,
        writer: PageWriter,
        reporter: Reporter,
        outbox: Outbox,
        clock: Clock,
    ) -> None:
        """Pull through a port, write to the lake, report on the bus."""
        self._port = port
        self._registry = registry
        self._jobs = jobs
        self._writer = writer
        self._reporter = reporter
        self._outbox = outbox
        self._clock = clock

    def pull(self, campaign_id: str, window: Window, settings: OutcomeSettings, deadline: Deadline) -> None:
        """Work on a job until it has ended or the deadline is near.

        Returns when the job has ended, well or badly, and its fact is on the bus. Raises TryLater where it
        is to go on later, and Refused where there is no such job.
        """
        key = self._jobs.key(campaign_id, window.start, window.end)
        job = self._claim(key)
        if job is None:
            return
        with self._leased(job, settings):
            try:
                query = self._query(job, settings)
                job = self._pull_pages(job, query, settings, deadline)
                ended = self._reporter.complete(job, settings)
            except (PullFailed, InvalidQuery) as error:
                reason = error.reason if isinstance(error, PullFailed) else "invalid_query"
                ended = self._reporter.fail(job, reason, str(error), self._clock.now() + _AGAIN_AFTER)
        if ended is None:
            raise TryLater(_FIRST_WAIT, "another run has taken the job over")
        self._outbox.publish(key, ended)

    def _claim(self, key: Key) -> Job | None:
        """Take the lease; give None where the job was completed before, with its fact published for sure."""
        now = self._clock.now()
        claimed = self._jobs.claim(key, now, LEASE_SECONDS)
        if not claimed.done and claimed.item.get("facts"):
            self._outbox.publish(key, claimed.item)
            claimed = self._jobs.claim(key, now, LEASE_SECONDS)
        if claimed.done:
            return job_of(claimed.item)
        if not claimed.item:
            raise Refused(
                f"there is no pull job {key.sk} of {key.pk}: plan it by an outcomes.pull.requested event"
            )
        if claimed.item["status"] == "completed":
            return None
        raise TryLater(
            float(claimed.item["lease_until"]) - now.timestamp(), "another run is pulling this window"
        )

    @contextmanager
    def _leased(self, job: Job, settings: OutcomeSettings) -> Iterator[None]:
        """Give the lease back when work stops, and turn what stopped it into when to go on."""
        try:
            yield
        except OutOfTime as error:
            self._jobs.release(job, failed=False)
            raise TryLater(0, "handed over to the next run") from error
        except RateLimited as error:
            self._jobs.release(job, failed=False)
            raise TryLater(
                (error.retry_at - self._clock.now()).total_seconds(), "no place in the quota"
            ) from error
        except Superseded as error:
            raise TryLater(_FIRST_WAIT, "another run has taken the job over") from error
        except (CxoneError, ClientError, BotoCoreError) as error:
            self._jobs.release(job, failed=True)
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (job.failures - 1))
            logger.warning(
                "a pull was interrupted",
                extra={"job_id": job.job_id, "error": str(error), "failures": job.failures},
            )
            raise TryLater(wait, str(error)) from error

    def _query(self, job: Job, settings: OutcomeSettings) -> OutcomeQuery:
        """Give the job's query, checked. Raises InvalidQuery or PullFailed."""
        campaign = self._registry.get(job.campaign_id)
        if campaign is None:
            raise PullFailed("unknown_campaign", f"campaign_id: {job.campaign_id} is not registered any more")
        if job.failures > settings.max_failures:
            raise PullFailed(
                "too_many_failures", f"{settings.max_failures} runs in a row got nowhere; the log says why"
            )
        window = Window(job.start, job.end)
        return checked(
            job.campaign_id, window, campaign.outcome_codes, campaign.page_size, settings, self._clock.now()
        )

    def _pull_pages(
        self, job: Job, query: OutcomeQuery, settings: OutcomeSettings, deadline: Deadline
    ) -> Job:
        """Fetch, write and check off page after page, to the last. Gives the job at its end."""
        if job.position.page and not job.position.token:
            return job
        before = self._writer.ids_of_page(job, job.position.page - 1)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="next-page") as fetcher:
            coming = fetcher.submit(self._port.page, query, job.position.token)
            while True:
                page = self._arrived(job, coming)
                if page.next_token:
                    _check_end(job, page.next_token, settings)
                    coming = fetcher.submit(self._port.page, query, page.next_token)
                job, before = self._check_off(job, page, before, settings)
                if not page.next_token:
                    return job
                if deadline.left() < _HAND_OVER_SECONDS:
                    coming.cancel()
                    raise OutOfTime("the function's time is nearly up")

    def _arrived(self, job: Job, coming: Future[OutcomePage]) -> OutcomePage:
        try:
            return coming.result()
        except CxoneError as error:
            if error.retryable:
                raise
            raise PullFailed(error.reason, str(error)) from error

    def _check_off(
        self, job: Job, page: OutcomePage, before: set[str], settings: OutcomeSettings
    ) -> tuple[Job, set[str]]:
        """Write a page's part and its checkpoint; give the job after it and the page's ids."""
        now = self._clock.now()
        part, ids, duplicates = self._writer.write(job, page, before, settings)
        moved = self._jobs.checkpoint(job, _after(job.position, page, duplicates), part, now)
        if moved is None:
            raise Superseded
        measure(Metric.PAGES_PULLED)
        measure(Metric.RECORDS_PULLED, part.records)
        return moved, ids


def _after(position: Position, page: OutcomePage, duplicates: int) -> Position:
    """Give the position after a page."""
    position = replace(
        position,
        page=position.page + 1,
        token=page.next_token,
        failed_tries=position.failed_tries + page.tries - 1,
        duplicates=position.duplicates + duplicates,
        since_landmark=position.since_landmark + 1,
    )
    if position.since_landmark >= position.landmark_reach:
        return replace(
            position, landmark=page.next_token, since_landmark=0, landmark_reach=position.landmark_reach * 2
        )
    return position


def _check_end(job: Job, next_token: str, settings: OutcomeSettings) -> None:
    """Raise PullFailed where the pages have no end: a token that came before, or more pages than can be."""
    if next_token in (job.position.landmark, job.position.token):
        raise PullFailed(
            "page_token_repeats",
            "CXone's page tokens go round in a circle; the window cannot be read to its end",
        )
    if job.position.page + 1 >= settings.max_pages:
        raise PullFailed(
            "too_many_pages",
            f"more than {settings.max_pages} pages; raise max_pages or page_size if this is real",
        )
