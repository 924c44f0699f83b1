"""The copier: every batch is in cold storage, read back and noted, before CXone is asked to drop anything."""

from __future__ import annotations

from typing import Any

from outbound.archive.batches import Batch, Batches
from outbound.archive.cold_storage import ColdStorage, archive_key, manifest_key, retention_class
from outbound.archive.keys import batch_key
from outbound.archive.rows import lines_of
from outbound.archive.runs import ArchiveRun, ArchiveRuns
from outbound.archive.step_result import StepOutcome, StepResult
from outbound.clock import Clock, Deadline, format_time
from outbound.store.objects import Lake

_MARGIN_SECONDS = 10.0


class Copier:
    """Copies batches from the lake into cold storage."""

    def __init__(
        self, runs: ArchiveRuns, batches: Batches, lake: Lake, storage: ColdStorage, clock: Clock
    ) -> None:
        """Copy from this lake into this storage."""
        self._runs = runs
        self._batches = batches
        self._lake = lake
        self._storage = storage
        self._clock = clock

    def copy(self, run: ArchiveRun, deadline: Deadline) -> StepResult:
        """Copy the batches from where the run is, and write the manifest: complete or more."""
        number = run.progress.copied
        while number < run.progress.batches and deadline.left() > _MARGIN_SECONDS:
            if self._batches.get(run.run_id, number) is None:
                self._copy(run, number)
            number += 1
        done = number == run.progress.batches
        if done:
            self._storage.keep_manifest(manifest_key(run.campaign_id, run.run_id), self._manifest(run))
        self._runs.advance(run, copied=number, copies_done=done, failures=0)
        return StepResult(StepOutcome.COMPLETE if done else StepOutcome.MORE, counts={"copied": number})

    def rows(self, run: ArchiveRun, number: int) -> list[dict[str, Any]]:
        """Return the rows of a batch."""
        return self._lake.read_lines(batch_key(run, number))

    def _copy(self, run: ArchiveRun, number: int) -> None:
        rows = self.rows(run, number)
        kept_days = retention_class(max(row["retention_days"] for row in rows))
        key = archive_key(run.planned_at, run.campaign_id, run.run_id, number)
        stored = self._storage.keep(key, lines_of(rows), kept_days)
        batch = Batch(number, len(rows), key, stored.sha256, stored.stored_bytes, kept_days)
        self._batches.add_copied(run.run_id, batch, self._clock.now())

    def _manifest(self, run: ArchiveRun) -> dict[str, Any]:
        return {
            "schema_version": 1,
            "campaign_id": run.campaign_id,
            "run_id": run.run_id,
            "planned_at": format_time(run.planned_at),
            "parts": [
                {
                    "key": batch.key,
                    "attempts": batch.size,
                    "sha256": batch.sha256,
                    "retention_days": batch.retention_days,
                }
                for batch in self._batches.all(run.run_id)
            ],
        }
