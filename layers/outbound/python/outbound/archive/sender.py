"""Sending: batch after batch to CXone, each noted before it leaves, so that none is sent twice blindly.

sending (noted) -> POST -> all archived                -> settled, with its fact
                        -> some failed, or in progress -> open: which ones is read from the list
                        -> no answer                   -> stays `sending`: open, too
                        -> 409                         -> conflict: the campaign dials again
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from outbound.archive.batches import Batch, Batches, BatchStatus
from outbound.archive.campaign_hold import Holder
from outbound.archive.copier import Copier
from outbound.archive.rows import archivable_of
from outbound.archive.runs import Run, Runs
from outbound.archive.settings import ArchiveSettings
from outbound.archive.settling import Settler
from outbound.archive.step_result import Answer, Outcome, RunFailed, Superseded
from outbound.clock import Clock, Deadline
from outbound.cxone.errors import Conflict, CxoneError, InvalidRequest, Unavailable, UnexpectedAnswer
from outbound.cxone.ports.attempts import Archived, ArchiveOrder, AttemptsPort
from outbound.observability import Metric, logger, measure

# An order that is begun is waited for, and its answer noted.
_ORDER_SECONDS = 40.0
# After so many batches the hold is renewed, and the place written down.
_BATCHES_A_CHECKPOINT = 20


@dataclass(slots=True)
class _Sending:
    """How far some batches are sent: the next one, whether CXone answered, and what ended it too soon."""

    next: int
    answered: bool = False
    ended: Outcome | None = None


class Sender:
    """Sends batches to CXone."""

    def __init__(
        self,
        port: AttemptsPort,
        runs: Runs,
        batches: Batches,
        copier: Copier,
        holder: Holder,
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

    def send(self, run: Run, settings: ArchiveSettings, deadline: Deadline) -> Answer:
        """Send the batches of this round from where the run stands: complete, more, conflict or closed.

        Raises the errors of CXone once it is written down how far the run has come.
        """
        while run.progress.sent < run.progress.batches:
            if self._holder.must_yield(run, settings):
                return Answer(Outcome.CLOSED)
            self._holder.renew(run)
            end = min(run.progress.batches, run.progress.sent + _BATCHES_A_CHECKPOINT)
            sending = _Sending(run.progress.sent)
            try:
                self._send_some(run, sending, end, settings, deadline)
            finally:
                run = self._written(run, sending)
            if run.progress.failures > settings.most_failures:
                raise RunFailed("conflict", "CXone says that the campaign is not paused, again and again")
            if sending.ended:
                return Answer(sending.ended, counts={"sent": run.progress.sent})
        return Answer(Outcome.COMPLETE, counts={"sent": run.progress.sent})

    def _send_some(
        self, run: Run, sending: _Sending, end: int, settings: ArchiveSettings, deadline: Deadline
    ) -> None:
        while sending.next < end:
            if deadline.left() < _ORDER_SECONDS:
                sending.ended = Outcome.MORE
                return
            try:
                self._send(run, sending.next, settings)
            except (Unavailable, UnexpectedAnswer):
                # The list will say what became of it; first CXone has to be there again.
                sending.next += 1
                raise
            except Conflict:
                sending.ended = Outcome.CONFLICT
                return
            sending.next += 1
            sending.answered = True

    def _written(self, run: Run, sending: _Sending) -> Run:
        conflicts = int(sending.ended is Outcome.CONFLICT)
        failures = (0 if sending.answered else run.progress.failures) + conflicts
        moved = self._runs.advance(run, sent=sending.next, failures=failures)
        if moved is None:
            raise Superseded
        return moved

    def _send(self, run: Run, number: int, settings: ArchiveSettings) -> None:
        batch = self._batches.get(run.run_id, number)
        if batch is None or batch.status is BatchStatus.SETTLED:
            return
        rows = _to_send(batch, self._copier.rows(run, number))
        if not self._batches.sending(run.run_id, batch, run.progress.round):
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
            said: dict[str, Any] = {"run_id": run.run_id, "batch": number, "reason": str(error)}
            logger.warning("nobody knows whether a batch was archived", extra=said)
            raise
        except InvalidRequest as error:
            self._refused(run, batch, order, error, settings)
            return
        except CxoneError:
            # It was not acted on: this round it is still to be sent.
            self._batches.not_sent(run.run_id, batch, run.progress.round)
            raise
        measure(Metric.ARCHIVE_LATENCY, self._clock.monotonic() - began)
        self._answered(run, batch, answer, settings)

    def _answered(self, run: Run, batch: Batch, answer: Archived, settings: ArchiveSettings) -> None:
        if answer.failed or answer.in_progress:
            self._batches.answered(run.run_id, batch, answer)
            return
        job_ids = (*batch.job_ids, *([answer.migration_job_id] if answer.migration_job_id else []))
        self._settler.settle(run, batch, batch.all_archived(), job_ids, settings)

    def _refused(
        self, run: Run, batch: Batch, order: ArchiveOrder, error: InvalidRequest, settings: ArchiveSettings
    ) -> None:
        """End a batch that CXone finds wrong: sending it again would not help."""
        said = {"run_id": run.run_id, "batch": batch.number, "field": error.field}
        logger.error("CXone refuses a batch", extra=said)
        left = [attempt.attempt_id for attempt in order.attempts]
        self._settler.settle(run, batch, batch.all_left(left), batch.job_ids, settings)


def _to_send(batch: Batch, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the rows that are sent: all, or those that CXone still lists."""
    if not batch.narrowed:
        return rows
    left = set(batch.left)
    return [row for row in rows if row["attempt_id"] in left]
