"""What a file would come to, without any effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from outbound.clock import Clock, Deadline, format_time
from outbound.dispositions.files.ledger import DispositionFile
from outbound.dispositions.files.opt_outs import opt_outs_by
from outbound.dispositions.files.reader import message_of
from outbound.dispositions.files.rows import COLUMNS, Row, rows_of
from outbound.dispositions.requests import Rejected, disposition_of
from outbound.dispositions.settings import DispositionSettings
from outbound.events import Event, EventType
from outbound.files.check import check
from outbound.files.content import Block, Place, content_of, lines_of
from outbound.files.names import FileRefused, format_of
from outbound.files.refusals import refusals_of

# Wrong rows that are named; all are counted.
_MOST_NAMED = 20
# Each disposition reads its contact and writes it.
_CALLS = 2
# A file on the operator's disk is read in one go.
_SECONDS = 24 * 3600.0


class WrongRow(NamedTuple):
    """A row that would be rejected at once."""

    row: int
    field: str
    message: str


@dataclass(slots=True)
class Preview:
    """What is in a file. `refused` is why it would not be taken as a whole, empty where it would."""

    refused: str = ""
    rows: int = 0
    wrong: int = 0
    wrong_rows: list[WrongRow] = field(default_factory=list)
    do_not_call: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    campaigns: Counter[str] = field(default_factory=Counter)

    def seconds(self, calls_a_second: float) -> float:
        """Return how long its rows take at the least, with so many calls a second for each campaign."""
        return max(self.campaigns.values(), default=0) * _CALLS / calls_a_second


def preview(key: str, block: Block, size: int, settings: DispositionSettings, clock: Clock) -> Preview:
    """Return what a file would come to if it were put into the inbox now.

    Args:
        key: Its key there.
        block: Fetches bytes of the file: from an offset, so many.
        size: The bytes of the file.
        settings: What its rows are checked by.
        clock: What tells the time.
    """
    now = clock.now()
    contacts: set[str] = set()
    try:
        for found in refusals_of(block, size, opt_outs_by(settings.do_not_call_codes), Place()):
            contacts.update(refusal.contact_id for refusal in found.refusals)
    except FileRefused:
        # The check reports it.
        pass
    seen = Preview(do_not_call=len(contacts))
    file = DispositionFile("preview", key, "", "", size, now)
    try:
        checked = check(file, COLUMNS, block, settings.max_file_bytes, Deadline(clock, _SECONDS))
    except FileRefused as refused:
        seen.refused = refused.message
        return seen
    for row in _rows(checked, block):
        _count(seen, row, settings, now)
    return seen


def _rows(file: DispositionFile, block: Block) -> Iterator[Row]:
    form = format_of(file.key)
    content = content_of(block, file.size, form.gzipped, file.place.offset)
    lines = lines_of(content, file.place.offset, file.ends_with_cr)
    return rows_of(form.kind, file.columns, lines, file.place, file.delimiter)


def _count(seen: Preview, row: Row, settings: DispositionSettings, now: datetime) -> None:
    seen.rows += 1
    kind = EventType.DISPOSITION_REQUESTED.value
    event = Event("preview", kind, format_time(now), "preview", "", row.data)
    try:
        if row.wrong:
            raise row.wrong
        request = disposition_of(event, settings, now).request
        message_of(event)
    except Rejected as why:
        seen.wrong += 1
        if len(seen.wrong_rows) < _MOST_NAMED:
            seen.wrong_rows.append(WrongRow(row.place.row, why.field, why.message))
        return
    seen.codes[request.outcome_code] += 1
    seen.campaigns[request.campaign_id] += 1
