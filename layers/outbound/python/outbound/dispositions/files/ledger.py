"""Files of dispositions: how far each has come, written by the run that works on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from outbound.clock import format_time, parse_time
from outbound.files.ledger import FileLedger, InboxFile, fields_of
from outbound.files.lists import ListProgress
from outbound.store.table import Item, Key, Table


@dataclass(frozen=True, slots=True)
class ResultProgress(ListProgress):
    """How far the result has come, and what the rows in it amount to."""

    tally: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DispositionFile(InboxFile):
    """A file of dispositions. `ended` rows, from the first on, are known to have ended."""

    read_at: datetime | None = None
    ended: int = 0
    result: ResultProgress = field(default_factory=ResultProgress)


def file_key(tenant: str, file_id: str) -> Key:
    """Return the key of a file's item."""
    return Key(f"{tenant}#disposition-files", file_id)


class DispositionFiles(FileLedger[DispositionFile]):
    """Reads and writes the files of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep them in the state table."""
        super().__init__(table, file_key(tenant, "").pk, _file, _more)


def _more(file: DispositionFile) -> Item:
    result = file.result
    return {
        "read_at": format_time(file.read_at) if file.read_at else None,
        "ended": file.ended,
        "answered": {
            "row": result.row,
            "upload_id": result.upload_id,
            "parts": list(result.parts),
            "tally": result.tally,
        },
    }


def _file(item: Item) -> DispositionFile:
    result = item["answered"]
    return DispositionFile(
        **fields_of(item),
        read_at=parse_time(item["read_at"]) if item.get("read_at") else None,
        ended=item["ended"],
        result=ResultProgress(**{**result, "parts": tuple(result["parts"])}),
    )
