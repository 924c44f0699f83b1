"""How far each file of an inbox has come, written down by the run that works on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from outbound.clock import format_time, parse_time
from outbound.events import Event
from outbound.files.content import Place
from outbound.store.outbox import facts_attributes
from outbound.store.table import Item, Key, Table

# As long as what came of its rows: a file that comes again then is the same one.
_REMEMBERED = timedelta(days=400)
# Runs of a file write every second or so.
_CANCEL_TRIES = 10


class ConcurrentUpdate(Exception):
    """Another run has written the file meanwhile."""


class FileState(StrEnum):
    """How far a file has come."""

    NOTING = "noting"
    """What its rows forbid is recorded, before anything else."""

    CHECKING = "checking"
    """It is compared with what its name says; nothing else of it has an effect yet."""

    READING = "reading"
    """Its rows take effect, or are handed on."""

    WAITING = "waiting"
    """All rows are read; some have not ended."""

    ANSWERING = "answering"
    """The answer is written."""

    FINISHED = "finished"
    """Its answers lie beside it."""

    REFUSED = "refused"
    """It is not taken as a whole; its report says why."""


_START = Place()
ENDED_FILES = frozenset({FileState.FINISHED, FileState.REFUSED})


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file as it is remembered.

    Up to the place `noted` what its rows forbid is recorded; `refusals` is how many there are. `arrival`
    names the upload that began the `attempt`.
    """

    file_id: str
    key: str
    etag: str
    version: str
    size: int
    uploaded_at: datetime
    state: FileState = FileState.NOTING
    noted: Place = _START
    refusals: int = 0
    checked: int = 0
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    ends_with_cr: bool = False
    place: Place = _START
    reason: str = ""
    message: str = ""
    revision: int = 0
    arrival: str = ""
    attempt: int = 1
    cancelled_at: datetime | None = None


F = TypeVar("F", bound=InboxFile)
_PLAIN = (
    *("file_id", "key", "etag", "version", "size", "refusals", "checked", "delimiter", "ends_with_cr"),
    *("reason", "message", "revision", "arrival", "attempt"),
)


class FileLedger(Generic[F]):
    """Reads and writes the files of one inbox."""

    def __init__(
        self,
        table: Table,
        partition: str,
        read: Callable[[Item], F],
        more: Callable[[F], Mapping[str, Any]],
    ) -> None:
        """Keep them in a partition of the state table.

        Args:
            table: The table.
            partition: The partition of these files.
            read: Makes a file of its item.
            more: Returns what a file's item has beside what every file has.
        """
        self._table = table
        self._partition = partition
        self._read = read
        self._more = more

    def key(self, file_id: str) -> Key:
        """Return the key of a file's item."""
        return Key(self._partition, file_id)

    def get(self, file_id: str) -> F | None:
        """Return a file, or None."""
        item = self._table.get(self.key(file_id))
        return self._read(item) if item else None

    def all(self) -> Iterator[F]:
        """Return every file that is remembered."""
        return (self._read(item) for item in self._table.query(self._partition))

    def register(self, file: F, now: datetime) -> F:
        """Remember a file, unless it is remembered already; return it as it is remembered."""
        written = self._table.put(self.key(file.file_id), self._item(file, now), "attribute_not_exists(#pk)")
        return file if written.done else self._read(written.item)

    def cancel(self, file_id: str, message: str, now: datetime) -> F | None:
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

    def save(self, file: F, now: datetime, facts: Sequence[Event] = ()) -> F:
        """Write down how far a file has come, with the facts of its end. Raises ConcurrentUpdate."""
        saved = replace(file, revision=file.revision + 1)
        item = self._item(saved, now) | (facts_attributes(facts, now) if facts else {})
        # A put replaces the whole item: what still has facts to be published waits.
        condition = "#revision = :seen AND attribute_not_exists(#facts)"
        written = self._table.put(self.key(file.file_id), item, condition, {":seen": file.revision})
        if not written.done:
            raise ConcurrentUpdate(file.file_id)
        return saved

    def _item(self, file: F, now: datetime) -> Item:
        return {
            **{name: getattr(file, name) for name in _PLAIN},
            "uploaded_at": format_time(file.uploaded_at),
            "state": file.state.value,
            "noted": asdict(file.noted),
            "columns": list(file.columns),
            "place": asdict(file.place),
            "cancelled_at": format_time(file.cancelled_at) if file.cancelled_at else None,
            "changed_at": format_time(now),
            "ttl": int((now + _REMEMBERED).timestamp()),
            **self._more(file),
        }


def fields_of(item: Item) -> dict[str, Any]:
    """Return the fields that every file has, of a file's item."""
    return {
        **{name: item[name] for name in _PLAIN if name in item},
        "uploaded_at": parse_time(item["uploaded_at"]),
        "state": FileState(item["state"]),
        "noted": Place(**item.get("noted", {})),
        "columns": tuple(item["columns"]),
        "place": Place(**item["place"]),
        "cancelled_at": parse_time(item["cancelled_at"]) if item.get("cancelled_at") else None,
    }
