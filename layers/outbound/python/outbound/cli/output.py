"""What commands print: a table for a person, JSON for a script."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from outbound.cli.layout import record_lines, table, wrapped
from outbound.logs import logger
from outbound.metrics import unmeasured


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
            print(wrapped(empty))
        else:
            print(table(rows))

    def blocks(self, rows: Sequence[Mapping[str, Any]], texts: Sequence[Sequence[str]], empty: str) -> None:
        """Print rows for a script; for a person their texts, a block of lines each.

        Args:
            rows: What a script gets.
            texts: What a person gets of each row; a line that begins with `$` behind its indent is to be
                typed, and stays whole.
            empty: The sentence for a person where there are no rows.
        """
        if self._as_json:
            print(_json(rows))
        else:
            print("\n\n".join("\n".join(wrapped(line) for line in text) for text in texts) or empty)

    def said(self, sentence: str, **values: Any) -> None:
        """Print what was done: the sentence for a person, the values for a script."""
        print(_json(values) if self._as_json else wrapped(sentence))

    def account(self, sentence: str, name: str, rows: Sequence[Mapping[str, Any]], **values: Any) -> None:
        """Print a sentence and the rows that bear it out; for a script the values, the rows by `name`."""
        if self._as_json:
            print(_json({**values, name: rows}))
        else:
            print("\n\n".join([wrapped(sentence), *([table(rows)] if rows else [])]))

    def described(self, document: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print a document that is for scripts alone; for a person rows that say the same."""
        print(_json(document) if self._as_json else table(rows))

    def text(self, text: str, document: Any) -> None:
        """Print a text for a person, and the document that says the same for a script."""
        print(_json(document) if self._as_json else "\n".join(map(wrapped, text.split("\n"))))

    def record(self, record: Mapping[str, Any]) -> None:
        """Print one thing with all that is known of it: lines for a person, JSON for a script."""
        print(_json(record) if self._as_json else "\n".join(map(wrapped, record_lines(record))))

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
