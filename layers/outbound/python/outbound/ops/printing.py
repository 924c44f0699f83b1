"""What commands print: a table for a person, JSON for a script."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


class Output:
    """Prints results."""

    def __init__(self, as_json: bool) -> None:
        """Print JSON, or tables and sentences."""
        self._as_json = as_json

    def rows(self, rows: Sequence[Mapping[str, Any]], empty: str) -> None:
        """Print rows of the same columns; for a person, `empty` where there are none."""
        if self._as_json:
            print(json.dumps(rows, indent=2))
        elif not rows:
            print(empty)
        else:
            print(_table(rows))

    def said(self, sentence: str, **values: Any) -> None:
        """Print what was done: the sentence for a person, the values for a script."""
        print(json.dumps(values, indent=2) if self._as_json else sentence)

    def account(self, sentence: str, name: str, rows: Sequence[Mapping[str, Any]], **values: Any) -> None:
        """Print a sentence and the rows that bear it out; for a script the values, the rows by `name`."""
        if self._as_json:
            print(json.dumps({**values, name: rows}, indent=2))
        else:
            print("\n\n".join([sentence, *([_table(rows)] if rows else [])]))

    def described(self, document: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print a document that is for scripts alone; for a person rows that say the same."""
        print(json.dumps(document, indent=2) if self._as_json else _table(rows))

    def text(self, text: str, document: Any) -> None:
        """Print a text for a person, and the document that says the same for a script."""
        print(json.dumps(document, indent=2) if self._as_json else text)

    def document(self, document: Any) -> None:
        """Print a document; JSON is the form that a person edits it in, too."""
        print(json.dumps(document, indent=2))


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(rows[0])
    cells = [columns, *([_cell(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[number]) for line in cells) for number in range(len(columns))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return str(value)
