"""Lists that answer a file, written as CSV in parts: as long as they are, a part of them is held."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from outbound.files.inbox import Inbox, ObjectGone

_TYPE = "text/csv; charset=utf-8"


@dataclass(frozen=True, slots=True)
class ListProgress:
    """How far a list has come: the row of the file up to which it is written, and the upload of its parts.

    `held` bytes behind the last part lie where the list will be, until it takes their place.
    """

    row: int = 0
    upload_id: str = ""
    parts: tuple[str, ...] = ()
    held: int = 0


class HeldLost(Exception):
    """What was laid aside is not there any more: the list is to be written anew."""


P = TypeVar("P", bound=ListProgress)


class ListText:
    """Rows of a list as CSV, until they are taken."""

    def __init__(self, columns: Sequence[str] = (), held: bytes = b"") -> None:
        """Begin with the columns' names, or with what an earlier run has held."""
        self._begin()
        self._text.write(held.decode())
        if columns:
            self._row(columns)

    def _begin(self) -> None:
        self._text = io.StringIO(newline="")
        self._row = csv.writer(self._text).writerow

    def add(self, cells: Iterable[object]) -> None:
        """Add a row."""
        self._row(cells)

    def size(self) -> int:
        """Return about how many bytes there are: nearly all is ASCII."""
        return self._text.tell()

    def content(self) -> bytes:
        """Return what there is."""
        return self._text.getvalue().encode()

    def taken(self) -> bytes:
        """Return what there is, and begin anew."""
        body = self._text.getvalue().encode()
        self._begin()
        return body


class AnswerList:
    """A list in an inbox that answers one file."""

    def __init__(self, inbox: Inbox, key: str, file_id: str) -> None:
        """Write the object of this key as an answer to the file of this id."""
        self._inbox = inbox
        self._key = key
        self._file_id = file_id

    def is_full(self, text: ListText) -> bool:
        """Return True if a text is large enough to be a part."""
        return text.size() >= self._inbox.part_bytes

    def add_part(self, progress: P, text: ListText, row: int) -> P:
        """Write a text as the next part, up to a row of the file. Raises UploadLost."""
        upload_id = progress.upload_id or self._inbox.begin(self._key, _TYPE, self._file_id)
        tag = self._inbox.add(self._key, upload_id, len(progress.parts) + 1, text.taken())
        return replace(progress, row=row, upload_id=upload_id, parts=(*progress.parts, tag), held=0)

    def hold(self, progress: P, text: ListText, row: int) -> P:
        """Lay a text that is too short for a part aside, for the next run."""
        body = text.content()
        self._inbox.put(self._key, body, _TYPE, self._file_id)
        return replace(progress, row=row, held=len(body))

    def held(self, progress: ListProgress, columns: Sequence[str]) -> ListText:
        """Return the text that rows are added to: what was laid aside, or the columns' names of a new list.

        What was laid aside by a run that was cut off begins with what the run before it did. Raises HeldLost.
        """
        if progress.held:
            return ListText(held=self._laid_aside(progress.held))
        return ListText(() if progress.parts else columns)

    def end(self, progress: ListProgress, text: ListText) -> None:
        """Write the rest, and make one object of all parts. Raises UploadLost."""
        body, parts = text.taken(), progress.parts
        if not progress.upload_id:
            self._inbox.put(self._key, body, _TYPE, self._file_id)
            return
        if body:
            parts = (*parts, self._inbox.add(self._key, progress.upload_id, len(parts) + 1, body))
        self._inbox.complete(self._key, progress.upload_id, parts)

    def _laid_aside(self, size: int) -> bytes:
        try:
            found = self._inbox.find(self._key)
            body = self._inbox.block(self._key, found.etag, "", 0, size)
        except ObjectGone:
            raise HeldLost(self._key) from None
        if len(body) < size:
            raise HeldLost(self._key)
        return body
