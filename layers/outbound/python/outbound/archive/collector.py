"""The collector: a campaign's completed attempts, all of them, before any of them leaves.

The list may change while it is read. It is read by offsets, so what comes or goes before the reader shifts
all that follows. Each page is asked for one record early: it has to begin with the last record of the page
before.

    page 0     a b c d
    page 1           d e f g        as it was: e f g are new
    page 1           c d e f        shifted: a record came in front, the list is read again

Reading ends where nothing follows the last record, not with a page that is short: CXone may return fewer than
were asked for. Of a list that changes with every reading the cursor says so (`unstable`). The collector reads
on to its end: what was read twice is dropped by the partitioner, what was missed is left to the next run. The
verifier does not (`only_stable`): it asks what is gone, and what was not seen is not gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import orjson

from outbound.archive.keys import collected_key
from outbound.archive.runs import ArchiveRun, ArchiveRuns, ListCursor
from outbound.archive.settings import ArchiveSettings
from outbound.archive.step_result import StepOutcome, StepResult
from outbound.clock import Deadline
from outbound.cxone.ports.attempts import Attempt, AttemptsPort
from outbound.logs import logger
from outbound.store.objects import Lake, line_of

# Time to write down the page in hand.
_MARGIN_SECONDS = 5.0

Keep = Callable[[ListCursor, Sequence[Attempt]], None]
Checkpoint = Callable[[ListCursor], None]


@dataclass(frozen=True, slots=True)
class ListLimits:
    """How a list is read; one that changes in each of `max_readings` is taken as it is, or not at all."""

    page_size: int
    max_readings: int
    max_records: int
    only_stable: bool = False


class ListReader:
    """Reads lists of completed attempts."""

    def __init__(self, port: AttemptsPort) -> None:
        """Read through this port."""
        self._port = port

    def read(
        self,
        campaign_id: str,
        cursor: ListCursor,
        limits: ListLimits,
        deadline: Deadline,
        keep: Keep,
        checkpoint: Checkpoint,
    ) -> ListCursor:
        """Read on until the list ends or the deadline is near.

        Args:
            campaign_id: Whose list.
            cursor: Where to continue.
            limits: A list that continues behind `max_records` is left there (`truncated`).
            deadline: Within some seconds of it no page is begun.
            keep: Takes each page, with the cursor that it was read at.
            checkpoint: Writes a cursor down; called after its page is kept.

        Returns:
            The cursor reached.
        """
        while not cursor.done and deadline.left() > _MARGIN_SECONDS:
            cursor = self._next(campaign_id, cursor, limits, keep)
            checkpoint(cursor)
        return cursor

    def _next(self, campaign_id: str, cursor: ListCursor, limits: ListLimits, keep: Keep) -> ListCursor:
        overlap = 1 if cursor.offset else 0
        page = self._port.page(campaign_id, limits.page_size, cursor.offset - overlap)
        fresh = page[overlap:]
        if overlap and (not page or _digest(page[0]) != cursor.tail):
            if cursor.reading + 1 < limits.max_readings:
                logger.info("the list has changed and is read again", extra={"campaign_id": campaign_id})
                return ListCursor(reading=cursor.reading + 1)
            # The first record may be any, so it is not an overlap.
            cursor, fresh = replace(cursor, unstable=True, done=limits.only_stable), page
        if cursor.done or cursor.offset >= limits.max_records or not fresh:
            return replace(cursor, done=True, truncated=bool(fresh) and not cursor.done)
        keep(cursor, fresh)
        return replace(
            cursor, page=cursor.page + 1, offset=cursor.offset + len(fresh), tail=_digest(fresh[-1])
        )


class Collector:
    """Collects attempts into the lake."""

    def __init__(self, reader: ListReader, runs: ArchiveRuns, lake: Lake) -> None:
        """Keep pages in this lake."""
        self._reader = reader
        self._runs = runs
        self._lake = lake

    def collect(self, run: ArchiveRun, settings: ArchiveSettings, deadline: Deadline) -> StepResult:
        """Read the campaign's list from where the run is: complete, more, or empty."""
        latest = run

        def keep(cursor: ListCursor, page: Sequence[Attempt]) -> None:
            lines = [line_of(list(_without_person(attempt))) for attempt in page]
            self._lake.write_lines(collected_key(run, cursor.reading, cursor.page), lines)

        def checkpoint(cursor: ListCursor) -> None:
            nonlocal latest
            latest = self._runs.advance(latest, collected=cursor, failures=0)

        limits = ListLimits(settings.page_size, settings.max_readings, settings.attempts_of_a_run)
        cursor = self._reader.read(
            run.campaign_id, run.progress.collected, limits, deadline, keep, checkpoint
        )
        counts = {"collected": cursor.offset, "pages": cursor.page, "readings": cursor.reading + 1}
        if not cursor.done:
            return StepResult(StepOutcome.MORE, counts=counts)
        return StepResult(StepOutcome.COMPLETE if cursor.offset else StepOutcome.EMPTY, counts=counts)

    def page(self, run: ArchiveRun, number: int) -> Iterator[Attempt]:
        """Yield the attempts of a collected page."""
        for values in self._lake.read_lines(collected_key(run, run.progress.collected.reading, number)):
            yield Attempt(*values)


def _without_person(attempt: Attempt) -> Attempt:
    """Return an attempt as it may be kept: of a person who is not anonymised, no record."""
    return attempt if attempt.anonymised is True else attempt._replace(source=None)


def _digest(attempt: Attempt) -> str:
    """Return what tells a record from others, whatever it lacks."""
    return hashlib.sha256(orjson.dumps(attempt.source, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
