"""Who must not be called, found in the rows of a file however broken the rows, or the file, are.

A row that has the right form is read as what it is. Of one that has not, every line is looked at by itself,
with each of the usual delimiters: a quote that is not closed swallows all that follows it.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from outbound.contact_ids import read_contact_id
from outbound.dispositions.do_not_call import OptOut
from outbound.dispositions.files.content import (
    Block,
    Line,
    LineSource,
    behind,
    cells_of,
    content_of,
    lines_of,
    records_of,
    text_of,
    without_bom,
)
from outbound.dispositions.files.ledger import Place
from outbound.dispositions.files.rows import (
    DELIMITERS,
    OUTCOME,
    Header,
    Pairs,
    header_of,
    letters_of,
    original,
    readable_pairs,
)
from outbound.do_not_call import means_do_not_call

_GZIP = b"\x1f\x8b"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINE_ENDS = re.compile(r"[\r\n]+")
# What a name means, by its letters alone.
_ROLES = {
    "contactid": "contact",
    "outcomecode": "code",
    "occurredat": "moment",
    "dispositiontimestamp": "moment",
}


@dataclass(frozen=True, slots=True)
class RowOptOuts:
    """The place behind a row, and who must not be called because of it."""

    place: Place
    opt_outs: Sequence[OptOut]


def opt_outs_of(block: Block, size: int, codes: Iterable[str], start: Place) -> Iterator[RowOptOuts]:
    """Return row by row who must not be called; nothing where no row can be read.

    What the file is called does not count.

    Args:
        block: Fetches bytes of the file: from an offset, so many.
        size: The bytes of the file as it lies there.
        codes: The codes of dispositions that forbid to call.
        start: The place to begin behind.

    Raises:
        FileRefused: It cannot be unpacked any further.
    """
    head = next(_content(block, size, 0), b"")
    header = header_of(head)
    first = without_bom(head).lstrip()[:1]
    if first in (b"{", b"["):
        finder = _OptOutFinder(codes, ())
    elif {"contact", "code"} <= {_role(name) for name in header.names}:
        finder = _OptOutFinder(codes, header.names, header.delimiter)
        start = start if start.offset else header.place
    else:
        return
    lines = lines_of(_content(block, size, start.offset), start.offset, header.ends_with_cr)
    if first in (b"{", b"["):
        yield from _in_json_lines(lines, start, finder)
    else:
        yield from _in_records(LineSource(lines, start), header, finder)


def _content(block: Block, size: int, start: int) -> Iterator[bytes]:
    """Return the content from an offset on, as what it is: unpacked, and in UTF-8."""
    head = block(0, min(size, len(codecs.BOM_UTF16_LE))) if size else b""
    if head.startswith(_UTF16):
        return behind(_from_utf16(content_of(block, size, False, 0)), start)
    return content_of(block, size, head.startswith(_GZIP), start)


def _from_utf16(pieces: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    return (decoder.decode(piece).encode(errors="replace") for piece in pieces)


def _in_json_lines(lines: Iterator[Line], start: Place, finder: _OptOutFinder) -> Iterator[RowOptOuts]:
    number, at = start.row, start.line
    for line in lines:
        at += 1
        content = without_bom(line.content) if at == 1 else line.content
        if content.strip():
            number += 1
            found = finder.in_json(text_of(content, line.cut))
            yield RowOptOuts(Place(number, at, line.end), found)


def _in_records(feed: LineSource, header: Header, finder: _OptOutFinder) -> Iterator[RowOptOuts]:
    number = feed.start.row
    overheard: dict[OptOut, None] = {}
    feed.drop = lambda text: overheard.update(dict.fromkeys(finder.in_line(text)))
    for cells, wrong in records_of(feed, header.delimiter):
        if wrong or any(cells):
            number += 1
            found = dict.fromkeys(finder.in_cells(cells))
            if wrong or len(cells) != len(header.names):
                for text in feed.texts:
                    found |= dict.fromkeys(finder.in_line(text))
                found |= overheard
            yield RowOptOuts(Place(number, feed.line, feed.offset), list(found))
        overheard.clear()


class _OptOutFinder:
    """Finds opt-outs in pieces of one file."""

    def __init__(self, codes: Iterable[str], names: Sequence[str], delimiter: str = ",") -> None:
        self._codes = frozenset(codes)
        self._roles = [_role(name) for name in names]
        self._is_result = {"row", OUTCOME} <= set(names)
        self._delimiters = dict.fromkeys((delimiter, *DELIMITERS))

    def in_cells(self, cells: Sequence[str]) -> list[OptOut]:
        values = map(original, cells) if self._is_result else cells
        return self._in_pairs(zip(self._roles, values, strict=False))

    def in_line(self, text: str) -> list[OptOut]:
        """Look at each line of a text as if it were a row."""
        found: list[OptOut] = []
        for line in _LINE_ENDS.split(text):
            readings = (self.in_cells(cells_of([line], delimiter)) for delimiter in self._delimiters)
            found += next(filter(None, readings), [])
        return found

    def in_json(self, text: str) -> list[OptOut]:
        try:
            value = json.loads(text, object_pairs_hook=Pairs)
        except (ValueError, RecursionError):
            return self._in_named(readable_pairs(text))
        objects = value if isinstance(value, list) else [value]
        return [found for each in objects if isinstance(each, Pairs) for found in self._in_named(each.pairs)]

    def _in_named(self, pairs: Iterable[tuple[str, Any]]) -> list[OptOut]:
        return self._in_pairs((_role(name), value) for name, value in pairs)

    def _in_pairs(self, pairs: Iterable[tuple[str, Any]]) -> list[OptOut]:
        """Return every contact that is named beside a code of a do-not-call."""
        values: dict[str, list[Any]] = {"contact": [], "code": [], "moment": [], "": []}
        for role, value in pairs:
            values[role].append(value)
        if not any(means_do_not_call(code, self._codes) for code in values["code"]):
            return []
        moment = next(
            (moment for moment in values["moment"] if isinstance(moment, str | int) and moment), None
        )
        contacts = dict.fromkeys(map(read_contact_id, values["contact"]))
        return [OptOut(contact_id, moment) for contact_id in contacts if contact_id]


def _role(name: str) -> str:
    return _ROLES.get(letters_of(name), "")
