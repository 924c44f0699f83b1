"""From pages of calls to parts of the lake, with what is wrong set aside and what came twice dropped.

    page 4 | page 5 | page 6 | ...  --->  OpenPart  --->  gzip, SHA-256, one object, named after page 4
              rows, what was set aside, counts; compressed as they come

first pull of a window:   outcomes/dt=.../<campaign>/<job>-<first page>: there is nothing to lose
every later one:          staged/outcomes/dt=.../<campaign>/<job>-<first page>, until it is switched to

A part is a part of the lake and not a page: an object of many pages is cheaper to write and to query than
many objects of one, and a run that is cut off repeats no more than a part.
"""

from __future__ import annotations

from array import array
from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime

from outbound.cxone.ports.outcomes import OutcomePage
from outbound.outcomes.analysis import Analysis
from outbound.outcomes.job import Job, Part
from outbound.outcomes.rows import RowMaker
from outbound.outcomes.seen_calls import SeenCalls
from outbound.store.objects import GzippedLines, Lake, Stored, line_of

_PREFIX = "outcomes"
_SET_ASIDE_PREFIX = "set-aside/outcomes"
_STAGED = "staged/"

# A part is written when it has so many bytes, whatever its records: what is set aside may be long.
_ENOUGH_BYTES = 8 * 1024 * 1024
# And after so long (seconds), because that is what a run that is cut off repeats.
_ENOUGH_SECONDS = 20.0

_NOTHING = Stored("", "", 0)


class OpenPart:
    """Pages that are gathered for one object of the lake, from the page `first_page` on."""

    def __init__(self, first_page: int, opened_at: datetime) -> None:
        """Begin without a page."""
        self.first_page = first_page
        self.opened_at = opened_at
        self.pages = 0
        # All that arrived, whatever became of it.
        self.records = 0
        self.size = 0
        self.ids = array("Q")
        self.rows = GzippedLines()
        self.aside = GzippedLines()
        self._blocks: deque[tuple[GzippedLines, bytes, int]] = deque()
        self.reasons: Counter[str] = Counter()
        self.analysis = Analysis()

    def add(self, page: OutcomePage, maker: RowMaker, seen: SeenCalls) -> int:
        """Add a page without the calls that were `seen` before; return how many records were dropped."""
        dropped = 0
        for found in maker.classify(page.records):
            numbers = seen.add(found.calls.ids)
            again = numbers.count(0)
            calls = found.calls.only(numbers) if again else found.calls
            self.ids.extend(filter(None, numbers) if again else numbers)
            self.analysis.add(calls)
            self._keep(self.rows, maker.lines_of(calls), len(calls.ids))
            self._keep(self.aside, b"".join(map(line_of, found.aside)), len(found.aside))
            self.reasons.update(entry["reason"] for entry in found.aside)
            dropped += again + found.of_next_window
        self.pages += 1
        self.records += len(page.records)
        return dropped

    def compress(self) -> None:
        """Compress what was added since it was called last; not to be called by two threads at once."""
        while self._blocks:
            lines, block, count = self._blocks.popleft()
            lines.add(block, count)

    def _keep(self, lines: GzippedLines, block: bytes, count: int) -> None:
        if count:
            self._blocks.append((lines, block, count))
            self.size += len(block)

    def is_full(self, most_records: int, now: datetime) -> bool:
        """Return True if the part has enough records or bytes, or was opened long enough ago."""
        return (
            self.records >= most_records
            or self.size >= _ENOUGH_BYTES
            or (now - self.opened_at).total_seconds() >= _ENOUGH_SECONDS
        )


class PartWriter:
    """Writes parts to the lake."""

    def __init__(self, lake: Lake) -> None:
        """Write to this lake."""
        self._lake = lake

    def write(self, job: Job, gathered: OpenPart, leftover: bool = False) -> Part:
        """Write what was gathered, and return it as it is listed.

        Args:
            job: The job whose lease is held.
            gathered: The pages, in a part that gets no more of them.
            leftover: True where an earlier try may have written under the same keys: what it wrote and this
                one does not write is removed.
        """
        gathered.compress()
        key, aside_key = keys_of_part(job, gathered.first_page)
        stored = self._write(_written_at(job, key), gathered.rows, leftover)
        self._write(_written_at(job, aside_key), gathered.aside, leftover)
        return Part(
            page=gathered.first_page,
            pages=gathered.pages,
            key=key if stored.key else "",
            sha256=stored.sha256,
            records=gathered.rows.count,
            size=stored.size,
            set_aside=dict(gathered.reasons),
            analysis=gathered.analysis.to_json(),
            ids=gathered.ids.tobytes(),
        )

    def _write(self, key: str, lines: GzippedLines, leftover: bool) -> Stored:
        if lines.count:
            return self._lake.write_gzipped(key, lines)
        if leftover:
            self._lake.remove([key])
        return _NOTHING


def staged(key: str) -> str:
    """Return the key under which an object waits until its generation is the lake's."""
    return _STAGED + key


def _written_at(job: Job, key: str) -> str:
    return staged(key) if job.staged else key


def keys_of_part(job: Job, first_page: int) -> tuple[str, str]:
    """Return the keys of a part's objects in the lake: of its rows, and of what was set aside.

    The same first page, the same keys, however often it is written.
    """
    place = f"dt={job.start:%Y-%m-%d}/{job.campaign_id}/{job.job_id}-{first_page:06}.jsonl.gz"
    return f"{_PREFIX}/{place}", f"{_SET_ASIDE_PREFIX}/{place}"


def keys_without_part(job: Job, parts: Sequence[Part]) -> list[str]:
    """Return the keys under which an earlier, other pull may have written, and this one has no part."""
    pages = set(range(job.pages_before)) - {part.page for part in parts}
    return [key for page in sorted(pages) for key in keys_of_part(job, page)]
