"""From a page of calls to a part of the lake, with what is wrong set aside and what came twice dropped.

first pull of a window:   outcomes/dt=.../<campaign>/<job>-<page>, page by page: there is nothing to lose
every later one:          staged/outcomes/dt=.../<campaign>/<job>-<page>, until `switching` moves it there
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from outbound.cxone.ports.outcomes import CallRecord, OutcomePage
from outbound.outcomes.analysis import Analysis
from outbound.outcomes.jobs import Job
from outbound.outcomes.rows import Row, RowMaker, SetAside
from outbound.outcomes.seen_calls import SeenCalls, written_down
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window
from outbound.store.lake import Lake, Stored, line_of, part_key
from outbound.store.parts import Part

PREFIX = "outcomes"
SET_ASIDE_PREFIX = "set-aside/outcomes"
_STAGED = "staged/"

# A record that is set aside is kept as text, up to this length: it may be anything.
_LONGEST_KEPT = 64 * 1024

_NOTHING = Stored("", "", 0)

# Rows live as long as their slice, then as bytes: thousands of them at once are walked again and again by
# the garbage collector, which costs more than making them.
_SLICE = 250


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was written: its part, and how many records were dropped as duplicates."""

    part: Part
    duplicates: int


@dataclass(slots=True)
class _Sorted:
    """The records of a page, sorted out: lines for the lake, numbers of their ids, what they amount to."""

    lines: list[bytes] = field(default_factory=list)
    aside: list[Mapping[str, Any]] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    duplicates: int = 0
    analysis: Analysis = field(default_factory=Analysis)


class PageWriter:
    """Writes pages to the lake."""

    def __init__(self, lake: Lake) -> None:
        """Write to this lake."""
        self._lake = lake

    def write(
        self, job: Job, page: OutcomePage, seen: SeenCalls, settings: OutcomeSettings, leftover: bool = False
    ) -> Page:
        """Write a page's part: without the calls that were `seen` on the pages before, which it adds to.

        With `leftover` an earlier try may have written this page already; what it wrote and this one does
        not write is removed.
        """
        maker = RowMaker(job.campaign_id, Window(job.start, job.end), settings)
        found = _Sorted()
        for first in range(0, len(page.records), _SLICE):
            rows = _sorted_out(page.records[first : first + _SLICE], seen, maker, found)
            found.analysis.add(rows)
            found.lines += map(line_of, rows)
        part_key, aside_key = keys_of_page(job, job.position.page)
        stored = self._write(_written_at(job, part_key), found.lines, leftover)
        self._write(_written_at(job, aside_key), [line_of(entry) for entry in found.aside], leftover)
        stored = replace(stored, key=part_key if stored.key else "")
        return Page(_part(job.position.page, stored, found), found.duplicates)

    def _write(self, key: str, lines: Sequence[bytes], leftover: bool) -> Stored:
        if lines:
            return self._lake.write_lines(key, lines)
        if leftover:
            self._lake.remove([key])
        return _NOTHING


def staged(key: str) -> str:
    """Give the key under which an object waits until its generation is the lake's."""
    return _STAGED + key


def _written_at(job: Job, key: str) -> str:
    return staged(key) if job.staged else key


def keys_of_page(job: Job, page: int) -> tuple[str, str]:
    """Give the keys of a page's objects in the lake: of its part, and of what was set aside."""
    place = (job.start, job.campaign_id, job.job_id, page)
    return part_key(PREFIX, *place), part_key(SET_ASIDE_PREFIX, *place)


def _part(page: int, stored: Stored, found: _Sorted) -> Part:
    return Part(
        page=page,
        key=stored.key,
        sha256=stored.sha256,
        records=len(found.lines),
        size=stored.size,
        set_aside=dict(Counter(entry["reason"] for entry in found.aside)),
        analysis=found.analysis.to_json(),
        ids=written_down(found.ids),
    )


def _sorted_out(records: Sequence[CallRecord], seen: SeenCalls, maker: RowMaker, found: _Sorted) -> list[Row]:
    """Give the rows of some records; what is none of them is noted in `found`."""
    rows: list[Row] = []
    row_of = maker.row_of
    for record in records:
        try:
            row = row_of(record)
        except SetAside as reason:
            found.aside.append({"reason": str(reason), "record": _as_text(record.source)})
            continue
        # A call that started at the window's very end is the next window's, whichever of them brings it.
        if row is None:
            found.duplicates += 1
        else:
            rows.append(row)
    numbers = seen.add([row["id"] for row in rows])
    if not all(numbers):
        found.duplicates += numbers.count(0)
        rows = [row for row, number in zip(rows, numbers, strict=True) if number]
        numbers = [number for number in numbers if number]
    found.ids += numbers
    return rows


def _as_text(record: Any) -> str:
    """Give a record as JSON text, so that every line of what is set aside has the same shape."""
    try:
        return orjson.dumps(record).decode()[:_LONGEST_KEPT]
    except (TypeError, RecursionError):
        return "(nested too deeply to be kept)"
