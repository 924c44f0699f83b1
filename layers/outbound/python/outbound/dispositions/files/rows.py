"""The rows of a file: how its table is written, which field each column is, and what each row asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from outbound.dispositions.requests import Rejected
from outbound.files.content import Line, Place
from outbound.files.names import FileRefused, RowFormat
from outbound.files.tables import (
    NO_OBJECT,
    Columns,
    Pairs,
    PlainRow,
    letters_of,
    original,
    plain_rows_of,
    readable_pairs,
    shown_name,
)

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
# The columns of a result, which is sent again once what it names is corrected.
_RESULT_COLUMNS = frozenset({"row", "outcome", "reason", "field", "message"})
OUTCOME = "outcome"


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
    read = _in_json if kind is RowFormat.JSONL else partial(_in_cells, columns)
    return map(read, plain_rows_of(kind, len(columns), lines, start, delimiter))


def _in_json(row: PlainRow) -> Row:
    if row.pairs is None:
        return Row(row.place, readable_in(row.text), Rejected(row.wrong))
    return Row(row.place, *data_of_object(row.pairs))


def _in_cells(columns: Sequence[str], row: PlainRow) -> Row:
    data, wrong_cell = data_of_cells(columns, row.cells)
    return Row(row.place, data, Rejected(row.wrong) if row.wrong else wrong_cell)


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
        quoted = shown_name(name)
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


COLUMNS = Columns(columns_of, is_like_a_field)
"""How the columns of a file of dispositions are read."""


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
        return Rejected(NO_OBJECT, CUSTOM)
    return _twice_within(CUSTOM, data[CUSTOM])


def _ended_well(column: str, cell: str) -> Rejected | None:
    """Return what is wrong with a result's row that has nothing to be sent again for."""
    if column != OUTCOME or cell.strip() not in ("applied", "unchanged", "superseded"):
        return None
    return Rejected("says that it ended well before; empty this cell to send the row again", OUTCOME)


def data_of_object(pairs: Pairs) -> tuple[dict[str, Any], Rejected | None]:
    """Return what a JSON object asks for, without what is null, and what is wrong with it."""
    data: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    wrong: Rejected | None = None
    for name, value in pairs.pairs:
        field = field_of(name)
        if not field:
            quoted = shown_name(name)
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
