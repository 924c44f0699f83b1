"""What is to become of an attempt: archived, skipped, or quarantined with its reason."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from outbound.archive.settings import LEAST_RETENTION_DAYS, MOST_RETENTION_DAYS, ArchiveSettings
from outbound.cxone.ports.attempts import Archivable, Attempt
from outbound.store.archive_run import Run

_LONGEST_TEXT = 256


class Reason(StrEnum):
    """Why an attempt is not archived. Skipped ones are none of the archive's; quarantined ones are wrong."""

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
class Rules:
    """What a run archives, from its settings and from what was asked for."""

    approved: Collection[str]
    wanted: Collection[str]
    disposition: str
    retention_days: int

    @classmethod
    def of(cls, run: Run, settings: ArchiveSettings) -> Rules:
        """Give the rules of a run."""
        return cls(
            settings.approved_outcomes,
            frozenset(run.outcomes),
            settings.default_disposition,
            settings.default_retention_days if run.retention_days is None else run.retention_days,
        )

    def sort(self, attempt: Attempt) -> Archivable | Reason:
        """Give an attempt checked and completed, or the first reason why it stays."""
        if not _is_text(attempt.attempt_id):
            return Reason.WITHOUT_ID
        if reason := self._skipped(attempt):
            return reason
        # Nothing but true itself will do: a person's data must not leave for want of a field.
        if attempt.anonymised is not True:
            return Reason.NOT_ANONYMISED
        return self._completed(attempt)

    def _skipped(self, attempt: Attempt) -> Reason | None:
        if not _is_text(attempt.outcome_code):
            return Reason.WITHOUT_OUTCOME
        if attempt.outcome_code not in self.approved:
            return Reason.UNAPPROVED
        if self.wanted and attempt.outcome_code not in self.wanted:
            return Reason.NOT_ASKED_FOR
        return None if _is_text(attempt.contact_id) else Reason.WITHOUT_CONTACT

    def _completed(self, attempt: Attempt) -> Archivable | Reason:
        disposition = self.disposition if attempt.disposition in (None, "") else attempt.disposition
        duration = 0 if attempt.duration is None else attempt.duration
        days = self.retention_days if attempt.retention_days is None else attempt.retention_days
        if not _is_text(disposition):
            return Reason.DISPOSITION
        if not _is_whole(duration) or duration < 0:
            return Reason.DURATION
        if not _is_whole(days) or not LEAST_RETENTION_DAYS <= days <= MOST_RETENTION_DAYS:
            return Reason.RETENTION
        return Archivable(
            attempt.attempt_id, attempt.contact_id, attempt.outcome_code, disposition, int(duration), days
        )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= _LONGEST_TEXT


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
