"""Which field of a disposition a column, or a name in JSON, is; and the data that a row asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from outbound.dispositions.files.names import Unfit
from outbound.dispositions.requests import Rejected

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
# The settings allow 500 custom fields; whatever has more columns is no list of dispositions.
_MOST_COLUMNS = 1000
# Each is remembered with the file.
_LONGEST_COLUMN = 128
# A name that is not known is quoted up to this length: it may be anything.
_LONGEST_QUOTED = 64
_NO_OBJECT = "is no JSON object"
# Looks into text that is no JSON for what can be read of it; a quote with a backslash is inside of a text.
_READABLE = re.compile(r'(?<!\\)"(contact_?[iI]d|outcome_?[cC]ode)"\s*:\s*"([^"\\]{1,128})"')


def field_of(name: str) -> str:
    """Give the field that a name stands for, `custom_fields.<name>` for one of a custom field, or ""."""
    for prefix in _DOTTED:
        if name.startswith(prefix) and len(name) > len(prefix):
            return _CUSTOM_DOT + name.removeprefix(prefix)
    return _ALIASES.get(name, "")


def columns_of(header: Sequence[str]) -> tuple[str, ...]:
    """Give the fields of a header's columns. Raises Unfit naming the first column that is wrong."""
    if len(header) > _MOST_COLUMNS:
        raise Unfit("too_many_columns", f"it has more than {_MOST_COLUMNS} columns")
    columns: list[str] = []
    for name in map(str.strip, header):
        quoted = repr(name[:_LONGEST_QUOTED])
        column = field_of(name)
        if not column or len(column) > _LONGEST_COLUMN:
            raise Unfit("unknown_column", f"its column {quoted} is no field of a disposition")
        if column in columns:
            raise Unfit("repeated_column", f"its column {quoted} is there twice")
        columns.append(column)
    for needed in _NEEDED:
        if needed not in columns:
            raise Unfit("missing_column", f"it has no column {needed!r}")
    return tuple(columns)


def data_of_cells(columns: Sequence[str], cells: Sequence[str]) -> tuple[dict[str, Any], Rejected | None]:
    """Give what a row of cells asks for, without what is empty, and what is wrong with it."""
    data: dict[str, Any] = {}
    named: dict[str, Any] = {}
    wrong: Rejected | None = None
    for column, cell in zip(columns, cells, strict=False):
        if not cell:
            continue
        if column in _PLAIN:
            if plain := cell.strip():
                data[column] = plain
        elif column == CUSTOM:
            try:
                data[CUSTOM] = json.loads(cell)
            except (ValueError, RecursionError):
                wrong = Rejected(_NO_OBJECT, CUSTOM)
        elif column.startswith(_CUSTOM_DOT):
            named[column.removeprefix(_CUSTOM_DOT)] = cell
        else:
            data[column] = cell
    return _joined(data, named), wrong


def data_of_object(given: Mapping[str, Any]) -> tuple[dict[str, Any], Rejected | None]:
    """Give what a JSON object asks for, without what is null, and what is wrong with it."""
    data: dict[str, Any] = {}
    named: dict[str, Any] = {}
    wrong: Rejected | None = None
    for name, value in given.items():
        field = field_of(name)
        if not field:
            quoted = repr(name[:_LONGEST_QUOTED])
            wrong = wrong or Rejected(f"has the name {quoted}, which is no field of a disposition")
        elif field in data:
            wrong = wrong or Rejected("is there twice", field)
        elif value is None:
            continue
        elif field.startswith(_CUSTOM_DOT):
            named[field.removeprefix(_CUSTOM_DOT)] = value
        else:
            data[field] = value
    return _joined(data, named), wrong


def _joined(data: dict[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Put custom fields that have columns of their own beside those of the one cell; the columns win."""
    if named and isinstance(own := data.get(CUSTOM, {}), Mapping):
        data[CUSTOM] = {**own, **named}
    return data


def readable_in(text: str) -> dict[str, Any]:
    """Give the contact and the outcome that can be read in what should be JSON and is not."""
    found: dict[str, Any] = {}
    for name, value in _READABLE.findall(text):
        found.setdefault(field_of(name), value)
    return found
