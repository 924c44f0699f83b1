"""What was archived of a campaign, by which requests, and what is left."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Any
from uuid import uuid4

from sandbox.tenant.attempt_list import AttemptList
from sandbox.world import Campaign, CampaignAttempts, iso


@dataclass(frozen=True, slots=True)
class Archiving:
    """A request to archive that was acted on, and what became of its items."""

    arrived: float
    job_id: str
    body: Mapping[str, Any]
    archived: tuple[str, ...]
    failed: tuple[str, ...]

    def shown(self) -> dict[str, Any]:
        """Return the request for whoever steers the sandbox."""
        return {name: getattr(self, name) for name in ("arrived", "job_id", "body", "archived", "failed")}


class ArchiveBook:
    """One campaign's completed attempts and what happened to them."""

    def __init__(self, seed: int, campaign: Campaign, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with the first list, and with nothing archived."""
        self._seconds = campaign.attempts.archive_seconds
        self._clock = clock
        self._leaving: list[tuple[float, list[int]]] = []
        self._failing: dict[str, float] = {}
        self._drift = (0, 0, 0)
        self.attempts = CampaignAttempts(seed, campaign)
        self.list = AttemptList(self.attempts)
        self.archived: Counter[str] = Counter()
        self.log: list[Archiving] = []

    def page(self, offset: int, limit: int) -> list[dict[str, Any]]:
        """Return a page of what is left; the list may change behind it, if that was asked for."""
        self.settle()
        page = self.list.page(offset, limit)
        grow, shrink, reads = self._drift
        if reads:
            self._drift = (grow, shrink, reads - 1)
            self.change(grow, shrink)
        return page

    def archive(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Archive what can be archived and return the answer, which names no item that failed."""
        self.settle()
        job_id = f"mig-{uuid4().hex[:12]}"
        archived = [item["attemptId"] for item in body["items"] if self._take(item)]
        failed = [one["attemptId"] for one in body["items"] if one["attemptId"] not in set(archived)]
        self.log.append(Archiving(time.time(), job_id, body, tuple(archived), tuple(failed)))
        numbers = [self.attempts.number_of(attempt_id) for attempt_id in archived]
        self._leaving.append((self._clock() + self._seconds, [one for one in numbers if one is not None]))
        self.settle()
        return {
            "archivedCount": len(archived),
            "failedCount": len(failed),
            "migrationJobId": job_id,
            # Assumption: work that goes on behind the answer is called so, and is a 202.
            "status": "IN_PROGRESS" if self._seconds else "COMPLETED",
            "timestamp": iso(datetime.now(UTC).replace(microsecond=0)),
        }

    def settle(self) -> None:
        """Take off the list what was archived long enough ago."""
        now = self._clock()
        for due, numbers in self._leaving:
            for number in numbers if due <= now else ():
                self.list.remove(number)
        self._leaving = [one for one in self._leaving if one[0] > now]

    def fail(self, attempt_ids: Iterable[str], times: int | None) -> None:
        """Let the next `times` requests (None: all) fail to archive these attempts."""
        self._failing |= dict.fromkeys(attempt_ids, inf if times is None else times)

    def change(self, grow: int, shrink: int) -> tuple[list[str], list[str]]:
        """Let attempts appear at the front of the list and others vanish there; return their ids."""
        self.settle()
        gone = self.list.shrink(shrink)
        new = self.list.grow(grow)
        return [self.attempts.id_of(one) for one in new], [self.attempts.id_of(one) for one in gone]

    def change_while_read(self, grow: int, shrink: int, reads: int) -> None:
        """Change the list like that after each of the next `reads` pages."""
        self._drift = (grow, shrink, reads)

    def _take(self, item: Mapping[str, Any]) -> bool:
        """Mark an item's attempt as archived, or return False where it cannot be."""
        attempt_id = item["attemptId"]
        if self._failing.get(attempt_id, 0) > 0:
            self._failing[attempt_id] -= 1
            return False
        # Assumption: what is archived already fails, and so does what contradicts the attempt.
        if attempt_id in self.archived:
            self.archived[attempt_id] += 1
            return False
        if not self._agrees(item):
            return False
        self.archived[attempt_id] = 1
        return True

    def _agrees(self, item: Mapping[str, Any]) -> bool:
        number = self.attempts.number_of(item["attemptId"])
        if number is None or not self.list.has(number):
            return False
        record = self.attempts.record(number)
        said = {"contactId": item["contactId"], "outcomeCode": item["statusMatrix"]["outcomeCode"]}
        return "id" in record and record.items() >= {**said, "anonymized": True}.items()
