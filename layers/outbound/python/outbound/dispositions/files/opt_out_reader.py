"""Records who must not be called because of a file, before anything else of the file is looked at.

However large the file is and whatever is wrong with it: an opt-out in its last row is published
before its first row is queued.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from outbound.clock import Clock, Deadline
from outbound.dispositions.do_not_call import DoNotCall, OptOut
from outbound.dispositions.files.content import Block
from outbound.dispositions.files.ledger import DispositionFile, DispositionFiles, FileState, Place
from outbound.dispositions.files.names import FileRefused, row_id
from outbound.dispositions.files.opt_outs import RowOptOuts, opt_outs_of
from outbound.dispositions.files.reader import Pace
from outbound.logs import logger
from outbound.queues import TryLater

# Unpacked; no file may be larger, whatever the settings say.
_MOST_BYTES = 2**33
# Rows between two looks at the time left.
_ROWS = 1000
# What was published takes moments to the ledger of consent; rows are not queued sooner.
_HEAD_START_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Pending:
    """An opt-out that is to be recorded: its row, and its number among those of the row."""

    row: int
    number: int
    opt_out: OptOut


class OptOutReader:
    """Reads the opt-outs of files."""

    def __init__(self, files: DispositionFiles, do_not_call: DoNotCall, clock: Clock, pace: Pace) -> None:
        """Record as many at once as rows go out, and note the place as often."""
        self._files = files
        self._do_not_call = do_not_call
        self._clock = clock
        self._at_once = pace.at_once
        self._together = pace.rows

    def read(
        self, file: DispositionFile, block: Block, codes: Iterable[str], until: Deadline
    ) -> DispositionFile:
        """Publish the opt-outs of a file, from where an earlier run stopped, before its rows are checked.

        Args:
            file: The file as it was read.
            block: Returns a piece of its content.
            codes: The codes that forbid to call.
            until: When to stop.

        Returns:
            The file, all of whose opt-outs are published, ready to be checked.

        Raises:
            TryLater: The deadline came first; the next run resumes where this one stopped.
        """
        pending: list[_Pending] = []
        place = file.noted
        with ThreadPoolExecutor(self._at_once) as threads:
            for row in self._rows(file, block, codes):
                place = row.place
                pending += [_Pending(place.row, *numbered) for numbered in enumerate(row.opt_outs)]
                if len(pending) >= self._together:
                    file, pending = self._record(file, place, pending, threads, until), []
                if place.row % _ROWS == 0 and until.left() <= 0:
                    self._record(file, place, pending, threads, until)
                    raise TryLater(0, f"{place.row} rows are searched for opt-outs")
            file = self._record(file, place, pending, threads, until)
        if file.refusals:
            self._clock.sleep(min(_HEAD_START_SECONDS, max(0.0, until.left())))
        return self._files.save(replace(file, state=FileState.CHECKING), self._clock.now())

    def _rows(self, file: DispositionFile, block: Block, codes: Iterable[str]) -> Iterator[RowOptOuts]:
        try:
            for row in opt_outs_of(block, file.size, codes, file.noted):
                yield row
                if row.place.offset > _MOST_BYTES:
                    return
        except FileRefused as refused:
            # Up to here it could be read; the check refuses it.
            logger.warning("a file cannot be read to its end", extra={"reason": refused.reason})

    def _record(
        self,
        file: DispositionFile,
        place: Place,
        pending: Sequence[_Pending],
        threads: ThreadPoolExecutor,
        until: Deadline,
    ) -> DispositionFile:
        """Record opt-outs, and note that all up to a place are recorded."""

        def record(opt_out: _Pending) -> None:
            self._record_one(file, opt_out)

        for first in range(0, len(pending), self._together):
            # One broken row can hold a whole file: what is recorded already costs the next run little.
            if first and until.left() <= 0:
                raise TryLater(0, "opt-outs of one row remain to be recorded")
            for _ in threads.map(record, pending[first : first + self._together]):
                pass
        noted = replace(file, noted=place, refusals=file.refusals + len(pending))
        return self._files.save(noted, self._clock.now()) if pending or until.left() <= 0 else noted

    def _record_one(self, file: DispositionFile, pending: _Pending) -> None:
        """Record an opt-out with its row's request; others of the row have items of their own beside it."""
        request_id, beside = row_id(file.file_id, pending.row), ""
        if pending.number:
            request_id, beside = f"{request_id}-{pending.opt_out.contact_id}", "#refusals"
        now = self._clock.now()
        self._do_not_call.record(file.file_id, request_id, pending.opt_out, file.uploaded_at, now, beside)
