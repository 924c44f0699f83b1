"""The content of a file: fetched in blocks, unpacked in pieces, cut into lines and records."""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from outbound.files.names import FileRefused

BLOCK = 4 * 1024 * 1024
# What is worked on at a time: a megabyte of gzip can hold a gigabyte, and a block four million lines.
_PIECE = 256 * 1024
# No row that is right is longer: a message holds 256 KB.
LONGEST_LINE = 1024 * 1024

BOM = b"\xef\xbb\xbf"
TOO_LONG = f"is longer than {LONGEST_LINE} bytes"
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_GZIP = 16 + zlib.MAX_WBITS
Block = Callable[[int, int], bytes]

# Records are bounded here, so the reader's own limit is out of the way.
csv.field_size_limit(4 * LONGEST_LINE)


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two rows: rows, lines and unpacked bytes before it."""

    row: int = 0
    line: int = 0
    offset: int = 0


class Line(NamedTuple):
    """A line without its end, and the offset behind it. Of one that was cut the rest was not kept.

    Of the quotes in the rest one is kept if their number is odd: what a quote opens, ends where it did.
    """

    content: bytes
    end: int
    cut: bool


def content_of(block: Block, size: int, gzipped: bool, start: int) -> Iterator[bytes]:
    """Return the content of a file, in pieces.

    Args:
        block: Fetches bytes of the file: from an offset, so many.
        size: The bytes of the file as it lies there.
        gzipped: Whether it is to be unpacked.
        start: The offset to begin at, unpacked.

    Raises:
        FileRefused: It cannot be unpacked.
    """
    if not gzipped:
        return _blocks(block, size, start)
    return behind(_unpacked(_blocks(block, size, 0)), start)


def _blocks(block: Block, size: int, start: int) -> Iterator[bytes]:
    for first in range(start, size, BLOCK):
        fetched = block(first, min(BLOCK, size - first))
        for begin in range(0, len(fetched), _PIECE):
            yield fetched[begin : begin + _PIECE]


def behind(pieces: Iterator[bytes], start: int) -> Iterator[bytes]:
    """Return what of pieces lies behind an offset."""
    left = start
    for piece in pieces:
        if left < len(piece):
            yield piece[left:]
        left = max(0, left - len(piece))


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip, of several members too."""
    unpacker = None
    try:
        for block in blocks:
            # Some programs fill up behind the last member with zeros.
            rest = block if unpacker else block.lstrip(b"\0")
            while rest:
                unpacker = unpacker or zlib.decompressobj(_GZIP)
                yield from _member(unpacker, rest)
                if not unpacker.eof:
                    break
                rest, unpacker = unpacker.unused_data.lstrip(b"\0"), None
    except zlib.error:
        raise FileRefused("not_gzip", "it is not gzipped, or its gzip is damaged") from None
    if unpacker:
        raise FileRefused("not_gzip", "its gzip is cut off")


def _member(unpacker: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
    """Return what a block adds to a member of gzip, at most a piece at a time."""
    while True:
        piece = unpacker.decompress(packed, _PIECE)
        if piece:
            yield piece
        packed = unpacker.unconsumed_tail
        # A full piece may have left something inside.
        if unpacker.eof or (not packed and len(piece) < _PIECE):
            return


def lines_of(pieces: Iterator[bytes], start: int, ends_with_cr: bool = False) -> Iterator[Line]:
    """Return the lines of content; one that is too long is cut short.

    Args:
        pieces: The content from an offset on.
        start: That offset.
        ends_with_cr: Whether lines end with a carriage return too, and not with a line feed alone.
    """
    end = start
    held = _Held()
    for fetched in pieces:
        # Of the same length, so that offsets stay right; between both of a pair lies a blank line.
        piece = fetched.replace(b"\r", b"\n") if ends_with_cr else fetched
        *whole, rest = piece.split(b"\n")
        for part in whole:
            end += len(part) + 1
            if held.empty and len(part) <= LONGEST_LINE:
                yield Line(part, end, False)
            else:
                held.add(part)
                yield held.line(end)
        end += len(rest)
        if rest:
            held.add(rest)
    if not held.empty:
        yield held.line(end)


class _Held:
    """The beginning of a line whose end has not been seen."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._head = bytearray()
        self._dropped_quotes = 0
        self._cut = False
        self.empty = True

    def add(self, part: bytes) -> None:
        """Keep as much as there is room for, and count the quotes of the rest."""
        room = max(0, LONGEST_LINE - len(self._head))
        self._head += part[:room]
        if len(part) > room:
            self._cut = True
            self._dropped_quotes += part.count(b'"', room)
        self.empty = False

    def line(self, end: int) -> Line:
        """Return the line that ends here, and begin anew."""
        content = bytes(self._head) + (b'"' if self._dropped_quotes % 2 else b"")
        line = Line(content, end, self._cut)
        self._clear()
        return line


def text_of(content: bytes, cut: bool = False) -> str:
    """Return a line as text. What is not in UTF-8 is taken for what most programs write that do not."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("utf-8" if cut else "cp1252", errors="replace")


def without_bom(content: bytes) -> bytes:
    """Return the beginning of a file without its byte-order mark."""
    return content.removeprefix(BOM)


def records_of(feed: LineSource, delimiter: str = ",") -> Iterator[tuple[list[str], str]]:
    """Return the records of CSV: their cells, as far as they can be read, and what is wrong with them.

    What is wrong is an empty text of a record that has the right form.
    """
    reader = csv.reader(feed, strict=True, delimiter=delimiter)
    while True:
        feed.begin()
        wrong = ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = cells_of(feed.texts, delimiter)
            wrong = f"is not CSV{feed.lines()}: {error}"
        if feed.too_long:
            wrong = TOO_LONG + feed.lines()
        yield cells, wrong


def cells_of(texts: Sequence[str], delimiter: str) -> list[str]:
    """Return the cells that can be read of a record that is wrong: they show whose it is."""
    lines = [line for text in texts for line in _LINE_ENDS.split(text)]
    try:
        return next(csv.reader(lines, strict=False, delimiter=delimiter), [])
    except csv.Error:
        return []


class LineSource:
    """The lines that the reader of CSV asks for; knows which of them made the last record.

    A quote that is not closed makes a record of all that follows. Beyond the longest line only what can
    close the quote is passed on, so that memory does not grow with it.
    """

    def __init__(self, lines: Iterator[Line], start: Place) -> None:
        """Begin behind a place."""
        self._lines = lines
        self.start = start
        self.line = start.line
        self.offset = start.offset
        # Called with every line that is not passed on.
        self.drop: Callable[[str], None] = lambda _: None
        self.begin()

    def begin(self) -> None:
        """Begin a record."""
        self.texts: list[str] = []
        self.too_long = False
        self._first = self.line + 1
        self._size = 0

    def lines(self) -> str:
        """Name the lines of a record that has several; a quote may be missing there."""
        return f" (lines {self._first} to {self.line})" if self.line > self._first else ""

    def __iter__(self) -> LineSource:
        return self

    def __next__(self) -> str:
        for content, end, cut in self._lines:
            self.line += 1
            self.offset = end
            if self.line == 1:
                content = without_bom(content)  # noqa: PLW2901 - the mark is not part of it
            self._size += len(content) + 1
            self.too_long |= cut
            if self.texts and self._size > LONGEST_LINE:
                self.too_long = True
                self.drop(text_of(content, cut))
                if content.count(b'"') % 2 == 0:
                    continue
                content = b'"'  # noqa: PLW2901 - what is left of it
            text = text_of(content, cut) + "\n"
            self.texts.append(text)
            return text
        raise StopIteration
