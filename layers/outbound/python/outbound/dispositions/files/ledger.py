"""Files of dispositions: how far each has come, written by the run that works on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from outbound.clock import format_time, parse_time
from outbound.events import Event
from outbound.store.outbox import facts_attributes
from outbound.store.table import Item, Key, Table

# As long as its rows: a file that comes again then is the same one.
_REMEMBERED = timedelta(days=400)


# Runs of a file write every second or so.
_CANCEL_TRIES = 10


class ConcurrentUpdate(Exception):
    """Another run has written the file meanwhile."""


class FileState(StrEnum):
    """How far a file has come."""

    NOTING = "noting"
    """Its opt-outs are recorded and published, before anything else."""

    CHECKING = "checking"
    """It is compared with what its name says; nothing of it has an effect yet."""

    READING = "reading"
    """Its rows are put on the queue of dispositions."""

    WAITING = "waiting"
    """All rows are read; some have not ended."""

    ANSWERING = "answering"
    """The result is written."""

    FINISHED = "finished"
    """Result and report lie beside it."""

    REFUSED = "refused"
    """It is not taken as a whole; its report says why."""


ENDED_FILES = frozenset({FileState.FINISHED, FileState.REFUSED})


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two rows: rows, lines and unpacked bytes before it."""

    row: int = 0
    line: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class ResultProgress:
    """How far the result has come: rows written, the upload that they went to, and what they amount to."""

    row: int = 0
    upload_id: str = ""
    parts: tuple[str, ...] = ()
    tally: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DispositionFile:
    """A file as it is remembered. `ended` rows, from the first on, are known to have ended.

    Up to the place `noted` its opt-outs are published; `refusals` is how many there are. `arrival` names the
    upload that began the `attempt`.
    """

    file_id: str
    key: str
    etag: str
    version: str
    size: int
    uploaded_at: datetime
    state: FileState = FileState.NOTING
    noted: Place = Place()
    refusals: int = 0
    checked: int = 0
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    ends_with_cr: bool = False
    place: Place = Place()
    read_at: datetime | None = None
    ended: int = 0
    result: ResultProgress = field(default_factory=ResultProgress)
    reason: str = ""
    message: str = ""
    revision: int = 0
    arrival: str = ""
    attempt: int = 1
    cancelled_at: datetime | None = None


def file_key(tenant: str, file_id: str) -> Key:
    """Return the key of a file's item."""
    return Key(f"{tenant}#disposition-files", file_id)


class DispositionFiles:
    """Reads and writes the files of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep them in the state table."""
        self._table = table
        self._tenant = tenant

    def key(self, file_id: str) -> Key:
        """Return the key of a file's item."""
        return file_key(self._tenant, file_id)

    def get(self, file_id: str) -> DispositionFile | None:
        """Return a file, or None."""
        item = self._table.get(self.key(file_id))
        return _file(item) if item else None

    def all(self) -> Iterator[DispositionFile]:
        """Return every file that is remembered."""
        return (_file(item) for item in self._table.query(self.key("").pk))

    def register(self, file: DispositionFile, now: datetime) -> DispositionFile:
        """Remember a file, unless it is remembered already; return it as it is remembered."""
        written = self._table.put(self.key(file.file_id), _item(file, now), "attribute_not_exists(#pk)")
        return file if written.done else _file(written.item)

    def cancel(self, file_id: str, message: str, now: datetime) -> DispositionFile | None:
        """Stop what a file has not had an effect with yet; return it, as it is where it has ended.

        None for one that is not known. Raises ConcurrentUpdate where runs of it keep writing.
        """
        for _ in range(_CANCEL_TRIES):
            file = self.get(file_id)
            if file is None or file.cancelled_at or file.state in ENDED_FILES:
                return file
            with suppress(ConcurrentUpdate):
                stopped = replace(file, cancelled_at=now, reason="cancelled", message=message)
                return self.save(stopped, now)
        raise ConcurrentUpdate(file_id)

    def save(self, file: DispositionFile, now: datetime, facts: Sequence[Event] = ()) -> DispositionFile:
        """Write down how far a file has come, with the facts of its end. Raises ConcurrentUpdate."""
        saved = replace(file, revision=file.revision + 1)
        item = _item(saved, now) | (facts_attributes(facts, now) if facts else {})
        # A put replaces the whole item: what still has facts to be published waits.
        condition = "#revision = :seen AND attribute_not_exists(#facts)"
        written = self._table.put(self.key(file.file_id), item, condition, {":seen": file.revision})
        if not written.done:
            raise ConcurrentUpdate(file.file_id)
        return saved


def _item(file: DispositionFile, now: datetime) -> Item:
    result = file.result
    return {
        "file_id": file.file_id,
        "key": file.key,
        "etag": file.etag,
        "version": file.version,
        "size": file.size,
        "uploaded_at": format_time(file.uploaded_at),
        "state": file.state.value,
        "noted": asdict(file.noted),
        "refusals": file.refusals,
        "checked": file.checked,
        "columns": list(file.columns),
        "delimiter": file.delimiter,
        "ends_with_cr": file.ends_with_cr,
        "place": asdict(file.place),
        "read_at": format_time(file.read_at) if file.read_at else None,
        "ended": file.ended,
        "answered": {
            "row": result.row,
            "upload_id": result.upload_id,
            "parts": list(result.parts),
            "tally": result.tally,
        },
        "reason": file.reason,
        "message": file.message,
        "revision": file.revision,
        "arrival": file.arrival,
        "attempt": file.attempt,
        "cancelled_at": format_time(file.cancelled_at) if file.cancelled_at else None,
        "changed_at": format_time(now),
        "ttl": int((now + _REMEMBERED).timestamp()),
    }


def _file(item: Item) -> DispositionFile:
    result = item["answered"]
    return DispositionFile(
        file_id=item["file_id"],
        key=item["key"],
        etag=item["etag"],
        version=item["version"],
        size=item["size"],
        uploaded_at=parse_time(item["uploaded_at"]),
        state=FileState(item["state"]),
        noted=Place(**item.get("noted", {})),
        refusals=item.get("refusals", 0),
        checked=item["checked"],
        columns=tuple(item["columns"]),
        delimiter=item.get("delimiter", ","),
        ends_with_cr=item.get("ends_with_cr", False),
        place=Place(**item["place"]),
        read_at=parse_time(item["read_at"]) if item.get("read_at") else None,
        ended=item["ended"],
        result=ResultProgress(**{**result, "parts": tuple(result["parts"])}),
        reason=item["reason"],
        message=item["message"],
        revision=item["revision"],
        arrival=item.get("arrival", ""),
        attempt=item.get("attempt", 1),
        cancelled_at=parse_time(item["cancelled_at"]) if item.get("cancelled_at") else None,
    )
