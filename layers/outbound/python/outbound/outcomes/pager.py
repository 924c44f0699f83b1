"""Reading a window page after page: while one is written, the next one is being fetched.

    fetch 0 | fetch 1           | fetch 2           | ...
            | write 0, check off | write 1, check off | ...

Nothing is kept but one page, and a number for each call before it, however many records a window has.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from outbound.clock import Clock, Deadline
from outbound.cxone.errors import CxoneError, OutOfTime
from outbound.cxone.ports.outcomes import OutcomePage, OutcomeQuery, OutcomesPort
from outbound.observability import Metric, measure
from outbound.outcomes import checkpoint as positions
from outbound.outcomes.errors import Superseded, refused
from outbound.outcomes.jobs import Job, Jobs
from outbound.outcomes.page_writer import PageWriter
from outbound.outcomes.seen_calls import SeenCalls
from outbound.outcomes.settings import OutcomeSettings

# A page with its part and checkpoint takes about a second; this leaves room for a slow one.
_HAND_OVER_SECONDS = 8.0


@dataclass(slots=True)
class Run:
    """One run of a job: the job as it stands, and what this run has done for it."""

    job: Job
    first_page: int = 0
    pages: int = 0
    records: int = 0
    set_aside: int = 0


class Paging:
    """Reads the pages of a job."""

    def __init__(self, port: OutcomesPort, jobs: Jobs, writer: PageWriter, clock: Clock) -> None:
        """Read through a port, write to the lake."""
        self._port = port
        self._jobs = jobs
        self._writer = writer
        self._clock = clock

    def read(self, run: Run, query: OutcomeQuery, settings: OutcomeSettings, deadline: Deadline) -> None:
        """Fetch, write and check off page after page, to the last one.

        Raises OutOfTime when the deadline is near, PullFailed where the pages have no end or CXone refuses,
        and Superseded where the lease was lost. What was checked off stays.
        """
        run.first_page = run.job.position.page
        if run.first_page and not run.job.position.token:
            return
        try:
            self._read(run, query, settings, deadline)
        finally:
            # Here and not page by page: while the other thread fetches, it counts metrics of its own.
            measure(Metric.PAGES_PULLED, run.pages)
            measure(Metric.RECORDS_PULLED, run.records)
            if run.set_aside:
                measure(Metric.RECORDS_SET_ASIDE, run.set_aside)

    def _read(self, run: Run, query: OutcomeQuery, settings: OutcomeSettings, deadline: Deadline) -> None:
        seen = self._seen_before(run.job)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="next-page") as fetcher:
            coming = fetcher.submit(self._port.page, query, run.job.position.token)
            while True:
                page = _arrived(coming)
                time_is_up = deadline.left() < _HAND_OVER_SECONDS
                if page.next_token:
                    positions.check_end(run.job.position, page.next_token, settings)
                    if not time_is_up:
                        coming = fetcher.submit(self._port.page, query, page.next_token)
                self._check_off(run, page, seen, settings)
                if not page.next_token:
                    return
                if time_is_up:
                    raise OutOfTime("the function's time is nearly up")

    def _seen_before(self, job: Job) -> SeenCalls:
        """Give the calls that earlier runs wrote."""
        if not job.position.page:
            return SeenCalls()
        return SeenCalls(part.ids for part in self._jobs.parts.first(job.job_id, job.position.page))

    def _check_off(self, run: Run, page: OutcomePage, seen: SeenCalls, settings: OutcomeSettings) -> None:
        """Write a page's part and its checkpoint."""
        written = self._writer.write(run.job, page, seen, settings, _may_be_written(run))
        position = positions.after(run.job.position, page, written.duplicates)
        moved = self._jobs.checkpoint(run.job, position, written.part, self._clock.now())
        if moved is None:
            raise Superseded
        run.job = moved
        run.pages += 1
        run.records += written.part.records
        run.set_aside += sum(written.part.set_aside.values())


def _may_be_written(run: Run) -> bool:
    """Whether an earlier run may have written the page that comes next: cut off, or in an earlier pull."""
    job = run.job
    cut_off_here = job.fence > 1 and job.position.page == run.first_page
    return cut_off_here or job.position.page < job.pages_before


def _arrived(coming: Future[OutcomePage]) -> OutcomePage:
    try:
        return coming.result()
    except CxoneError as error:
        if error.retryable:
            raise
        raise refused(error) from error
