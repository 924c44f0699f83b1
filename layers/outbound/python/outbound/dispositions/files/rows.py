"""The rows of a file: how its table is written, which field each column is, and what each row asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from outbound.dispositions.files.content import (
    TOO_LONG,
    Line,
    LineSource,
    lines_of,
    records_of,
    text_of,
    without_bom,
)
from outbound.dispositions.files.ledger import Place
from outbound.dispositions.files.names import FileRefused, RowFormat
from outbound.dispositions.requests import Rejected

DELIMITERS = (",", ";", "\t", "|")
# What spreadsheets write into a line before the header, to tell each other the delimiter.
_SEPARATOR = re.compile(rb"\A(?:\xef\xbb\xbf)?\"?sep=([^\r\n\"])\"?(?:\r\n|\r|\n)", re.IGNORECASE)
CUSTOM = "custom_fields"
_CUSTOM_DOT = f"{CUSTOM}."
_NEEDED = ("campaign_id", "contact_id", "outcome_code")
_PLAIN = (*_NEEDED, "agent_id", "occurred_at")
_ALIASES = {
    **{name: name for name in (*_PLAIN, "notes", CUSTOM)},
    "campaignId": "campaign_id",
    "contactId": "contact_id",
    "outcomeCode": "outcome_code",
    "agentId": "agent_id",
    "occurredAt": "occurred_at",
    "customFields": CUSTOM,
    "disposition_timestamp": "occurred_at",
    "dispositionTimestamp": "occurred_at",
}
_DOTTED = (_CUSTOM_DOT, "customFields.")
# The settings allow 500 custom fields; what has more columns is not a list of dispositions.
_MOST_COLUMNS = 1000
# Each is remembered with the file.
_LONGEST_COLUMN = 128
# A name that is not known is quoted up to this length: it may be anything.
_LONGEST_QUOTED = 64
_NO_OBJECT = "is not a JSON object"
# Looks into text that is not JSON for what can be read of it; a quote with a backslash is inside of a text.
_READABLE = re.compile(
    r"""(?<!\\)["']([A-Za-z][A-Za-z_ -]{1,40})["']\s*:\s*"""
    r"""(?:"((?:[^"\\]|\\.){1,800})"|'([^'\\]{1,800})'|(-?[0-9]{1,128}))"""
)
# The columns of a result, which is sent again once what it names is corrected.
_RESULT_COLUMNS = frozenset({"row", "outcome", "reason", "field", "message"})
OUTCOME = "outcome"
# Cells that begin so are formulas to a spreadsheet.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the place behind it, what could be read of it, and what is wrong with its form."""

    place: Place
    data: dict[str, Any]
    wrong: Rejected | None


def rows_of(
    kind: RowFormat, columns: Sequence[str], lines: Iterator[Line], start: Place, delimiter: str = ","
) -> Iterator[Row]:
    """Return the rows behind a place; a blank line is not a row.

    Args:
        kind: How rows are written.
        columns: The fields of the columns of CSV.
        lines: The lines behind the place.
        start: The place.
        delimiter: What separates the cells of CSV.
    """
    if kind is RowFormat.JSONL:
        return _json_rows(lines, start)
    return _csv_rows(columns, LineSource(lines, start), delimiter)


def _json_rows(lines: Iterator[Line], start: Place) -> Iterator[Row]:
    number = start.row
    for at, line in zip(count(start.line + 1), lines, strict=False):
        content = without_bom(line.content) if at == 1 else line.content
        if content.strip():
            number += 1
            data, wrong = _object(content, line.cut)
            yield Row(Place(number, at, line.end), data, wrong)


