"""What rows forbid, found however broken the rows, or the file, are.

A row that has the right form is read as what it is. Of one that has not, every line is looked at by itself,
with each of the usual delimiters: a quote that is not closed swallows all that follows it.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from outbound.files.content import (
    Block,
    Line,
    LineSource,
    Place,
    behind,
    cells_of,
    content_of,
    lines_of,
    records_of,
    text_of,
    without_bom,
)
from outbound.files.tables import DELIMITERS, Header, Pairs, header_of, original, readable_pairs

_GZIP = b"\x1f\x8b"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINE_ENDS = re.compile(r"[\r\n]+")
# A table with these columns is an answer of ours that was sent again: its cells are escaped.
_ANSWER = frozenset({"row", "outcome"})

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Reading(Generic[R]):
    """How refusals are read: from names with their values, in the order in which they stand in a row.

    `of_pairs` returns what such pairs forbid, each once, in values that can be compared and hashed.
    `is_table` is true of the names of a header whose rows can forbid anything.
    """

    of_pairs: Callable[[Iterable[tuple[str, Any]]], Sequence[R]]
    is_table: Callable[[Sequence[str]], bool]
    is_like_a_field: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class RowRefusals(Generic[R]):
    """The place behind a row, and what the row forbids."""

    place: Place
    refusals: Sequence[R]


def refusals_of(block: Block, size: int, reading: Reading[R], start: Place) -> Iterator[RowRefusals[R]]:
    """Return row by row what is forbidden; nothing where no row can be read.

    What the file is called does not count.

    Args:
        block: Fetches bytes of the file: from an offset, so many.
        size: The bytes of the file as it lies there.
        reading: How refusals are read.
        start: The place to begin behind.

    Raises:
        FileRefused: It cannot be unpacked any further.
    """
    head = next(_content(block, size, 0), b"")
    header = header_of(head, reading.is_like_a_field)
    first = without_bom(head).lstrip()[:1]
    if first in (b"{", b"["):
        finder = _Finder(reading, ())
    elif reading.is_table(header.names):
        finder = _Finder(reading, header.names, header.delimiter)
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


def _in_json_lines(lines: Iterator[Line], start: Place, finder: _Finder[R]) -> Iterator[RowRefusals[R]]:
    number, at = start.row, start.line
    for line in lines:
        at += 1
        content = without_bom(line.content) if at == 1 else line.content
        if content.strip():
            number += 1
            found = finder.in_json(text_of(content, line.cut))
            yield RowRefusals(Place(number, at, line.end), found)


def _in_records(feed: LineSource, header: Header, finder: _Finder[R]) -> Iterator[RowRefusals[R]]:
    number = feed.start.row
    overheard: dict[R, None] = {}
    feed.drop = lambda text: overheard.update(dict.fromkeys(finder.in_line(text)))
    for cells, wrong in records_of(feed, header.delimiter):
        if wrong or any(cells):
            number += 1
            found = dict.fromkeys(finder.in_cells(cells))
            if wrong or len(cells) != len(header.names):
                for text in feed.texts:
                    found |= dict.fromkeys(finder.in_line(text))
                found |= overheard
            yield RowRefusals(Place(number, feed.line, feed.offset), list(found))
        overheard.clear()


class _Finder(Generic[R]):
    """Finds refusals in pieces of one file."""

    def __init__(self, reading: Reading[R], names: Sequence[str], delimiter: str = ",") -> None:
        self._read = reading.of_pairs
        self._names = names
        self._is_answer = set(names) >= _ANSWER
        self._delimiters = dict.fromkeys((delimiter, *DELIMITERS))

    def in_cells(self, cells: Sequence[str]) -> Sequence[R]:
        values = map(original, cells) if self._is_answer else cells
        return self._read(zip(self._names, values, strict=False))

    def in_line(self, text: str) -> list[R]:
        """Look at each line of a text as if it were a row."""
        found: list[R] = []
        for line in _LINE_ENDS.split(text):
            readings = (self.in_cells(cells_of([line], delimiter)) for delimiter in self._delimiters)
            found += next(filter(None, readings), [])
        return found

    def in_json(self, text: str) -> Sequence[R]:
        try:
            value = json.loads(text, object_pairs_hook=Pairs)
        except (ValueError, RecursionError):
            return self._read(readable_pairs(text))
        objects = value if isinstance(value, list) else [value]
        return [found for each in objects if isinstance(each, Pairs) for found in self._read(each.pairs)]
