"""Finished attempts of a campaign, and the orders that archive them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


class Attempt(NamedTuple):
    """One completed contact attempt as CXone lists it, its fields named once and not checked yet.

    Any field may be None or of a wrong type: the consumer checks it. `source` is the record as it came.
    """

    attempt_id: Any
    contact_id: Any
    outcome_code: Any
    disposition: Any
    duration: Any
    anonymised: Any
    retention_days: Any
    source: Any


class Archivable(NamedTuple):
    """An attempt that is to be archived, every field checked."""

    attempt_id: str
    contact_id: str
    outcome_code: str
    disposition: str
    duration_seconds: int
    retention_days: int


@dataclass(frozen=True, slots=True)
class ArchiveOrder:
    """Attempts of one campaign that are to leave it together, all of them anonymised."""

    campaign_id: str
    attempts: Sequence[Archivable]
    delete_active: bool
    force_cold_storage: bool


@dataclass(frozen=True, slots=True)
class Archived:
    """What CXone said about an order: how many, never which. In progress, they leave the list later."""

    archived: int
    failed: int
    migration_job_id: str
    in_progress: bool


class AttemptsPort(Protocol):
    """Lists completed attempts and archives them. Both raise the errors of `outbound.cxone.errors`."""

    def page(self, campaign_id: str, limit: int, offset: int) -> Sequence[Attempt]:
        """Return a page of what a campaign's list of completed attempts is at this moment.

        Args:
            campaign_id: Whose attempts.
            limit: The size of a page; one with fewer is the last.
            offset: How many attempts come before it. The list changes while it is read: it shrinks by what is
                archived, and new attempts come first.
        """

    def archive(self, order: ArchiveOrder) -> Archived:
        """Archive attempts.

        Raises Conflict where the campaign is not paused, and InvalidRequest naming the field that CXone
        objects to. After Unavailable it is unknown which were archived: list them before trying again.
        """
