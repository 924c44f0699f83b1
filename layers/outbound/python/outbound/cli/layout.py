"""How a person sees what commands print: lines that fit the terminal, with what is to be copied in one piece.

Tables and prose are folded. A command, a URL or an ARN never is: where it does not fit it has a line of its
own, however long that becomes.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

# What does not fit beside the first columns stands below its row, behind so many blanks.
_INDENT = 4
# No prose is narrower, whatever the terminal says.
_NARROWEST = 40
# Of what a terminal does not show but obeys: controls, marks of direction, separators of lines, halves of
# surrogate pairs. They may come from senders.
_NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Sentences end with what to type, behind a colon.
_TO_TYPE = re.compile(r"(?P<prose>.*?:) (?P<command>(?:outbound|aws) .+)", re.DOTALL)


def escaped(text: str) -> str:
    """Return a text in which what a terminal would obey rather than show is written as its number."""
    if text.isprintable():
        return text
    return "".join(
        one if unicodedata.category(one) not in _NOT_SHOWN else one.encode("unicode_escape").decode()
        for one in text
    )


def _width(stream: TextIO | None = None) -> int:
    """Return the terminal's width in characters; a script that reads a pipe has no use for folded lines."""
    if (stream or sys.stdout).isatty() or "COLUMNS" in os.environ:
        return shutil.get_terminal_size().columns
    return sys.maxsize


def wrapped(line: str, stream: TextIO | None = None) -> str:
    """Return a line folded to the terminal behind its own indent.

    A line that begins with `$` is to be typed and stays whole. What else is to be typed stands at the end of
    a sentence, behind a colon, and gets a line of its own where the whole does not fit.

    Args:
        line: What is printed.
        stream: Where to, if not to standard output.
    """
    text = escaped(line)
    words = text.lstrip(" ")
    width = _width(stream)
    if len(text) < width or words.startswith("$ "):
        return text
    indent = " " * (len(text) - len(words))
    return "\n".join(_folded(words, indent, indent + _hanging(words, indent), width))


def _hanging(words: str, indent: str) -> str:
    if words.startswith("-> "):
        return "   "
    return "" if indent else " " * _INDENT


def to_type(sentence: str) -> tuple[str, str]:
    """Return a sentence without the command at its end, and that command; empty where there is none."""
    if sentence.startswith(("outbound ", "aws ")):
        return "", sentence
    found = _TO_TYPE.fullmatch(sentence)
    return (found["prose"], found["command"]) if found else (sentence, "")


def _folded(words: str, first: str, rest: str, width: int) -> list[str]:
    """Return lines behind the given indents; words are never cut, and a command at the end is one line."""
    prose, command = to_type(words)
    # Hyphens do not end a line: ids, options and URLs are full of them.
    lines = textwrap.wrap(
        prose,
        max(_NARROWEST, width - 1),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [*lines, *([rest + command] if command else [])]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
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
        if _INDENT + len(said) > _width():
            yield from _folded(said, " " * _INDENT, " " * 2 * _INDENT, _width())
        else:
            line = f"{line}  {said}" if line else " " * _INDENT + said
    if line:
        yield line


def record_lines(value: Any, indent: int = 0) -> Iterator[str]:
    """Yield the lines that show a document to a person: a name and a value each, parts indented."""
    for key, each in value.items():
        name = escaped(str(key))
        if isinstance(each, Mapping) and each:
            yield f"{' ' * indent}{name}:"
            yield from record_lines(each, indent + 2)
        elif isinstance(each, list | tuple) and any(isinstance(one, Mapping) for one in each):
            yield f"{' ' * indent}{name}:"
            yield from _entries(each, indent + 2)
        else:
            yield f"{' ' * indent}{name}: {_cell(each)}"


def _entries(entries: Sequence[Any], indent: int) -> Iterator[str]:
    for entry in entries:
        first, *rest = (
            record_lines(entry, indent + 2) if isinstance(entry, Mapping) and entry else [_cell(entry)]
        )
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
