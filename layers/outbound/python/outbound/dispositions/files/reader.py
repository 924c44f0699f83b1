"""Gives the rows of a file to the queue of dispositions; what is wrong with a row ends it at once.

Rows go out in slices, and the place behind a slice is written down when all of it has: a run that is cut
off repeats a slice. Its rows have the ids that they had, so nothing happens twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from outbound.clock import Clock, Deadline, format_time
from outbound.dispositions.files.content import Block, content_of, lines_of
from outbound.dispositions.files.ledger import DispositionFile, DispositionFiles, FileState, Place
from outbound.dispositions.files.names import form_of, row_id
from outbound.dispositions.files.rejecting import RowRejecter
from outbound.dispositions.files.rows import Row, rows_of
from outbound.dispositions.files.sending import RowQueue, batches_of, message_of
from outbound.dispositions.requests import CANCELLED, Rejected, disposition_of
from outbound.dispositions.settings import DispositionSettings
from outbound.events import Event, EventType
from outbound.observability import Metric, measure
from outbound.queues import TryLater

_REQUESTED = EventType.DISPOSITION_REQUESTED.value


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rows go out between two notes of the place, and how many requests to AWS at once."""

    rows: int
    at_once: int


class RowReader:
    """Reads the rows of files."""

    def __init__(
        self,
        files: DispositionFiles,
        rejecter: RowRejecter,
        queue: RowQueue,
        tenant: str,
        clock: Clock,
        pace: Pace,
    ) -> None:
        """Send rows to this queue, and those that are wrong to the rejecter."""
        self._files = files
        self._rejecter = rejecter
        self._queue = queue
        self._tenant = tenant
        self._clock = clock
        self._pace = pace

    def read(
        self, file: DispositionFile, block: Block, settings: DispositionSettings, until: Deadline
    ) -> DispositionFile:
        """Read a file to its end and give it as it then is. Raises TryLater at the deadline."""
        form = form_of(file.key)
        content = content_of(block, file.size, form.gzipped, file.place.offset)
        lines = lines_of(content, file.place.offset, file.ends_with_cr)
        rows = rows_of(form.kind, file.columns, lines, file.place, file.delimiter)
        with ThreadPoolExecutor(self._pace.at_once) as threads:
            while part := list(islice(rows, self._pace.rows)):
                # A row was decided when the file was put there, unless it says when.
                moment = format_time(file.uploaded_at)
                events = [self._event(file.file_id, row, moment) for row in part]
                self._settle(file, part, events, settings, threads)
                file = self._note(file, part[-1].place)
                if until.left() <= 0:
                    raise TryLater(0, f"{file.place.row} rows are read, and there may be more")
        now = self._clock.now()
        return self._files.save(replace(file, state=FileState.WAITING, read_at=now), now)

    def _settle(
        self,
        file: DispositionFile,
        rows: Sequence[Row],
        events: Sequence[Event],
        settings: DispositionSettings,
        threads: ThreadPoolExecutor,
    ) -> None:
        now = self._clock.now()
        messages: dict[str, str] = {}
        rejected: list[tuple[Event, Rejected]] = []
        for row, event in zip(rows, events, strict=True):
            try:
                messages[event.event_id] = _message(event, row, settings, now)
                if file.cancelled_at:
                    rejected.append((event, Rejected("its file was cancelled", reason=CANCELLED)))
            except Rejected as why:
                rejected.append((event, why))

        def reopen(request_id: str) -> None:
            self._rejecter.reopen(file.file_id, request_id)

        def reject(one: tuple[Event, Rejected]) -> None:
            self._rejecter.reject(*one, settings)

        _each(threads, reject, rejected)
        if file.cancelled_at:
            return
        if file.attempt > 1:
            # What was rejected before is tried again, and is waited for.
            _each(threads, reopen, messages)
        _each(threads, self._queue.send, batches_of(list(messages.values())))

    def _event(self, file_id: str, row: Row, moment: str) -> Event:
        request_id = row_id(file_id, row.place.row)
        return Event(request_id, _REQUESTED, moment, file_id, self._tenant, row.data)

    def _note(self, file: DispositionFile, place: Place) -> DispositionFile:
        noted = self._files.save(replace(file, place=place), self._clock.now())
        measure(Metric.DISPOSITION_ROWS_READ, noted.place.row - file.place.row)
        return noted


def _message(event: Event, row: Row, settings: DispositionSettings, now: datetime) -> str:
    if row.wrong:
        raise row.wrong
    disposition_of(event, settings, now)
    return message_of(event)


def _each(threads: ThreadPoolExecutor, call: Callable[[Any], None], given: Iterable[Any]) -> None:
    """Do a call for each; raise what the first that failed raised, once all are over."""
    done = [threads.submit(call, one) for one in given]
    for future in done:
        future.result()
