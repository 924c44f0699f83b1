"""What a file of consent would come to, without any effect."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from outbound.clock import Clock, Deadline
from outbound.consent.files.names import ConsentFile
from outbound.consent.files.processor import MOST_BYTES
from outbound.consent.files.reader import complaint_of, counted, name_of
from outbound.consent.files.rows import COLUMNS, REFUSALS, rows_of
from outbound.files.check import check
from outbound.files.content import Block, Place
from outbound.files.names import FileRefused
from outbound.files.refusals import refusals_of

# A file on the operator's disk is read in one go.
_SECONDS = 24 * 3600.0


class WrongRow(NamedTuple):
    """A row that would not be recorded."""

    row: int
    line: int
    field: str
    reason: str


@dataclass(slots=True)
class Preview:
    """What is in a file. `refused` is why it would not be taken as a whole, empty where it would.

    `forbidding` is how many rows forbid calls: those are recorded even then.
    """

    refused: str = ""
    rows: int = 0
    forbidding: int = 0
    changes: dict[str, int] = field(default_factory=dict)
    rejections: dict[str, int] = field(default_factory=dict)
    wrong_rows: list[WrongRow] = field(default_factory=list)


def preview(key: str, block: Block, size: int, clock: Clock, most_named: int) -> Preview:
    """Return what a file would come to if it were put into the inbox now.

    Args:
        key: Its key there.
        block: Fetches bytes of the file: from an offset, so many.
        size: The bytes of the file.
        clock: What tells the time.
        most_named: So many wrong rows are named; all are counted.
    """
    seen = Preview()
    file = ConsentFile("preview", key, "", "", size, clock.now())
    try:
        seen.forbidding = sum(len(row.refusals) for row in refusals_of(block, size, REFUSALS, Place()))
        checked = check(file, COLUMNS, block, MOST_BYTES, Deadline(clock, _SECONDS))
    except FileRefused as refused:
        return replace(seen, refused=refused.message)
    for row in rows_of(checked, block, checked.place, ""):
        seen.rows += 1
        if row.change:
            seen.changes = counted(seen.changes, [name_of(row.change)])
        elif row.wrong:
            seen.rejections = counted(seen.rejections, [complaint_of(row.wrong)])
            if len(seen.wrong_rows) < most_named:
                place, wrong = row.place, row.wrong
                seen.wrong_rows.append(WrongRow(place.row, place.line, wrong.field, wrong.reason))
    return seen
