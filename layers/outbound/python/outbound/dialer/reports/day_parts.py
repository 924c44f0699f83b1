"""Objects of the lake that hold the rows of a day, each row once, however often it is reported.

What is reported again is laid over what is there: a row that is corrected takes its former one's place, and
one that a later answer leaves out stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from outbound.store.objects import Lake, line_of

Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DayParts:
    """The objects `<prefix>/dt=<day>/<name>.jsonl.gz`; `key_of` names what a row is known by."""

    lake: Lake
    prefix: str
    key_of: Callable[[Mapping[str, Any]], str]

    def merge(self, day: date, name: str, rows: Rows) -> int:
        """Lay rows, by what they are known by, over those of a day; return how many were not there before."""
        key = f"{self.prefix}/dt={day:%Y-%m-%d}/{name}.jsonl.gz"
        known = {self.key_of(orjson.loads(line)): line for line in self.lake.lines_if_any(key)}
        given = {one: line_of(row) for one, row in rows.items()}
        whole = known | {one: line.rstrip(b"\n") for one, line in given.items()}
        if whole != known:
            self.lake.write_lines(key, [whole[one] + b"\n" for one in sorted(whole)])
        return len(given.keys() - known.keys())
