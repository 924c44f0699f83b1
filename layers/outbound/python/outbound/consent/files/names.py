"""What a file of consent is called, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from outbound.events import deterministic_id
from outbound.files.content import Place
from outbound.files.ledger import FileLedger, InboxFile, fields_of
from outbound.files.lists import ListProgress
from outbound.store.table import Item, Table

PREFIX = "consent/inbox/"
_START = Place()
_NOTHING = ListProgress()


@dataclass(frozen=True, slots=True)
class ConsentFile(InboxFile):
    """A file of consent.

    `taken` is how many rows were recorded, by change and kind; `wrong` how many were not, by field and
    reason. Up to the place `listed` its wrong rows are in the list that `answer` writes; `first` is the place
    before its first row.
    """

    taken: Mapping[str, int] = field(default_factory=dict)
    wrong: Mapping[str, int] = field(default_factory=dict)
    first: Place = _START
    listed: Place = _START
    answer: ListProgress = _NOTHING

    @property
    def successful(self) -> int:
        """How many rows were recorded."""
        return sum(self.taken.values())

    @property
    def failed(self) -> int:
        """How many rows were not."""
        return sum(self.wrong.values())


def file_id_of(bucket: str, key: str, etag: str, version: str = "") -> str:
    """Return a file's id: the same content under the same name is the same file."""
    return deterministic_id("consent-file", bucket, key, etag, version)


class ConsentFiles(FileLedger[ConsentFile]):
    """Reads and writes the files of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep them in the state table."""
        super().__init__(table, f"{tenant}#consent-files", _file, _more)


def _more(file: ConsentFile) -> Item:
    answer = file.answer
    return {
        "taken": dict(file.taken),
        "wrong": dict(file.wrong),
        "first": asdict(file.first),
        "listed": asdict(file.listed),
        "answer": {**asdict(answer), "parts": list(answer.parts)},
    }


def _file(item: Item) -> ConsentFile:
    answer = item["answer"]
    return ConsentFile(
        **fields_of(item),
        taken=item["taken"],
        wrong=item["wrong"],
        first=Place(**item["first"]),
        listed=Place(**item["listed"]),
        answer=ListProgress(**{**answer, "parts": tuple(answer["parts"])}),
    )
