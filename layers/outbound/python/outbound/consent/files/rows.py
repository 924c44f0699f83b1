"""The rows of a file of consent: which field each column is, and which change each row asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from outbound.clock import format_time
from outbound.consent.changes import InvalidChange, change_of, is_early
from outbound.consent.files.names import PREFIX, ConsentFile
from outbound.contact_ids import ledger_id, read_contact_id
from outbound.do_not_call import LONGEST_SOURCE, forbidding_change, named_category
from outbound.events import Event, EventType, deterministic_id
from outbound.files.content import Block, Place, content_of, lines_of
from outbound.files.names import FileRefused, RowFormat, format_of
from outbound.files.refusals import Reading
from outbound.files.tables import Columns, PlainRow, letters_of, plain_rows_of, shown_name
from outbound.store.consent_state import Change

_NEEDED = ("contact_id", "change")
_FIELDS = (
    *_NEEDED,
    *("occurred_at", "kind", "seller", "number", "evidence", "scope", "expires_at", "source"),
)
_ALIASES = {
    **{name: name for name in _FIELDS},
    "contactId": "contact_id",
    "occurredAt": "occurred_at",
    "expiresAt": "expires_at",
}
_BY_LETTERS = {letters_of(name): name for name in _FIELDS}
# Of a name so many characters are looked at: it may be anything.
_LONGEST_NAME = 64
_CHANGED = EventType.CONSENT_CHANGED.value
# There is no column for the other contact.
_NO_MERGES = "merges are not taken from files; let the CRM report them"


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """A row: the place behind it, and the change that it asks for, or what is wrong with it."""

    place: Place
    change: Change | None
    wrong: InvalidChange | None = None


@dataclass(frozen=True, slots=True)
class FileRefusal:
    """What a row forbids, as far as it can be read: the fields of a change by their names."""

    contact_id: str
    change: str
    occurred_at: Any = None
    source: str = ""
    scope: str = ""


def rows_of(file: ConsentFile, block: Block, start: Place, tenant: str) -> Iterator[ConsentRow]:
    """Return the rows of a checked file behind a place."""
    form = format_of(file.key)
    content = content_of(block, file.size, form.gzipped, start.offset)
    lines = lines_of(content, start.offset, file.ends_with_cr)
    for row in plain_rows_of(form.kind, len(file.columns), lines, start, file.delimiter):
        yield _read(row, form.kind, file, tenant)


def refused_change(refusal: FileRefusal, file: ConsentFile, tenant: str) -> Change:
    """Return the change that a refusal asks for: the same as that of its row, where the row is right."""
    data = {
        "contact_id": refusal.contact_id,
        "change": refusal.change,
        "occurred_at": refusal.occurred_at,
        "source": refusal.source,
        "scope": refusal.scope,
    }
    return _change(data, file, tenant)


def _read(row: PlainRow, kind: RowFormat, file: ConsentFile, tenant: str) -> ConsentRow:
    try:
        if row.wrong:
            raise InvalidChange("", row.wrong)
        data = _of_object(row) if kind is RowFormat.JSONL else _of_cells(file.columns, row.cells)
        return ConsentRow(row.place, _change(data, file, tenant))
    except InvalidChange as wrong:
        return ConsentRow(row.place, None, wrong)


def _of_cells(columns: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    stripped = ((column, cell.strip()) for column, cell in zip(columns, cells, strict=True))
    return {column: cell for column, cell in stripped if cell}


def _of_object(row: PlainRow) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, value in row.pairs.pairs if row.pairs else ():
        field = _ALIASES.get(name)
        if not field:
            shown = shown_name(name)
            raise InvalidChange("", f"has the name {shown}, which is not a field of a change of consent")
        if field in data:
            raise InvalidChange(field, "is there twice")
        data[field] = value
    return {field: value for field, value in data.items() if value is not None}


def _change(data: Mapping[str, Any], file: ConsentFile, tenant: str) -> Change:
    """Return the change that a row asks for, by what it says and not by where it stands.

    So a row that comes again, in this file or another, is the same change.
    """
    source = data.get("source")
    named = {**data, "source": _source_of(file.key) if _is_blank(source) else source}
    event = Event("", _CHANGED, "", file.file_id, tenant, named)
    if forbidding_change(data.get("change")) == "merged":
        raise InvalidChange("change", _NO_MERGES)
    change = change_of(event, file.uploaded_at)
    if not isinstance(change, Change):
        raise InvalidChange("change", _NO_MERGES)
    if is_early(change, file.uploaded_at):
        raise InvalidChange("occurred_at", "lies in the future")
    return replace(change, event_id=_id_of(change, tenant))


def _id_of(change: Change, tenant: str) -> str:
    ends = format_time(change.expires_at) if change.expires_at else ""
    about = (ledger_id(change.contact_id), change.register, change.value, change.source, change.stated)
    return deterministic_id(
        "consent-row", tenant, *about, format_time(change.occurred_at), ends, change.particulars
    )


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


@lru_cache(maxsize=16)
def _source_of(key: str) -> str:
    """Return what stands for the source of rows that name none."""
    return f"file {key.removeprefix(PREFIX)}"[:LONGEST_SOURCE].strip()


def _columns_of(header: Sequence[str]) -> tuple[str, ...]:
    columns: list[str] = []
    known = ", ".join(_FIELDS)
    if not any(map(_is_like_a_field, header)):
        # A first row of a person's data is not quoted.
        raise FileRefused("no_header", f"its first line names none of the columns {known}")
    for name in map(str.strip, header):
        column = _ALIASES.get(name)
        if not column:
            raise FileRefused("unknown_column", f"its column {shown_name(name)} is none of {known}")
        if column in columns:
            raise FileRefused("repeated_column", f"its column {name!r} is there twice")
        columns.append(column)
    for needed in _NEEDED:
        if needed not in columns:
            raise FileRefused("missing_column", f"it has no column {needed!r}")
    return tuple(columns)


def _is_like_a_field(name: str) -> bool:
    return bool(_field_like(name[:_LONGEST_NAME]))


@lru_cache(maxsize=1000)
def _field_like(name: str) -> str:
    return _BY_LETTERS.get(letters_of(name), "")


def _is_table(names: Sequence[str]) -> bool:
    return set(_NEEDED) <= {_field_like(name[:_LONGEST_NAME]) for name in names}


def _refusals_in(pairs: Iterable[tuple[str, Any]]) -> list[FileRefusal]:
    """Return what is forbidden for every contact that is named beside a change that forbids."""
    values: dict[str, list[Any]] = {}
    for name, value in pairs:
        values.setdefault(_field_like(name[:_LONGEST_NAME]), []).append(value)
    changes = dict.fromkeys(filter(None, map(forbidding_change, values.get("change", ()))))
    changes.pop("merged", None)
    if not changes:
        return []
    moment = _first(values.get("occurred_at", ()), (str, int, float))
    source = _first(values.get("source", ()), (str,)) or ""
    scopes = set(map(named_category, values.get("scope", ())))
    scope = scopes.pop() if len(scopes) == 1 else ""
    contacts = dict.fromkeys(filter(None, map(read_contact_id, values.get("contact_id", ()))))
    return [FileRefusal(each, change, moment, source, scope) for each in contacts for change in changes]


def _first(values: Iterable[Any], kinds: tuple[type, ...]) -> Any:
    return next((each for each in values if isinstance(each, kinds) and each), None)


COLUMNS = Columns(_columns_of, _is_like_a_field)
"""How the columns of a file of consent are read."""

REFUSALS = Reading(_refusals_in, _is_table, _is_like_a_field)
"""How it is read what a file of consent forbids."""
