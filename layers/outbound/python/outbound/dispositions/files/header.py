"""How a table is written, as its beginning shows: delimiter, line ends, and the names of its columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from outbound.dispositions.files.columns import is_like_a_field
from outbound.dispositions.files.content import lines_of
from outbound.dispositions.files.ledger import Place
from outbound.dispositions.files.rows import Feed, records_of, without_bom
from outbound.dispositions.requests import Rejected

DELIMITERS = (",", ";", "\t", "|")
# What spreadsheets write into a line before the header, to tell each other the delimiter.
_SEPARATOR = re.compile(rb"\A(?:\xef\xbb\xbf)?\"?sep=([^\r\n\"])\"?(?:\r\n|\r|\n)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns, what is wrong with them as a record, and how the rows are written.

    `place` is the place behind the header. Names are empty where there is none.
    """

    names: tuple[str, ...]
    wrong: Rejected | None
    delimiter: str
    ends_with_cr: bool
    place: Place


def header_of(head: bytes) -> Header:
    """Return the header of a table, of which its first quarter of a megabyte is enough."""
    ends_with_cr = has_cr_ends(head)
    separator = _SEPARATOR.match(head)
    if separator:
        place = Place(0, 1, separator.end())
        delimiters: Sequence[str] = (separator[1].decode(errors="replace"),)
    else:
        place, delimiters = Place(), DELIMITERS
    found = [_read(head, place, ends_with_cr, delimiter) for delimiter in delimiters]
    return max(found, key=lambda header: sum(map(is_like_a_field, header.names)))


def has_cr_ends(head: bytes) -> bool:
    """Return True if lines end with a carriage return alone, as some programs write them.

    A few of them among lines that end otherwise stand in cells.
    """
    pairs = head.count(b"\r\n")
    alone, others = head.count(b"\r") - pairs, head.count(b"\n")
    return alone > others or (0 < alone == others and head.endswith(b"\r"))


def _read(head: bytes, place: Place, ends_with_cr: bool, delimiter: str) -> Header:
    def behind() -> Iterator[bytes]:
        yield head[place.offset :]

    feed = Feed(lines_of(behind(), place.offset, ends_with_cr), place)
    for cells, wrong in records_of(feed, delimiter):
        if cells or wrong:
            names = tuple(without_bom(name.encode()).decode() for name in cells)
            return Header(names, wrong, delimiter, ends_with_cr, Place(0, feed.line, feed.offset))
    return Header((), None, delimiter, ends_with_cr, place)
