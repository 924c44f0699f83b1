"""Settling batches: how one ended is written down with its fact, and said."""

from __future__ import annotations

from collections.abc import Sequence

from outbound.archive.batches import Batch, Batches, BatchResult
from outbound.archive.facts import Facts
from outbound.archive.runs import Run
from outbound.archive.settings import ArchiveSettings
from outbound.clock import Clock
from outbound.events import PublishFailed
from outbound.observability import Metric, logger, measure
from outbound.store.outbox import Outbox


class Settler:
    """Ends batches."""

    def __init__(self, batches: Batches, outbox: Outbox, facts: Facts, clock: Clock) -> None:
        """Write into this ledger; publish through this outbox."""
        self._batches = batches
        self._outbox = outbox
        self._facts = facts
        self._clock = clock

    def settle(
        self, run: Run, batch: Batch, result: BatchResult, job_ids: Sequence[str], settings: ArchiveSettings
    ) -> None:
        """End a batch with its fact."""
        now = self._clock.now()
        fact = self._facts.archived(run, batch, result, job_ids, settings.force_cold_storage, now)
        item = self._batches.settle(run.run_id, batch, result, job_ids, fact, now)
        measure(Metric.ATTEMPTS_ARCHIVED, result.archived)
        if result.failed:
            measure(Metric.ATTEMPTS_NOT_ARCHIVED, result.failed)
        try:
            self._outbox.publish(self._batches.key(run.run_id, batch.number), item)
        except PublishFailed:
            # The fact stands in the ledger; the sweeper says it.
            logger.warning("a batch is settled and not said yet", extra={"batch": batch.number})
