"""Reading a list page after page: while one is judged, the next are completed and fetched.

    fetcher   page 1 | page 2 | page 3 | page 4 | ...      CXone
    reader           | page 1 | page 2 | page 3 | ...      consent
    attempts         | page 1 | page 2 | page 3 | ...      attempts
    run                       | page 1 | page 2 | ...      rules, rows
    writer                             | part 0 ...        gzip, object, checkpoint

No more is held than three pages and two parts, however long the list is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace

from outbound.clock import Clock, Deadline
from outbound.cxone.errors import OutOfTime, UnexpectedAnswer
from outbound.cxone.ports.contact_lists import ContactListsPort, ListPage
from outbound.segments.contact_judge import Known, PageReader, SegmentJudge
from outbound.segments.part_writer import OpenPart, PartWriter
from outbound.segments.query import queries
from outbound.segments.runs import Cursor, Part, SegmentRun, SegmentRuns
from outbound.segments.settings import SegmentSettings
from outbound.segments.tally import Tally
from outbound.store.buckets import fingerprint

# A part with its checkpoint takes about a second; this leaves room for slow ones.
_HAND_OVER_SECONDS = 8.0
_THREADS = ("fetcher", "reader", "attempts", "writer")


class Superseded(Exception):
    """Another invocation has the run now."""


class TooManyContacts(Exception):
    """A list has more contacts than the settings believe."""


@dataclass(slots=True)
class Progress:
    """The run as it was checked off last."""

    run: SegmentRun
    parts: int = 0
    """What this invocation has written."""


class Pager:
    """Reads, judges and writes a run's list to its end."""

    def __init__(
        self,
        port: ContactListsPort,
        reader: PageReader,
        runs: SegmentRuns,
        writer: PartWriter,
        clock: Clock,
    ) -> None:
        """Read through a port what `reader` completes; write parts and check them off."""
        self._port = port
        self._reader = reader
        self._runs = runs
        self._writer = writer
        self._clock = clock

    def read(
        self,
        progress: Progress,
        list_id: str,
        judge: SegmentJudge,
        settings: SegmentSettings,
        deadline: Deadline,
    ) -> None:
        """Work on a run until its list is read.

        Raises OutOfTime when the deadline is near, Superseded where the lease was lost, TooManyContacts, and
        the errors of CXone. What was read before is checked off.
        """
        run = progress.run
        if run.cursor.done:
            return
        if not run.cursor.page_size:
            progress.run = replace(run, cursor=replace(run.cursor, page_size=settings.page_size))
        with ExitStack() as stack:
            # Each does one thing: a thread keeps memory of its own for what it makes.
            threads = {name: stack.enter_context(_thread(name)) for name in _THREADS}
            reading = _Reading(progress.run, judge, settings)
            checkpoints = _Checkpoints(progress, self._runs, self._writer, self._clock, threads["writer"])
            try:
                self._read(reading, checkpoints, list_id, threads, deadline)
            finally:
                checkpoints.finish()

    def _read(
        self,
        reading: _Reading,
        checkpoints: _Checkpoints,
        list_id: str,
        threads: Mapping[str, Executor],
        deadline: Deadline,
    ) -> None:
        while not reading.cursor.done:
            try:
                for known in self._pages(reading, list_id, threads, deadline):
                    reading.take(known)
                    if reading.part_is_full():
                        checkpoints.add(reading)
                reading.end_of_query()
            except Exception:
                # What was judged is not judged again.
                checkpoints.add(reading)
                raise
        checkpoints.add(reading)

    def _pages(
        self, reading: _Reading, list_id: str, threads: Mapping[str, Executor], deadline: Deadline
    ) -> Iterator[Known]:
        """Yield the pages of the query in hand, each with what is known of its contacts."""
        query, attributes = reading.query, reading.run.attributes
        number, size = reading.cursor.page, reading.cursor.page_size
        read = reading.cursor.read
        fetching = threads["fetcher"].submit(self._port.page, list_id, query, number, size)
        completing: Future[Known] | None = None
        while True:
            page = fetching.result()
            read += len(page.contacts)
            is_last = _is_last(page, read)
            number += 1
            if not is_last and deadline.left() >= _HAND_OVER_SECONDS:
                fetching = threads["fetcher"].submit(self._port.page, list_id, query, number, size)
                is_cut = False
            else:
                is_cut = not is_last
            upcoming = threads["reader"].submit(self._reader.known, page, attributes, threads["attempts"])
            if completing:
                yield completing.result()
            completing = upcoming
            if is_last or is_cut:
                yield completing.result()
                if is_cut:
                    raise OutOfTime("the function's time is nearly up")
                return


