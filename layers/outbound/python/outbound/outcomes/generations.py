"""A window that is pulled again: a new generation beside the old one, and the switch from one to the other.

    parts ----> staged/outcomes/...      the lake's objects, manifest and figures stay as they are
      |  a pull that fails, for whatever reason, ends here: nothing has changed
      v
    compared with the manifest, quiet and nothing changed ----> staged parts removed, nothing is reported
      v
    switch begun (in the job, fenced) ----> copied part by part ----> surplus parts removed ----> manifest
      |  whatever cuts it off here: the job's message comes back, at the latest by the sweeper minutes
      v  later, and the next run resumes the copying before it looks at anything else
    staged parts removed ----> completed + fact

The keys of the lake stay those of the window's parts, so the usual window, of one part, is switched by one
copy: a query that reads the lake by prefix, as Athena does, sees either generation. A window of many parts is
switched part by part, within seconds, and parts that did not change are not touched; a reader to whom that
matters takes the parts that the manifest names, with their SHA-256.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock, Deadline
from outbound.cxone.errors import OutOfTime
from outbound.logs import logger
from outbound.outcomes.job import Job, Part
from outbound.outcomes.leased_jobs import LeasedJobs
from outbound.outcomes.part_writer import keys_of_part, keys_without_part, staged
from outbound.outcomes.parts import set_aside_of
from outbound.store.objects import Lake, NotRemoved

# With less time left (seconds) a run hands over to the next one.
_HAND_OVER_SECONDS = 8.0
# Parts between two notes of how far the switch is.
_PARTS_A_NOTE = 25
# Rows of each generation that are compared one by one; of more it is only known that they differ.
_MOST_COMPARED = 100_000
_MOST_PARTS = 200


class GenerationSwitch:
    """Compares a window's staged generation with the lake's, and puts it into its place."""

    def __init__(self, jobs: LeasedJobs, lake: Lake, clock: Clock) -> None:
        """Switch objects of this lake."""
        self._jobs = jobs
        self._lake = lake
        self._clock = clock

    def current(self, job: Job) -> Mapping[str, Any]:
        """Return the manifest of the generation that the lake has; empty where it is gone."""
        return self._lake.read_document(job.result["manifest"]) or {}

    def changes(self, parts: Sequence[Part], current: Mapping[str, Any]) -> Mapping[str, int] | None:
        """Count the calls that are new, other and gone in the staged generation.

        None where something changed and it is not known what: too much, or the old manifest is gone.
        """
        if not current:
            return None
        old, new = _differing(current, parts)
        if len(old) + len(new) > _MOST_PARTS or max(_records(old), _records(new)) > _MOST_COMPARED:
            return None
        before = {row_id: line for key in old for row_id, line in self._rows(key)}
        counted = {"added": 0, "changed": 0, "removed": 0}
        for key in new:
            for row_id, line in self._rows(staged(key)):
                was = before.pop(row_id, None)
                counted["added"] += was is None
                counted["changed"] += was is not None and was != line
        counted["removed"] = len(before)
        counted["set_aside"] = _aside_changes(current, parts)
        return counted

    def switch(
        self,
        job: Job,
        parts: Sequence[Part],
        current: Mapping[str, Any],
        changes: Mapping[str, int] | None,
        deadline: Deadline,
    ) -> Job:
        """Put the staged pages into the places of the lake's, from where an earlier run stopped.

        Args:
            job: The job, whose run holds its lease.
            parts: The parts of the staged generation.
            current: The manifest of the lake's, empty where it has none.
            changes: What the new generation changes, None where that is not known; kept for the runs to come.
            deadline: When to stop.

        Returns:
            The job, all of whose pages are switched.

        Raises:
            OutOfTime: The next run has to resume it.
            Superseded: The lease was lost.
        """
        if job.switch is None:
            job = self._jobs.begin_switch(job, changes, self._clock.now())
        hashes = {part["page"]: part["sha256"] for part in current.get("parts", [])}
        switched = job.switch.pages if job.switch else 0
        remaining = [part for part in parts if part.page >= switched]
        for first in range(0, len(remaining), _PARTS_A_NOTE):
            if deadline.left() < _HAND_OVER_SECONDS:
                raise OutOfTime("the function's time is nearly up; the next run resumes the switch")
            batch = remaining[first : first + _PARTS_A_NOTE]
            gone = [key for part in batch for key in self._replace(job, part, hashes.get(part.page))]
            self._lake.remove(gone)
            job = self._jobs.switched(job, batch[-1].next_page, self._clock.now())
        self._lake.remove(keys_without_part(job, parts))
        return job

    def remove_staged(self, job: Job) -> None:
        """Remove what was staged, whether it was checked off or not; what S3 keeps expires by itself."""
        pages = range(job.most_pages)
        try:
            self._lake.remove([staged(key) for page in pages for key in keys_of_part(job, page)])
        except (NotRemoved, ClientError, BotoCoreError) as error:
            logger.warning("staged parts stay", extra={"job_id": job.job_id, "error": str(error)})

    def _replace(self, job: Job, part: Part, sha256_before: str | None) -> list[str]:
        """Copy a page's objects to where the lake has them; return the keys of those that it has no more."""
        key, aside_key = keys_of_part(job, part.page)
        if part.key and part.sha256 != sha256_before:
            self._lake.copy(staged(key), key)
        if part.set_aside:
            self._lake.copy(staged(aside_key), aside_key)
        return [gone for gone, stays in ((key, part.key), (aside_key, part.set_aside)) if not stays]

    def _rows(self, key: str) -> Iterator[tuple[str, int]]:
        """Return the ids of a part's rows, each with a hash of its line."""
        for line in self._lake.lines(key):
            yield orjson.loads(line)["id"], hash(line)


def _differing(current: Mapping[str, Any], parts: Sequence[Part]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the keys of both generations' parts, with their records, less those that are equal in both."""
    old = Counter(part["sha256"] for part in current["parts"])
    new = Counter(part.sha256 for part in parts if part.key)
    only_old, only_new = old - new, new - old
    return (
        {part["key"]: part["records"] for part in current["parts"] if part["sha256"] in only_old},
        {part.key: part.records for part in parts if part.key and part.sha256 in only_new},
    )


def _records(parts: Mapping[str, int]) -> int:
    return sum(parts.values())


def _aside_changes(current: Mapping[str, Any], parts: Sequence[Part]) -> int:
    """Count by how many the records set aside differ, over all reasons."""
    old, new = Counter(current.get("set_aside", {})), Counter(set_aside_of(parts))
    return (old - new).total() + (new - old).total()
