"""The result of a file: a row for each of its rows, in their order, written in parts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from outbound.clock import Clock, Deadline
from outbound.dispositions.files.completion import rows_behind
from outbound.dispositions.files.inbox import Inbox, UploadLost
from outbound.dispositions.files.ledger import Answered, DispositionFile, DispositionFiles
from outbound.dispositions.files.names import result_key
from outbound.dispositions.ledger import DispositionLedger
from outbound.dispositions.reports import Tally, outcome_of
from outbound.queues import TryLater
from outbound.store.table import Item

COLUMNS = (
    *("row", "contact_id", "campaign_id", "outcome_code"),
    *("outcome", "reason", "field", "message"),
)
# Rows between two looks at the time left.
_SLICE = 1000
_TYPE = "text/csv; charset=utf-8"
# Cells that begin so are formulas to a spreadsheet.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


class Answerer:
    """Writes the results of files."""

    def __init__(
        self, files: DispositionFiles, ledger: DispositionLedger, inbox: Inbox, clock: Clock
    ) -> None:
        """Write into this inbox."""
        self._files = files
        self._ledger = ledger
        self._inbox = inbox
        self._clock = clock

    def answer(self, file: DispositionFile, until: Deadline) -> tuple[DispositionFile, Tally]:
        """Write the result of a file whose rows have ended; give the file, and what they amount to.

        Raises TryLater at the deadline.
        """
        try:
            return self._write(file, until)
        except UploadLost:
            # It was completed by a run that was cut off, or it is a day old: written anew, it is the same.
            latest = self._files.get(file.file_id) or file
            self._files.save(replace(latest, answered=Answered()), self._clock.now())
            raise TryLater(0, "the result is written anew") from None

    def _write(self, file: DispositionFile, until: Deadline) -> tuple[DispositionFile, Tally]:
        tally = Tally(file.answered.tally)
        text = _Text(header=file.answered.row == 0)
        for number, item in rows_behind(self._ledger, file, file.answered.row):
            tally.add(item)
            text.add(number, item)
            if text.size() >= self._inbox.part_bytes:
                file = self._add_part(file, text, number, tally)
            if number % _SLICE == 0 and until.left() <= 0:
                raise TryLater(0, f"{file.answered.row} of {file.place.row} rows are answered")
        self._end(file, text)
        return file, tally

    def _add_part(self, file: DispositionFile, text: _Text, row: int, tally: Tally) -> DispositionFile:
        key, answered = result_key(file.key, file.file_id), file.answered
        upload_id = answered.upload_id or self._inbox.begin(key, _TYPE, file.file_id)
        tag = self._inbox.add(key, upload_id, len(answered.parts) + 1, text.taken())
        done = Answered(row, upload_id, (*answered.parts, tag), tally.to_json())
        return self._files.save(replace(file, answered=done), self._clock.now())

    def _end(self, file: DispositionFile, text: _Text) -> None:
        key, answered, body = result_key(file.key, file.file_id), file.answered, text.taken()
        if not answered.upload_id:
            self._inbox.put(key, body, _TYPE, file.file_id)
            return
        parts = answered.parts
        if body:
            parts = (*parts, self._inbox.add(key, answered.upload_id, len(parts) + 1, body))
        self._inbox.complete(key, answered.upload_id, parts)


class _Text:
    """Rows of the result as CSV, until they are taken."""

    def __init__(self, header: bool) -> None:
        self._begin()
        if header:
            self._row(COLUMNS)

    def _begin(self) -> None:
        self._text = io.StringIO(newline="")
        self._row = csv.writer(self._text).writerow

    def add(self, number: int, item: Item) -> None:
        self._row([number, *map(_harmless, _cells(item))])

    def size(self) -> int:
        """Give about how many bytes there are: nearly all is ASCII."""
        return self._text.tell()

    def taken(self) -> bytes:
        """Give what there is, and begin anew."""
        body = self._text.getvalue().encode()
        self._begin()
        return body


def _cells(item: Item) -> Sequence[Any]:
    about = item.get("about", {})
    who = [item.get(name, "") for name in ("contact_id", "campaign_id", "outcome_code")]
    return [*who, outcome_of(item), *(about.get(name, "") for name in ("reason", "field", "message"))]


def _harmless(cell: Any) -> Any:
    """Keep a spreadsheet from taking a cell for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULAS) else cell