def _thread(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)


def _is_last(page: ListPage, read: int) -> bool:
    """Return True if no page comes behind one.

    Not by its length: CXone may give fewer contacts a page than it was asked for.
    """
    return not page.contacts or (page.total is not None and read >= page.total)


class _Reading:
    """What was read and is not checked off yet: the open part, and the cursor behind its last page."""

    def __init__(self, run: SegmentRun, judge: SegmentJudge, settings: SegmentSettings) -> None:
        self.run = run
        self.cursor = run.cursor
        self.tally = Tally.of(run.tally.stored())
        self.part = OpenPart()
        self._judge = judge
        self._settings = settings
        self._queries = queries(run.attributes)
        self._tail = frozenset(run.cursor.tail)

    @property
    def query(self) -> str:
        return self._queries[self.cursor.query]

    def take(self, known: Known) -> None:
        """Judge a page. Raises UnexpectedAnswer where it is the page before once more."""
        in_order = [fingerprint(each.contact_id) for each in known.contacts]
        marks = frozenset(in_order)
        if marks and marks == self._tail and len(marks) > 1:
            raise UnexpectedAnswer("CXone gave the same page of contacts twice: it does not page this list")
        for listed, mark in zip(known.contacts, in_order, strict=True):
            if mark in self._tail:
                # The list has grown in front of it meanwhile.
                self.tally.repeated += 1
                continue
            judged = self._judge.judged(listed, known)
            self.tally.add(judged.row)
            self.part.add(judged, mark)
        self.tally.read += known.read
        self.tally.not_matching += known.not_matching
        self.tally.unreadable += known.unreadable
        self._tail = marks
        self._move_on(known)

    def _move_on(self, known: Known) -> None:
        first = self.cursor.first_total if self.cursor.first_total is not None else known.total
        self.cursor = replace(
            self.cursor,
            page=self.cursor.page + 1,
            read=self.cursor.read + known.read,
            total=known.total if known.total is not None else self.cursor.total,
            first_total=first,
        )
        if self.tally.read > self._settings.max_contacts:
            raise TooManyContacts

    def end_of_query(self) -> None:
        """Go over to a wider query where this one found no contact, else end."""
        is_narrower = self.cursor.query + 1 < len(self._queries)
        if is_narrower and not self.cursor.read:
            self.cursor = Cursor(self.cursor.query + 1, page_size=self.cursor.page_size)
        else:
            self.cursor = replace(self.cursor, done=True)

    def part_is_full(self) -> bool:
        return self.part.count >= self._settings.part_contacts

    def checked_off(self) -> tuple[OpenPart, SegmentRun]:
        """Return the part that is to be written, and the run behind it; begin another part."""
        part, self.part = self.part, OpenPart()
        tail = tuple(sorted(self._tail))
        tally = Tally.of(self.tally.stored())
        return part, replace(self.run, cursor=replace(self.cursor, tail=tail), tally=tally)


class _Checkpoints:
    """Writes parts and checks them off, one after the other, beside what else is done."""

    def __init__(
        self, progress: Progress, runs: SegmentRuns, writer: PartWriter, clock: Clock, threads: Executor
    ) -> None:
        self._progress = progress
        self._runs = runs
        self._writer = writer
        self._clock = clock
        self._threads = threads
        self._under_way: Future[SegmentRun | None] | None = None
        self._parts = progress.run.cursor.parts
        self._is_broken = False

    def add(self, reading: _Reading) -> None:
        """Begin to write the open part once the one before it is checked off.

        Raises Superseded where the lease was lost.
        """
        if self._is_broken:
            # What stands behind a part that was not written may not be checked off.
            return
        self.finish()
        part, run = reading.checked_off()
        if not part.count and run.cursor == self._progress.run.cursor:
            return
        self._under_way = self._threads.submit(self._check_off, part, run)

    def finish(self) -> None:
        """Wait until the part that is being written is checked off."""
        under_way, self._under_way = self._under_way, None
        if under_way is None:
            return
        self._is_broken = True
        moved = under_way.result()
        if moved is None:
            raise Superseded
        self._is_broken = False
        self._progress.run = moved
        self._progress.parts += 1

    def _check_off(self, gathered: OpenPart, run: SegmentRun) -> SegmentRun | None:
        now = self._clock.now()
        run = replace(run, fence=self._progress.run.fence)
        part: Part | None = None
        if gathered.count:
            numbered = replace(run, cursor=replace(run.cursor, parts=self._parts))
            part = self._writer.write(numbered, gathered, now)
            self._parts += 1
        run = replace(run, cursor=replace(run.cursor, parts=self._parts))
        return self._runs.checkpoint(run, part, now)
