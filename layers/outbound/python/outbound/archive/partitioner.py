"""The partitioner: each collected attempt goes into exactly one place, and what is archived into batches.

    collected page -> duplicate?  -> dropped
                   -> rules       -> skipped or quarantined, with its reason, set aside
                                  -> a batch of its retention class, 200 at most

A step that hands over ends its open batches first, so the next one begins with none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from outbound.archive.cold_storage import retention_class
from outbound.archive.collector import Collector
from outbound.archive.keys import aside_key, batch_key
from outbound.archive.rows import lines_of, row_of, short_hash
from outbound.archive.runs import ArchiveRun, ArchiveRuns, RunStatus
from outbound.archive.settings import ArchiveSettings
from outbound.archive.step_result import RunFailed, StepOutcome, StepResult
from outbound.clock import Deadline
from outbound.cxone.ports.attempts import Archivable, Attempt
from outbound.events.fields import MAX_RETENTION_DAYS, MIN_RETENTION_DAYS
from outbound.store.objects import Lake, line_of

ARCHIVABLE, DUPLICATES = "archivable", "duplicates"

# Time to write what is open.
_MARGIN_SECONDS = 15.0
_LONGEST_TEXT = 256


class ExclusionReason(StrEnum):
    """Why an attempt is not archived: skipped ones are not the archive's, quarantined ones are wrong."""

    UNAPPROVED = "skipped.unapproved_outcome"
    WITHOUT_OUTCOME = "skipped.without_outcome"
    NOT_ASKED_FOR = "skipped.not_asked_for"
    WITHOUT_CONTACT = "skipped.without_contact"
    WITHOUT_ID = "quarantined.without_id"
    NOT_ANONYMISED = "quarantined.not_anonymised"
    RETENTION = "quarantined.retention_out_of_bounds"
    DURATION = "quarantined.invalid_duration"
    DISPOSITION = "quarantined.invalid_disposition"


@dataclass(frozen=True, slots=True)
class ArchiveRules:
    """What a run archives, from its settings and from its request."""

    approved: Collection[str]
    requested: Collection[str]
    """Outcomes that the request names; empty: all that are approved."""

    disposition: str
    """Of attempts that have none."""

    retention_days: int
    """Of attempts that name none."""

    @classmethod
    def of(cls, run: ArchiveRun, settings: ArchiveSettings) -> ArchiveRules:
        """Return the rules of a run."""
        return cls(
            settings.approved_outcomes,
            frozenset(run.outcomes),
            settings.default_disposition,
            settings.default_retention_days if run.retention_days is None else run.retention_days,
        )

    def classify(self, attempt: Attempt) -> Archivable | ExclusionReason:
        """Return an attempt checked and completed, or the first reason why it stays."""
        if not _is_text(attempt.attempt_id):
            return ExclusionReason.WITHOUT_ID
        if reason := self._skipped(attempt):
            return reason
        # Nothing but true itself will do: a person's data must not leave for want of a field.
        if attempt.anonymised is not True:
            return ExclusionReason.NOT_ANONYMISED
        return self._completed(attempt)

    def _skipped(self, attempt: Attempt) -> ExclusionReason | None:
        if not _is_text(attempt.outcome_code):
            return ExclusionReason.WITHOUT_OUTCOME
        if attempt.outcome_code not in self.approved:
            return ExclusionReason.UNAPPROVED
        if self.requested and attempt.outcome_code not in self.requested:
            return ExclusionReason.NOT_ASKED_FOR
        return None if _is_text(attempt.contact_id) else ExclusionReason.WITHOUT_CONTACT

    def _completed(self, attempt: Attempt) -> Archivable | ExclusionReason:
        disposition = self.disposition if attempt.disposition in (None, "") else attempt.disposition
        duration = 0 if attempt.duration is None else attempt.duration
        days = self.retention_days if attempt.retention_days is None else attempt.retention_days
        if not _is_text(disposition):
            return ExclusionReason.DISPOSITION
        if not _is_whole(duration) or duration < 0:
            return ExclusionReason.DURATION
        if not _is_whole(days) or not MIN_RETENTION_DAYS <= days <= MAX_RETENTION_DAYS:
            return ExclusionReason.RETENTION
        return Archivable(
            attempt.attempt_id, attempt.contact_id, attempt.outcome_code, disposition, int(duration), days
        )