def _object(content: bytes, cut: bool) -> tuple[dict[str, Any], Rejected | None]:
    text = text_of(content, cut)
    if cut:
        return readable_in(text), Rejected(TOO_LONG)
    try:
        value = json.loads(text, object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        return readable_in(text), Rejected(_NO_OBJECT)
    return data_of_object(value) if isinstance(value, Pairs) else ({}, Rejected(_NO_OBJECT))


def _csv_rows(columns: Sequence[str], feed: LineSource, delimiter: str) -> Iterator[Row]:
    number = feed.start.row
    for cells, wrong in records_of(feed, delimiter):
        if wrong or any(cells):
            number += 1
            data, wrong_cell = data_of_cells(columns, cells)
            wrong_row = wrong or _wrong_length(columns, cells, feed)
            yield Row(Place(number, feed.line, feed.offset), data, wrong_row or wrong_cell)


def _wrong_length(columns: Sequence[str], cells: Sequence[str], feed: LineSource) -> Rejected | None:
    if len(cells) == len(columns):
        return None
    return Rejected(f"has {len(cells)} cells{feed.lines()}; the header has {len(columns)}")


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

    feed = LineSource(lines_of(behind(), place.offset, ends_with_cr), place)
    for cells, wrong in records_of(feed, delimiter):
        if cells or wrong:
            names = tuple(without_bom(name.encode()).decode() for name in cells)
            return Header(names, wrong, delimiter, ends_with_cr, Place(0, feed.line, feed.offset))
    return Header((), None, delimiter, ends_with_cr, place)


class Pairs(dict[str, Any]):
    """A JSON object that knows its names and values as they were written, those that are there twice too."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        """Keep the pairs."""
        super().__init__(pairs)
        self.pairs = pairs


def letters_of(name: str) -> str:
    """Return what a name says without case, blanks and punctuation."""
    return "".join(filter(str.isalpha, name)).casefold()


_LIKE_FIELDS = frozenset(map(letters_of, _ALIASES))


def is_like_a_field(name: str) -> bool:
    """Return True if a name stands for a field, or would if it were spelt right."""
    return bool(field_of(name.strip())) or letters_of(name) in _LIKE_FIELDS


def field_of(name: str) -> str:
    """Return the field that a name stands for, `custom_fields.<name>` for one of a custom field, or ""."""
    for prefix in _DOTTED:
        if name.startswith(prefix) and len(name) > len(prefix):
            return _CUSTOM_DOT + name.removeprefix(prefix)
    return _ALIASES.get(name, "")


def columns_of(header: Sequence[str]) -> tuple[str, ...]:
    """Return the fields of a header's columns. Raises FileRefused naming the first column that is wrong."""
    if len(header) > _MOST_COLUMNS:
        raise FileRefused("too_many_columns", f"it has more than {_MOST_COLUMNS} columns")
    columns: list[str] = []
    is_result = {"row", OUTCOME} <= set(map(str.strip, header))
    for name in map(str.strip, header):
        quoted = repr(name[:_LONGEST_QUOTED])
        column = name if is_result and name in _RESULT_COLUMNS else field_of(name)
        if not column or len(column) > _LONGEST_COLUMN:
            raise FileRefused("unknown_column", f"its column {quoted} is not a field of a disposition")
        if column in columns:
            raise FileRefused("repeated_column", f"its column {quoted} is there twice")
        columns.append(column)
    for needed in _NEEDED:
        if needed not in columns:
            raise FileRefused("missing_column", f"it has no column {needed!r}")
    return tuple(columns)


def data_of_cells(columns: Sequence[str], cells: Sequence[str]) -> tuple[dict[str, Any], Rejected | None]:
    """Return what a row of cells asks for, without what is empty, and what is wrong with it."""
    data: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    wrong: Rejected | None = None
    values = map(original, cells) if OUTCOME in columns else cells
    for column, cell in zip(columns, values, strict=False):
        if not cell:
            continue
        if column in _PLAIN:
            if plain := cell.strip():
                data[column] = plain
        elif column.startswith(_CUSTOM_DOT):
            custom[column.removeprefix(_CUSTOM_DOT)] = cell
        elif column in _RESULT_COLUMNS:
            wrong = wrong or _ended_well(column, cell)
        else:
            data[column] = cell
    wrong = _parse_custom(data) or wrong
    return _joined(data, custom), wrong


def _parse_custom(data: dict[str, Any]) -> Rejected | None:
    """Put the object in the place of the cell that holds it as JSON; return what is wrong with it."""
    if CUSTOM not in data:
        return None
    try:
        data[CUSTOM] = json.loads(data[CUSTOM], object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        del data[CUSTOM]
        return Rejected(_NO_OBJECT, CUSTOM)
    return _twice_within(CUSTOM, data[CUSTOM])


def _ended_well(column: str, cell: str) -> Rejected | None:
    """Return what is wrong with a result's row that has nothing to be sent again for."""
    if column != OUTCOME or cell.strip() not in ("applied", "unchanged", "superseded"):
        return None
    return Rejected("says that it ended well before; empty this cell to send the row again", OUTCOME)


def escaped(cell: str) -> str:
    """Return a cell of a result, which no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell


def original(cell: str) -> str:
    """Return what `escaped` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULAS) else cell


def data_of_object(pairs: Pairs) -> tuple[dict[str, Any], Rejected | None]:
    """Return what a JSON object asks for, without what is null, and what is wrong with it."""
    data: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    wrong: Rejected | None = None
    for name, value in pairs.pairs:
        field = field_of(name)
        if not field:
            quoted = repr(name[:_LONGEST_QUOTED])
            wrong = wrong or Rejected(f"has the name {quoted}, which is not a field of a disposition")
        elif field in data:
            wrong = wrong or Rejected("is there twice", field)
        elif value is None:
            continue
        elif field.startswith(_CUSTOM_DOT):
            custom[field.removeprefix(_CUSTOM_DOT)] = value
        else:
            data[field] = value
            wrong = wrong or _twice_within(field, value)
    return _joined(data, custom), wrong


def _twice_within(field: str, value: Any) -> Rejected | None:
    if not isinstance(value, Pairs) or len(value) == len(value.pairs):
        return None
    names = [name for name, _ in value.pairs]
    twice = next(name for name in names if names.count(name) > 1)
    return Rejected("is there twice", f"{field}.{twice[:_LONGEST_QUOTED]}")


def _joined(data: dict[str, Any], custom: Mapping[str, Any]) -> dict[str, Any]:
    """Put custom fields that have columns of their own beside those of the one cell; the columns win."""
    if custom and isinstance(own := data.get(CUSTOM, {}), Mapping):
        data[CUSTOM] = {**own, **custom}
    return data


def readable_in(text: str) -> dict[str, Any]:
    """Return the contact and the outcome that can be read in what should be JSON and is not."""
    found: dict[str, Any] = {}
    for name, value in readable_pairs(text):
        if field_of(name) in ("contact_id", "outcome_code"):
            found.setdefault(field_of(name), value)
    return found


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
