"""What commands print: a table for a person, JSON for a script."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from outbound.logs import logger
from outbound.metrics import unmeasured

# What does not fit beside the first columns stands below its row, behind so many blanks.
_INDENT = 4
# Of what a terminal does not show but obeys: controls, marks of direction, separators of lines, halves of
# surrogate pairs. They may come from senders.
_NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@contextmanager
def without_log() -> Iterator[None]:
    """Keep functions' log lines and metrics off standard output, which is the command's answer alone."""
    level = logger.log_level
    logger.setLevel(logging.CRITICAL)
    try:
        with unmeasured():
            yield
    finally:
        logger.setLevel(level)


def show_whatever_comes() -> None:
    """Let the output take every character: what the terminal cannot show is written as its number."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


def flush() -> None:
    """Write what is still buffered; raise BrokenPipeError where the reader has gone.

    Left to the end of the interpreter, that would be a complaint and an exit code of its own.
    """
    # Python has no stdout at all where the shell closed it.
    if sys.stdout is not None:
        sys.stdout.flush()


def drop_output() -> None:
    """Send what is left of the output nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def escaped(text: str) -> str:
    """Return a text in which what a terminal would obey rather than show is written as its number."""
    if text.isprintable():
        return text
    return "".join(
        one if unicodedata.category(one) not in _NOT_SHOWN else one.encode("unicode_escape").decode()
        for one in text
    )


class Output:
    """Prints results."""

    def __init__(self, as_json: bool) -> None:
        """Print JSON, or tables and sentences."""
        self._as_json = as_json

    def rows(self, rows: Sequence[Mapping[str, Any]], empty: str) -> None:
        """Print rows of the same columns; for a person, `empty` where there are none."""
        if self._as_json:
            print(_json(rows))
        elif not rows:
            print(empty)
        else:
            print(_table(rows))

    def blocks(self, rows: Sequence[Mapping[str, Any]], texts: Sequence[Sequence[str]], empty: str) -> None:
        """Print rows for a script; for a person their texts, a block of lines each, cut to the terminal.

        Lines that begin with `$` behind their indent are to be typed and stay whole.
        """
        if self._as_json:
            print(_json(rows))
        else:
            print("\n\n".join("\n".join(_wrapped(line) for line in text) for text in texts) or empty)

    def said(self, sentence: str, **values: Any) -> None:
        """Print what was done: the sentence for a person, the values for a script."""
        print(_json(values) if self._as_json else escaped(sentence))

    def account(self, sentence: str, name: str, rows: Sequence[Mapping[str, Any]], **values: Any) -> None:
        """Print a sentence and the rows that bear it out; for a script the values, the rows by `name`."""
        if self._as_json:
            print(_json({**values, name: rows}))
        else:
            print("\n\n".join([escaped(sentence), *([_table(rows)] if rows else [])]))

    def described(self, document: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print a document that is for scripts alone; for a person rows that say the same."""
        print(_json(document) if self._as_json else _table(rows))

    def text(self, text: str, document: Any) -> None:
        """Print a text for a person, and the document that says the same for a script."""
        shown = "\n".join(map(escaped, text.split("\n")))
        print(_json(document) if self._as_json else shown)

    def record(self, record: Mapping[str, Any]) -> None:
        """Print one thing with all that is known of it: lines for a person, JSON for a script."""
        print(_json(record) if self._as_json else "\n".join(_record(record)))

    def document(self, document: Any) -> None:
        """Print a document; JSON is the form that a person edits it in, too."""
        print(_json(document))


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, default=_in_json)


def _in_json(value: Any) -> Any:
    """Return what JSON has in place of a value: DynamoDB has sets, in no order."""
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be printed as JSON")


def _width() -> int:
    """Return the terminal's width in characters; a script that reads a pipe has no use for folded lines."""
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        return shutil.get_terminal_size().columns
    return sys.maxsize


def _wrapped(line: str) -> str:
    """Return a line wrapped to the terminal, with its indent kept."""
    text = escaped(line)
    words = text.lstrip(" ")
    indent = " " * (len(text) - len(words))
    if words.startswith("$ "):
        return text
    return textwrap.fill(
        words, max(40, _width() - 1), initial_indent=indent, subsequent_indent=indent or "    "
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a table; columns that do not fit the terminal stand below their row, never cut."""
    columns = list(rows[0])
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[number]) for line in [columns, *cells]) for number in range(len(columns))]
    fitting = _fitting(widths, _width())
    lines = [_line(columns[:fitting], widths), "  ".join("-" * width for width in widths[:fitting])]
    for line in cells:
        lines.append(_line(line[:fitting], widths))
        lines += _below(columns[fitting:], line[fitting:])
    return "\n".join(lines)


def _fitting(widths: Sequence[int], most: int) -> int:
    """Return how many columns fit beside each other, at least one."""
    taken, count = -2, 0
    for width in widths:
        taken += width + 2
        if taken > most:
            break
        count += 1
    return max(count, 1)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)).rstrip()


def _below(columns: Sequence[str], cells: Sequence[str]) -> Iterator[str]:
    """Yield the columns of a row that do not fit, as many a line as there is room for; empty ones not."""
    line = ""
    for column, cell in zip(columns, cells, strict=True):
        if cell == "-":
            continue
        said = f"{column}: {cell}"
        if line and len(line) + 2 + len(said) > _width():
            yield line
            line = ""
        line = f"{line}  {said}" if line else " " * _INDENT + said
    if line:
        yield line


def _record(value: Any, indent: int = 0) -> Iterator[str]:
    """Yield the lines that show a document to a person: a name and a value each, parts indented."""
    for key, each in value.items():
        name = escaped(str(key))
        if isinstance(each, Mapping) and each:
            yield f"{' ' * indent}{name}:"
            yield from _record(each, indent + 2)
        elif isinstance(each, list | tuple) and any(isinstance(one, Mapping) for one in each):
            yield f"{' ' * indent}{name}:"
            yield from _entries(each, indent + 2)
        else:
            yield f"{' ' * indent}{name}: {_cell(each)}"


def _entries(entries: Sequence[Any], indent: int) -> Iterator[str]:
    for entry in entries:
        first, *rest = _record(entry, indent + 2) if isinstance(entry, Mapping) and entry else [_cell(entry)]
        yield f"{' ' * indent}- {first.strip()}"
        yield from rest


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, set | frozenset):
        value = sorted(value)
    if isinstance(value, list | tuple):
        return escaped(", ".join(map(str, value))) or "-"
    return escaped(str(value))
