"""Reading a window page after page: while one is looked at, the next is fetched and the last part written.

    fetcher       page 1 | page 2 | page 3 | page 4 | page 5 | ...
    run           page 0 | page 1 | page 2 | page 3 | page 4 | ...     rows, doubles, analysis
    compressor           | page 0 | page 1 | page 2 | page 3 | ...     gzip, SHA-256
    writer                        | part 0-1: object, checkpoint | part 2-4 ...

No more is held than the page that is looked at, the one that comes, and two compressed parts, one of them
open, beside a number for each call before them, however many records a window has.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass

from outbound.clock import Clock, Deadline
from outbound.cxone.errors import CxoneError, OutOfTime
from outbound.cxone.ports.outcomes import OutcomePage, OutcomeQuery, OutcomesPort
from outbound.metrics import measure
from outbound.outcomes import checkpoint as positions
from outbound.outcomes.errors import PullFailed, refused
from outbound.outcomes.job import Job, Part, Position
from outbound.outcomes.leased_jobs import LeasedJobs
from outbound.outcomes.metrics import PullMetric
from outbound.outcomes.part_writer import OpenPart, PartWriter
from outbound.outcomes.rows import RowMaker
from outbound.outcomes.seen_calls import SeenCalls
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window

# Two parts with their checkpoints take about two seconds; this leaves room for slow ones.
_HAND_OVER_SECONDS = 8.0


@dataclass(slots=True)
class Run:
    """One run of a job: the job as it was checked off last, and what this run has done for it."""

    job: Job
    first_page: int = 0
    pages: int = 0
    records: int = 0
    set_aside: int = 0


class Pager:
    """Reads the pages of a job."""

    def __init__(self, port: OutcomesPort, jobs: LeasedJobs, writer: PartWriter, clock: Clock) -> None:
        """Read through a port, write to the lake."""
        self._port = port
        self._jobs = jobs
        self._writer = writer
        self._clock = clock

    def read(self, run: Run, query: OutcomeQuery, settings: OutcomeSettings, deadline: Deadline) -> None:
        """Fetch page after page to the last one, and write and check them off part by part.

        Raises OutOfTime when the deadline is near, PullFailed where the pages have no end or CXone refuses,
        and Superseded where the lease was lost. What was read before is checked off; only a run that dies, or
        cannot write, loses what it gathered for a part.
        """
        run.first_page = run.job.position.page
        if run.first_page and not run.job.position.token:
            return
        # Each does one thing: a thread keeps memory of its own for what it makes.
        fetcher, compressor, writer = map(_thread, ("fetcher", "compressor", "writer"))
        try:
            with fetcher, compressor, writer:
                reading = _Reading(run, query, settings, self._clock, self._seen_before(run.job), compressor)
                self._read(reading, fetcher, writer, deadline)
        finally:
            # Here and not page by page: while another thread fetches, it counts metrics of its own.
            measure(PullMetric.PAGES_PULLED, run.pages)
            measure(PullMetric.RECORDS_PULLED, run.records)
            if run.set_aside:
                measure(PullMetric.RECORDS_SET_ASIDE, run.set_aside)

    def _read(self, reading: _Reading, fetcher: Executor, writer: Executor, deadline: Deadline) -> None:
        checkpoints = _Checkpoints(reading.run, self._jobs, self._writer, self._clock, writer)
        try:
            self._read_pages(reading, checkpoints, fetcher, deadline)
        except (CxoneError, PullFailed):
            checkpoints.add(reading)
            raise
        finally:
            checkpoints.finish()

    def _read_pages(
        self, reading: _Reading, checkpoints: _Checkpoints, fetcher: Executor, deadline: Deadline
    ) -> None:
        coming = fetcher.submit(self._port.page, reading.query, reading.position.token)
        while True:
            page = _arrived(coming)
            time_is_up = deadline.left() < _HAND_OVER_SECONDS
            if page.next_token:
                positions.check_end(reading.position, page.next_token, reading.settings)
                if not time_is_up:
                    coming = fetcher.submit(self._port.page, reading.query, page.next_token)
            reading.take(page)
            if not page.next_token or time_is_up or reading.part_is_full():
                checkpoints.add(reading)
                reading.open_part()
            if not page.next_token:
                return
            if time_is_up:
                raise OutOfTime("the function's time is nearly up")

    def _seen_before(self, job: Job) -> SeenCalls:
        """Return the calls that earlier runs wrote."""
        if not job.position.page:
            return SeenCalls()
        return SeenCalls(part.ids for part in self._jobs.parts.first(job.job_id, job.position.page))


def _thread(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)


class _Reading:
    """What was read and is not checked off yet: the open part, and the position behind its last page."""

    def __init__(
        self,
        run: Run,
        query: OutcomeQuery,
        settings: OutcomeSettings,
        clock: Clock,
        seen: SeenCalls,
        compressor: Executor,
    ) -> None:
        job = run.job
        self.run = run
        self.query = query
        self.settings = settings
        self.position = job.position
        self._clock = clock
        self._seen = seen
        self._compressor = compressor
        self._maker = RowMaker(job.campaign_id, Window(job.start, job.end), settings)
        self.open_part()

    def open_part(self) -> None:
        self.part = OpenPart(self.position.page, self._clock.now())
        self.compressing: list[Future[None]] = []

    def take(self, page: OutcomePage) -> None:
        dropped = self.part.add(page, self._maker, self._seen)
        self.compressing.append(self._compressor.submit(self.part.compress))
        self.position = positions.after(self.position, page, dropped)

    def part_is_full(self) -> bool:
        return self.part.is_full(self.settings.part_records, self._clock.now())


class _Checkpoints:
    """Writes parts and checks them off, one after the other, beside what else is done."""

    def __init__(
        self, run: Run, jobs: LeasedJobs, writer: PartWriter, clock: Clock, threads: Executor
    ) -> None:
        self._run = run
        self._jobs = jobs
        self._writer = writer
        self._clock = clock
        self._threads = threads
        self._under_way: Future[tuple[Part, Job]] | None = None

    def add(self, reading: _Reading) -> None:
        """Begin to write the open part once the one before it is checked off; without a page it is none.

        Raises Superseded where the lease was lost.
        """
        self.finish()
        if reading.part.pages:
            self._under_way = self._threads.submit(
                self._check_off,
                self._run.job,
                reading.part,
                reading.compressing,
                reading.position,
                _may_be_written(self._run),
            )

    def finish(self) -> None:
        """Wait until the part that is being written is checked off."""
        under_way, self._under_way = self._under_way, None
        if under_way is None:
            return
        run = self._run
        part, run.job = under_way.result()
        run.pages += part.pages
        run.records += part.records
        run.set_aside += sum(part.set_aside.values())

    def _check_off(
        self,
        job: Job,
        part: OpenPart,
        compressing: Sequence[Future[None]],
        position: Position,
        leftover: bool,
    ) -> tuple[Part, Job]:
        for page in compressing:
            page.result()
        written = self._writer.write(job, part, leftover)
        return written, self._jobs.checkpoint(job, position, written, self._clock.now())


def _may_be_written(run: Run) -> bool:
    """Return True if an earlier run may have written the next part: cut off, or in an earlier pull."""
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
