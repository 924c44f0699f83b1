"""The sender: batch after batch to CXone, each noted before it leaves, so that none is sent twice blindly.

sending (noted) -> POST -> all archived                -> settled, with its fact
-> some failed, or in progress -> open: which ones is read from the list
-> no answer                   -> stays `sending`: open, too
-> 409                         -> conflict: the campaign dials again
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from outbound.archive.batches import Batch, Batches, BatchResult, BatchStatus
from outbound.archive.campaign_hold import CampaignHolder
from outbound.archive.copier import Copier
from outbound.archive.facts import ArchiveFacts
from outbound.archive.metrics import ArchiveMetric
from outbound.archive.rows import archivable_of
from outbound.archive.runs import ArchiveRun, ArchiveRuns
from outbound.archive.settings import ArchiveSettings
from outbound.archive.step_result import RunFailed, StepOutcome, StepResult
from outbound.clock import Clock, Deadline
from outbound.cxone.errors import Conflict, CxoneError, InvalidRequest, Unavailable, UnexpectedAnswer
from outbound.cxone.ports.attempts import Archived, ArchiveOrder, AttemptsPort
from outbound.logs import logger
from outbound.metrics import measure
from outbound.store.outbox import Outbox

# An order that is begun is waited for, and its answer noted.
_ORDER_SECONDS = 40.0
# After so many batches the hold is renewed, and the progress written down.
_BATCHES_PER_CHECKPOINT = 20


class Settler:
    """Settles batches: writes down with its fact how one ended, and publishes it."""

    def __init__(self, batches: Batches, outbox: Outbox, facts: ArchiveFacts, clock: Clock) -> None:
        """Write into this ledger; publish through this outbox."""
        self._batches = batches
        self._outbox = outbox
        self._facts = facts
        self._clock = clock

    def settle(
        self,
        run: ArchiveRun,
        batch: Batch,
        result: BatchResult,
        job_ids: Sequence[str],
        settings: ArchiveSettings,
    ) -> None:
        """Settle a batch; `job_ids` are CXone's, of every order that it was in."""
        now = self._clock.now()
        fact = self._facts.archived(run, batch, result, job_ids, settings.force_cold_storage, now)
        item = self._batches.settle(run.run_id, batch, result, job_ids, fact, now)
        measure(ArchiveMetric.ATTEMPTS_ARCHIVED, result.archived)
        if result.failed:
            measure(ArchiveMetric.ATTEMPTS_NOT_ARCHIVED, result.failed)
        self._outbox.publish_or_leave(self._batches.key(run.run_id, batch.number), item)


@dataclass(slots=True)
class _SendProgress:
    """How far some batches are sent: the next one, whether CXone answered, and what ended it too soon."""

    next: int
    answered: bool = False
    ended: StepOutcome | None = None


class Sender:
    """Sends batches to CXone."""

    def __init__(
        self,
        port: AttemptsPort,
        runs: ArchiveRuns,
        batches: Batches,
        copier: Copier,
        holder: CampaignHolder,
        settler: Settler,
        clock: Clock,
    ) -> None:
        """Send through this port what the copier has kept."""
        self._port = port
        self._runs = runs
        self._batches = batches
        self._copier = copier
        self._holder = holder
        self._settler = settler
        self._clock = clock

    def send(self, run: ArchiveRun, settings: ArchiveSettings, deadline: Deadline) -> StepResult:
        """Send the batches of this round from where the run is: complete, more, conflict or closed.

        Raises the errors of CXone once it is written down how far the run has come.
        """
        while run.progress.sent < run.progress.batches:
            if self._holder.must_yield(run, settings):
                return StepResult(StepOutcome.CLOSED)
            self._holder.renew(run)
            end = min(run.progress.batches, run.progress.sent + _BATCHES_PER_CHECKPOINT)
            sent = _SendProgress(run.progress.sent)
            try:
                self._send_some(run, sent, end, settings, deadline)
            finally:
                run = self._written(run, sent)
            if run.progress.failures > settings.max_failures:
                raise RunFailed("conflict", "CXone says that the campaign is not paused, again and again")
            if sent.ended:
                return StepResult(sent.ended, counts={"sent": run.progress.sent})
        return StepResult(StepOutcome.COMPLETE, counts={"sent": run.progress.sent})

    def _send_some(
        self, run: ArchiveRun, sent: _SendProgress, end: int, settings: ArchiveSettings, deadline: Deadline
    ) -> None:
        while sent.next < end:
            if deadline.left() < _ORDER_SECONDS:
                sent.ended = StepOutcome.MORE
                return
            try:
                self._send(run, sent.next, settings)
            except (Unavailable, UnexpectedAnswer):
                # The list will say what became of it; first CXone has to be there again.
                sent.next += 1
                raise
            except Conflict:
                sent.ended = StepOutcome.CONFLICT
                return
            sent.next += 1
            sent.answered = True

    def _written(self, run: ArchiveRun, sent: _SendProgress) -> ArchiveRun:
        conflicts = int(sent.ended is StepOutcome.CONFLICT)
        failures = (0 if sent.answered else run.progress.failures) + conflicts
        return self._runs.advance(run, sent=sent.next, failures=failures)

    def _send(self, run: ArchiveRun, number: int, settings: ArchiveSettings) -> None:
        batch = self._batches.get(run.run_id, number)
        if batch is None or batch.status is BatchStatus.SETTLED:
            return
        rows = _to_send(batch, self._copier.rows(run, number))
        if not self._batches.mark_sending(run.run_id, batch, run.progress.round):
            return
        order = ArchiveOrder(
            run.campaign_id,
            [archivable_of(row) for row in rows],
            settings.delete_active,
            settings.force_cold_storage,
        )
        began = self._clock.monotonic()
        try:
            answer = self._port.archive(order)
        except (Unavailable, UnexpectedAnswer) as error:
            extra: dict[str, Any] = {"run_id": run.run_id, "batch": number, "reason": str(error)}
            logger.warning("it is not known whether a batch was archived", extra=extra)
            raise
        except InvalidRequest as error:
            self._refused(run, batch, order, error, settings)
            return
        except CxoneError:
            # CXone did not act on it: this round it is still to be sent.
            self._batches.mark_not_sent(run.run_id, batch, run.progress.round)
            raise
        measure(ArchiveMetric.ARCHIVE_LATENCY, self._clock.monotonic() - began)
        self._answered(run, batch, answer, settings)

    def _answered(self, run: ArchiveRun, batch: Batch, answer: Archived, settings: ArchiveSettings) -> None:
        if answer.failed or answer.in_progress:
            self._batches.mark_open(run.run_id, batch, answer)
            return
        job_ids = (*batch.job_ids, *([answer.migration_job_id] if answer.migration_job_id else []))
        self._settler.settle(run, batch, batch.all_archived(), job_ids, settings)

    def _refused(
        self,
        run: ArchiveRun,
        batch: Batch,
        order: ArchiveOrder,
        error: InvalidRequest,
        settings: ArchiveSettings,
    ) -> None:
        """Settle a batch that CXone finds wrong: sending it again would not help."""
        extra = {"run_id": run.run_id, "batch": batch.number, "field": error.field}
        logger.error("CXone refuses a batch", extra=extra)
        left = [attempt.attempt_id for attempt in order.attempts]
        self._settler.settle(run, batch, batch.all_left(left), batch.job_ids, settings)


def _to_send(batch: Batch, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that are sent: all, or those that CXone still lists."""
    if not batch.narrowed:
        return rows
    left = set(batch.left)
    return [row for row in rows if row["attempt_id"] in left]
