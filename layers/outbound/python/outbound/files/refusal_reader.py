"""Records what the rows of a file forbid, before anything else of the file is looked at.

However large the file is and whatever is wrong with it: a refusal in its last row is recorded before its
first row has any other effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic

from outbound.clock import Clock, Deadline
from outbound.files.content import Block, Place
from outbound.files.ledger import F, FileLedger, FileState
from outbound.files.names import FileRefused
from outbound.files.refusals import R, Reading, RowRefusals, refusals_of
from outbound.logs import logger
from outbound.queues import TryLater

# Unpacked; no file may be larger, whatever the settings say.
_MOST_BYTES = 2**33
# Rows between two looks at the time left.
_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Pending(Generic[R]):
    """A refusal that is to be recorded: its row, and its number among those of the row."""

    row: int
    number: int
    refusal: R


@dataclass(frozen=True, slots=True)
class RefusalRecording(Generic[F, R]):
    """What records refusals: so many of a file at a time, durably, and the same again without harm.

    Where they take time to be known everywhere, rows have no effect for so many seconds after.
    """

    record: Callable[[F, Sequence[Pending[R]]], None]
    together: int
    head_start_seconds: float = 0.0


class RefusalReader(Generic[F, R]):
    """Reads the refusals of files."""

    def __init__(self, files: FileLedger[F], recording: RefusalRecording[F, R], clock: Clock) -> None:
        """Note the place whenever a slice of refusals is recorded."""
        self._files = files
        self._recording = recording
        self._clock = clock

    def read(self, file: F, block: Block, reading: Reading[R], until: Deadline) -> F:
        """Return a file all of whose refusals are recorded, ready to be checked.

        Raises TryLater at the deadline; the next run resumes where this one stopped.
        """
        pending: list[Pending[R]] = []
        place = file.noted
        for row in self._rows(file, block, reading):
            place = row.place
            pending += [Pending(place.row, *numbered) for numbered in enumerate(row.refusals)]
            if len(pending) >= self._recording.together:
                file, pending = self._record(file, place, pending, until), []
            if place.row % _ROWS == 0 and until.left() <= 0:
                self._record(file, place, pending, until)
                raise TryLater(0, f"{place.row} rows are searched for refusals")
        file = self._record(file, place, pending, until)
        if file.refusals and self._recording.head_start_seconds:
            self._clock.sleep(min(self._recording.head_start_seconds, max(0.0, until.left())))
        return self._files.save(replace(file, state=FileState.CHECKING), self._clock.now())

    def _rows(self, file: F, block: Block, reading: Reading[R]) -> Iterator[RowRefusals[R]]:
        try:
            for row in refusals_of(block, file.size, reading, file.noted):
                yield row
                if row.place.offset > _MOST_BYTES:
                    return
        except FileRefused as refused:
            # Up to here it could be read; the check refuses it.
            logger.warning("a file cannot be read to its end", extra={"reason": refused.reason})

    def _record(self, file: F, place: Place, pending: Sequence[Pending[R]], until: Deadline) -> F:
        """Record refusals, and note that all up to a place are recorded."""
        together = self._recording.together
        for first in range(0, len(pending), together):
            # One broken row can hold a whole file: what is recorded already costs the next run little.
            if first and until.left() <= 0:
                raise TryLater(0, "refusals of one row remain to be recorded")
            self._recording.record(file, pending[first : first + together])
        noted = replace(file, noted=place, refusals=file.refusals + len(pending))
        return self._files.save(noted, self._clock.now()) if pending or until.left() <= 0 else noted
