"""Waits for the last row of a file: looks less and less often, and at each row that has ended only once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from outbound.clock import Clock, Deadline
from outbound.dispositions.files.ledger import DispositionFile, DispositionFiles
from outbound.dispositions.files.names import row_id
from outbound.dispositions.ledger import ENDED, DispositionLedger
from outbound.dispositions.settings import DispositionSettings
from outbound.files.ledger import FileState
from outbound.logs import logger
from outbound.queues import TryLater
from outbound.store.table import Item

# Seconds from one look to the next: a quarter of the time since the file was read, within bounds.
_SHARE, _SHORTEST, _LONGEST = 0.25, 2.0, 1800.0
# Rows between two looks at the time left.
_SLICE = 1000


class RowWatch:
    """Watches over the rows of files."""

    def __init__(self, files: DispositionFiles, ledger: DispositionLedger, clock: Clock) -> None:
        """Look into the ledger of rows, and note in that of files how many have ended."""
        self._files = files
        self._ledger = ledger
        self._clock = clock

    def wait(self, file: DispositionFile, settings: DispositionSettings, until: Deadline) -> DispositionFile:
        """Return a file whose last row has ended, ready to be answered; raises TryLater before that.

        A file that has waited for as long as the settings allow is ready with rows that are still open.
        """
        now = self._clock.now()
        read_at = file.read_at or now
        seen = replace(file, ended=self._ended(file, until))
        overdue = now - read_at >= timedelta(days=settings.max_file_days)
        if seen.ended == file.place.row or overdue:
            if overdue:
                extra = {"file_id": file.file_id, "ended": seen.ended, "rows": file.place.row}
                logger.error("a file is answered while rows are open", extra=extra)
            return self._files.save(replace(seen, state=FileState.ANSWERING), now)
        if seen.ended > file.ended:
            self._files.save(seen, now)
        seconds = min(_LONGEST, max(_SHORTEST, _SHARE * (now - read_at).total_seconds()))
        raise TryLater(seconds, f"{seen.ended} of {file.place.row} rows have ended")

    def _ended(self, file: DispositionFile, until: Deadline) -> int:
        """Count the rows, from the first on, that have ended."""
        ended = file.ended
        for item in self._ledger.requests_of(file.file_id, after=row_id(file.file_id, ended)):
            if item["sk"] != row_id(file.file_id, ended + 1) or item.get("status") not in ENDED:
                break
            ended += 1
            if ended % _SLICE == 0 and until.left() <= 0:
                break
        return ended


def rows_behind(ledger: DispositionLedger, file: DispositionFile, row: int) -> Iterator[tuple[int, Item]]:
    """Return the rows of a file from a place on, each with its item.

    Args:
        ledger: Has the items of the rows.
        file: The file; its place says how many rows went out.
        row: The number of the row behind which to begin.

    Yields:
        A row's number and its item, which is empty for a row that is not applied yet.
    """
    number = row
    for item in ledger.requests_of(file.file_id, after=row_id(file.file_id, row)):
        while item["sk"] > row_id(file.file_id, number + 1):
            number += 1
            yield number, {}
        number += 1
        yield number, item
    for missing in range(number + 1, file.place.row + 1):
        yield missing, {}
