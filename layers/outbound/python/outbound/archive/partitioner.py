"""Partitioning: each collected attempt goes into exactly one place, and what is archived into batches.

    collected page -> duplicate?  -> dropped
                   -> rules       -> skipped or quarantined, with its reason, set aside
                                  -> a batch of its retention class, 200 at most

A step that hands over ends its open batches first, so the next one begins with none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from outbound.archive.cold_storage import retention_class
from outbound.archive.collector import Collector
from outbound.archive.keys import aside_key, batch_key
from outbound.archive.rows import lines_of, row_of, short_hash
from outbound.archive.runs import Run, Runs, RunStatus
from outbound.archive.settings import ArchiveSettings
from outbound.archive.sorting import Reason, Rules
from outbound.archive.step_result import Answer, Outcome, RunFailed, Superseded
from outbound.clock import Deadline
from outbound.cxone.ports.attempts import Attempt
from outbound.store.lake import Lake, line_of

ARCHIVABLE, DUPLICATES = "archivable", "duplicates"

# Time to write what is open.
_MARGIN_SECONDS = 15.0


@dataclass(slots=True)
class _Work:
    """What a step has in hand: ids that were met, counts, and batches that are not full."""

    run: Run
    rules: Rules
    batch_size: int
    batches: int
    counts: Counter[str]
    seen: set[int] = field(default_factory=set)
    open: dict[int, list[dict[str, Any]]] = field(default_factory=dict)


class Partitioner:
    """Sorts what was collected."""

    def __init__(self, collector: Collector, runs: Runs, lake: Lake) -> None:
        """Write batches, and what is set aside, into this lake."""
        self._collector = collector
        self._runs = runs
        self._lake = lake

    def partition(self, run: Run, settings: ArchiveSettings, deadline: Deadline) -> Answer:
        """Sort the collected pages from where the run stands: complete, more or empty.

        Raises RunFailed where an attempt is not anonymised and a run is to stop then.
        """
        progress = run.progress
        work = _Work(
            run,
            Rules.of(run, settings),
            settings.batch_size,
            progress.batches,
            Counter(progress.counts),
            self._seen_before(run),
        )
        page = progress.sorted_pages
        while page < progress.collected.page and deadline.left() > _MARGIN_SECONDS:
            self._sort(work, page)
            page += 1
        for rows in work.open.values():
            self._write(work, rows)
        done = page == progress.collected.page
        moved = self._runs.advance(
            run, sorted_pages=page, sorted=done, batches=work.batches, counts=dict(work.counts), failures=0
        )
        if moved is None:
            raise Superseded
        return _answer(moved, settings)

    def _seen_before(self, run: Run) -> set[int]:
        pages = range(run.progress.sorted_pages)
        ids = (attempt.attempt_id for page in pages for attempt in self._collector.page(run, page))
        return {short_hash(one) for one in ids if isinstance(one, str)}

    def _sort(self, work: _Work, page: int) -> None:
        aside = []
        for attempt in self._collector.page(work.run, page):
            if isinstance(attempt.attempt_id, str):
                known = short_hash(attempt.attempt_id)
                if known in work.seen:
                    work.counts[DUPLICATES] += 1
                    continue
                work.seen.add(known)
            if reason := self._sorted(work, attempt):
                work.counts[reason.value] += 1
                aside.append(_set_aside(attempt, reason))
        if aside:
            self._lake.write_lines(aside_key(work.run, page), aside)

    def _sorted(self, work: _Work, attempt: Attempt) -> Reason | None:
        """Put an attempt into a batch, or give the reason why it stays."""
        sorted_ = work.rules.sort(attempt)
        if isinstance(sorted_, Reason):
            return sorted_
        work.counts[ARCHIVABLE] += 1
        kept = retention_class(sorted_.retention_days)
        rows = work.open.setdefault(kept, [])
        rows.append(row_of(work.run, sorted_, attempt))
        if len(rows) == work.batch_size:
            self._write(work, work.open.pop(kept))
        return None

    def _write(self, work: _Work, rows: list[dict[str, Any]]) -> None:
        self._lake.write_lines(batch_key(work.run, work.batches), lines_of(rows))
        work.batches += 1


def _set_aside(attempt: Attempt, reason: Reason) -> bytes:
    ids = {"attempt_id": attempt.attempt_id, "contact_id": attempt.contact_id}
    return line_of({**ids, "reason": reason.value})


def _answer(run: Run, settings: ArchiveSettings) -> Answer:
    counts = {name: int(count) for name, count in run.progress.counts.items()}
    if counts.get(Reason.NOT_ANONYMISED) and settings.not_anonymised == "stop":
        message = "an attempt is not anonymised, and not_anonymised is set to stop"
        raise RunFailed("not_anonymised", message, RunStatus.STOPPED)
    if not run.progress.sorted:
        return Answer(Outcome.MORE, counts=counts)
    return Answer(Outcome.COMPLETE if run.progress.batches else Outcome.EMPTY, counts=counts)
