"""The rows of a file, one by one, each with what is wrong with its form."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from outbound.dispositions.files.columns import Pairs, data_of_cells, data_of_object, readable_in
from outbound.dispositions.files.content import LONGEST_LINE, Line
from outbound.dispositions.files.ledger import Place
from outbound.dispositions.files.names import Kind
from outbound.dispositions.requests import Rejected

BOM = b"\xef\xbb\xbf"
_TOO_LONG = f"is longer than {LONGEST_LINE} bytes"
_NO_OBJECT = "is not a JSON object"
_LINE_ENDS = re.compile(r"\r\n|\r|\n")

# Rows are bounded here, so the reader's own limit is out of the way.
csv.field_size_limit(4 * LONGEST_LINE)


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the place behind it, what could be read of it, and what is wrong with its form."""

    place: Place
    data: dict[str, Any]
    wrong: Rejected | None


def rows_of(
    kind: Kind, columns: Sequence[str], lines: Iterator[Line], start: Place, delimiter: str = ","
) -> Iterator[Row]:
    """Give the rows behind a place; blank lines are none."""
    if kind is Kind.JSONL:
        return _json_rows(lines, start)
    return _csv_rows(columns, Feed(lines, start), delimiter)


def _json_rows(lines: Iterator[Line], start: Place) -> Iterator[Row]:
    number = start.row
    for at, line in zip(count(start.line + 1), lines, strict=False):
        content = without_bom(line.content) if at == 1 else line.content
        if content.strip():
            number += 1
            data, wrong = _object(content, line.cut)
            yield Row(Place(number, at, line.end), data, wrong)


def _object(content: bytes, cut: bool) -> tuple[dict[str, Any], Rejected | None]:
    text = text_of(content, cut)
    if cut:
        return readable_in(text), Rejected(_TOO_LONG)
    try:
        value = json.loads(text, object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        return readable_in(text), Rejected(_NO_OBJECT)
    return data_of_object(value) if isinstance(value, Pairs) else ({}, Rejected(_NO_OBJECT))


def text_of(content: bytes, cut: bool = False) -> str:
    """Return a line as text. What is not in UTF-8 is taken for what most programs write that do not."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("utf-8" if cut else "cp1252", errors="replace")


def without_bom(content: bytes) -> bytes:
    """Give the beginning of a file without its byte-order mark."""
    return content.removeprefix(BOM)


def _csv_rows(columns: Sequence[str], feed: Feed, delimiter: str) -> Iterator[Row]:
    number = feed.start.row
    for cells, wrong in records_of(feed, delimiter):
        if wrong or any(cells):
            number += 1
            data, wrong_cell = data_of_cells(columns, cells)
            wrong_row = wrong or _wrong_length(columns, cells, feed)
            yield Row(Place(number, feed.line, feed.offset), data, wrong_row or wrong_cell)


def _wrong_length(columns: Sequence[str], cells: Sequence[str], feed: Feed) -> Rejected | None:
    if len(cells) == len(columns):
        return None
    return Rejected(f"has {len(cells)} cells{feed.lines()}; the header has {len(columns)}")


def records_of(feed: Feed, delimiter: str = ",") -> Iterator[tuple[list[str], Rejected | None]]:
    """Give the records of CSV: their cells, as far as they can be read, and what is wrong with them."""
    reader = csv.reader(feed, strict=True, delimiter=delimiter)
    while True:
        feed.begin()
        wrong = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = cells_of(feed.texts, delimiter)
            wrong = Rejected(f"is no CSV{feed.lines()}: {error}")
        if feed.too_long:
            wrong = Rejected(_TOO_LONG + feed.lines())
        yield cells, wrong


def cells_of(texts: Sequence[str], delimiter: str) -> list[str]:
    """Return the cells that can be read of a record that is wrong: they show whose it is."""
    lines = [line for text in texts for line in _LINE_ENDS.split(text)]
    try:
        return next(csv.reader(lines, strict=False, delimiter=delimiter), [])
    except csv.Error:
        return []


class Feed:
    """Gives the reader of CSV the lines that it asks for, and knows which of them made the last record.

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

    def __iter__(self) -> Feed:
        return self

    def __next__(self) -> str:
        for content, end, cut in self._lines:
            self.line += 1
            self.offset = end
            if self.line == 1:
                content = without_bom(content)  # noqa: PLW2901 - the mark is no part of it
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