@dataclass(slots=True)
class _Work:
    """What a step has in hand: ids that were met, counts, and batches that are not full."""

    run: ArchiveRun
    rules: ArchiveRules
    batch_size: int
    batches: int
    counts: Counter[str]
    seen: set[int] = field(default_factory=set)
    open: dict[int, list[dict[str, Any]]] = field(default_factory=dict)


class Partitioner:
    """Classifies what was collected, and makes batches of what is archived."""

    def __init__(self, collector: Collector, runs: ArchiveRuns, lake: Lake) -> None:
        """Write batches, and what is set aside, into this lake."""
        self._collector = collector
        self._runs = runs
        self._lake = lake

    def partition(self, run: ArchiveRun, settings: ArchiveSettings, deadline: Deadline) -> StepResult:
        """Classify the collected pages from where the run is: complete, more or empty.

        Raises RunFailed where an attempt is not anonymised and the settings say that a run stops then.
        """
        progress = run.progress
        work = _Work(
            run,
            ArchiveRules.of(run, settings),
            settings.batch_size,
            progress.batches,
            Counter(progress.counts),
            self._seen_before(run),
        )
        page = progress.classified_pages
        while page < progress.collected.page and deadline.left() > _MARGIN_SECONDS:
            self._classify_page(work, page)
            page += 1
        for rows in work.open.values():
            self._write(work, rows)
        run = self._runs.advance(
            run,
            classified_pages=page,
            classified=page == progress.collected.page,
            batches=work.batches,
            counts=dict(work.counts),
            failures=0,
        )
        return _result(run, settings)

    def _seen_before(self, run: ArchiveRun) -> set[int]:
        pages = range(run.progress.classified_pages)
        ids = (attempt.attempt_id for page in pages for attempt in self._collector.page(run, page))
        return {short_hash(attempt_id) for attempt_id in ids if isinstance(attempt_id, str)}

    def _classify_page(self, work: _Work, page: int) -> None:
        aside = []
        for attempt in self._collector.page(work.run, page):
            if isinstance(attempt.attempt_id, str):
                known = short_hash(attempt.attempt_id)
                if known in work.seen:
                    work.counts[DUPLICATES] += 1
                    continue
                work.seen.add(known)
            if reason := self._into_batch(work, attempt):
                work.counts[reason.value] += 1
                aside.append(_set_aside(attempt, reason))
        if aside:
            self._lake.write_lines(aside_key(work.run, page), aside)

    def _into_batch(self, work: _Work, attempt: Attempt) -> ExclusionReason | None:
        """Put an attempt into a batch, or return the reason why it stays."""
        classified = work.rules.classify(attempt)
        if isinstance(classified, ExclusionReason):
            return classified
        work.counts[ARCHIVABLE] += 1
        kept_days = retention_class(classified.retention_days)
        rows = work.open.setdefault(kept_days, [])
        rows.append(row_of(work.run, classified, attempt))
        if len(rows) == work.batch_size:
            self._write(work, work.open.pop(kept_days))
        return None

    def _write(self, work: _Work, rows: list[dict[str, Any]]) -> None:
        self._lake.write_lines(batch_key(work.run, work.batches), lines_of(rows))
        work.batches += 1


def _set_aside(attempt: Attempt, reason: ExclusionReason) -> bytes:
    ids = {"attempt_id": attempt.attempt_id, "contact_id": attempt.contact_id}
    return line_of({**ids, "reason": reason.value})


def _result(run: ArchiveRun, settings: ArchiveSettings) -> StepResult:
    counts = {name: int(count) for name, count in run.progress.counts.items()}
    if counts.get(ExclusionReason.NOT_ANONYMISED) and settings.not_anonymised == "stop":
        message = "an attempt is not anonymised, and not_anonymised is set to stop"
        raise RunFailed("not_anonymised", message, RunStatus.STOPPED)
    if not run.progress.classified:
        return StepResult(StepOutcome.MORE, counts=counts)
    return StepResult(StepOutcome.COMPLETE if run.progress.batches else StepOutcome.EMPTY, counts=counts)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= _LONGEST_TEXT


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
