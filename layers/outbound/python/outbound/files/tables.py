"""Tables and JSON lines: how they are written, and their rows as they stand there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from outbound.files.content import (
    TOO_LONG,
    Line,
    LineSource,
    Place,
    lines_of,
    records_of,
    text_of,
    without_bom,
)
from outbound.files.names import RowFormat

DELIMITERS = (",", ";", "\t", "|")
NO_OBJECT = "is not a JSON object"
# What spreadsheets write into a line before the header, to tell each other the delimiter.
_SEPARATOR = re.compile(rb"\A(?:\xef\xbb\xbf)?\"?sep=([^\r\n\"])\"?(?:\r\n|\r|\n)", re.IGNORECASE)
# Looks into text that is not JSON for what can be read of it; a quote with a backslash is inside of a text.
_READABLE = re.compile(
    r"""(?<!\\)["']([A-Za-z][A-Za-z_ -]{1,40})["']\s*:\s*"""
    r"""(?:"((?:[^"\\]|\\.){1,800})"|'([^'\\]{1,800})'|(-?[0-9]{1,128}))"""
)
_WORD = re.compile(r"[A-Za-z][A-Za-z_.-]*[0-9]{0,4}")
_LONGEST_SHOWN = 64
# Cells that begin so are formulas to a spreadsheet.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class PlainRow:
    """A row as it stands in its file: the place behind it, and its cells, or its object where it has one.

    Of an object that cannot be read the text is there. `wrong` is what is wrong with the row's form.
    """

    place: Place
    cells: Sequence[str] = ()
    pairs: Pairs | None = None
    text: str = ""
    wrong: str = ""


def plain_rows_of(
    kind: RowFormat, columns: int, lines: Iterator[Line], start: Place, delimiter: str = ","
) -> Iterator[PlainRow]:
    """Return the rows behind a place; a blank line is not a row.

    Args:
        kind: How rows are written.
        columns: How many columns the header of CSV has.
        lines: The lines behind the place.
        start: The place.
        delimiter: What separates the cells of CSV.
    """
    if kind is RowFormat.JSONL:
        return _json_rows(lines, start)
    return _csv_rows(columns, LineSource(lines, start), delimiter)


def _json_rows(lines: Iterator[Line], start: Place) -> Iterator[PlainRow]:
    number = start.row
    for at, line in zip(count(start.line + 1), lines, strict=False):
        content = without_bom(line.content) if at == 1 else line.content
        if content.strip():
            number += 1
            yield _object(Place(number, at, line.end), content, line.cut)


def _object(place: Place, content: bytes, cut: bool) -> PlainRow:
    text = text_of(content, cut)
    if cut:
        return PlainRow(place, text=text, wrong=TOO_LONG)
    try:
        value = json.loads(text, object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        return PlainRow(place, text=text, wrong=NO_OBJECT)
    if isinstance(value, Pairs):
        return PlainRow(place, pairs=value)
    return PlainRow(place, wrong=NO_OBJECT)


def _csv_rows(columns: int, feed: LineSource, delimiter: str) -> Iterator[PlainRow]:
    number = feed.start.row
    for cells, wrong in records_of(feed, delimiter):
        if wrong or any(cells):
            number += 1
            place = Place(number, feed.line, feed.offset)
            yield PlainRow(place, cells, wrong=wrong or _wrong_length(columns, cells, feed))


def _wrong_length(columns: int, cells: Sequence[str], feed: LineSource) -> str:
    if len(cells) == columns:
        return ""
    return f"has {len(cells)} cells{feed.lines()}; the header has {columns}"


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns, what is wrong with them as a record, and how the rows are written.

    `place` is the place behind the header. Names are empty where there is none.
    """

    names: tuple[str, ...]
    wrong: str
    delimiter: str
    ends_with_cr: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Columns:
    """How names of columns are read.

    `fields_of` returns the fields of a header's columns, or raises FileRefused naming the first column that
    is wrong; `is_like_a_field` is true of a name that stands for a field, or would if it were spelt right.
    """

    fields_of: Callable[[Sequence[str]], tuple[str, ...]]
    is_like_a_field: Callable[[str], bool]


def header_of(head: bytes, is_like_a_field: Callable[[str], bool]) -> Header:
    """Return the header of a table, of which its first quarter of a megabyte is enough.

    It is read by the delimiter that makes the most names which are like fields.
    """
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

    feed = LineSource(lines_of(behind(), place.offset, ends_with_cr), place)
    for cells, wrong in records_of(feed, delimiter):
        if cells or wrong:
            names = tuple(without_bom(name.encode()).decode() for name in cells)
            return Header(names, wrong, delimiter, ends_with_cr, Place(0, feed.line, feed.offset))
    return Header((), "", delimiter, ends_with_cr, place)


class Pairs(dict[str, Any]):
    """A JSON object that knows its names and values as they were written, those that are there twice too."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        """Keep the pairs."""
        super().__init__(pairs)
        self.pairs = pairs


def shown_name(name: str) -> str:
    """Return a name as it may be told: what is one word of letters, as names of fields are.

    Anything else may be a person's name or number, as in a table without a header.
    """
    begin = name[:_LONGEST_SHOWN]
    return repr(begin) if _WORD.fullmatch(begin) else f"of {len(name)} characters"


def letters_of(name: str) -> str:
    """Return what a name says without case, blanks and punctuation."""
    return "".join(filter(str.isalpha, name)).casefold()


def escaped(cell: str) -> str:
    """Return a cell of a result, which no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell


def original(cell: str) -> str:
    """Return what `escaped` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULAS) else cell


def readable_pairs(text: str) -> list[tuple[str, str]]:
    """Return names with their texts and numbers, as far as they can be read in what should be JSON."""
    return [
        (name, _unescaped(double) if double else single or number)
        for name, double, single, number in _READABLE.findall(text)
    ]


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
