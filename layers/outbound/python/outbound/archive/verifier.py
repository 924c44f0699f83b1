"""The verifier: what became of batches whose answer says too little, read from the campaign's list.

An answer counts those that failed and names none of them, and a lost answer says nothing: but what is still
on the list is not archived. What is missing there has left it only if the list was read to its end and did
not change meanwhile; else it is read again later, and in the end it stays unknown. One reading serves all
batches.

    seen                         -> sent again, `max_rounds` times; after that it is left
    missing, complete reading    -> archived, if CXone said so or its answer was lost; gone, if CXone said no
    missing, any other reading   -> later, until `settling_seconds` have passed; after that unknown
"""

from __future__ import annotations

from collections.abc import Sequence

from outbound.archive.batches import Batch, Batches, BatchResult, BatchStatus
from outbound.archive.campaign_hold import CampaignHolder
from outbound.archive.collector import ListLimits, ListReader
from outbound.archive.copier import Copier
from outbound.archive.keys import checked_key
from outbound.archive.rows import short_hash
from outbound.archive.runs import ArchiveRun, ArchiveRuns, ListCursor
from outbound.archive.sender import Settler
from outbound.archive.settings import ArchiveSettings
from outbound.archive.step_result import StepOutcome, StepResult
from outbound.clock import Clock, Deadline
from outbound.cxone.ports.attempts import Attempt
from outbound.store.objects import Lake, line_of

# Between two looks at what CXone archives behind its answer, in seconds: the first, and the longest.
_SETTLING_SECONDS, _LONGEST_SETTLING_SECONDS = 5, 30
# An order whose answer was lost may still be carried out; by then it has been.
_IN_DOUBT_SECONDS = 60
# A longer list is not read to its end. As many are the most that a run takes.
_LONGEST_LIST = 2_000_000
# Time to write down what became of a batch.
_MARGIN_SECONDS = 10.0


class Verifier:
    """Settles open batches, or returns that some of them are to be sent again."""

    def __init__(
        self,
        reader: ListReader,
        runs: ArchiveRuns,
        batches: Batches,
        copier: Copier,
        holder: CampaignHolder,
        settler: Settler,
        lake: Lake,
    ) -> None:
        """Read the list through this reader, and keep its ids in this lake meanwhile."""
        self._reader = reader
        self._runs = runs
        self._batches = batches
        self._copier = copier
        self._holder = holder
        self._settler = settler
        self._lake = lake

    def check(
        self, run: ArchiveRun, settings: ArchiveSettings, deadline: Deadline, clock: Clock
    ) -> StepResult:
        """Settle what can be settled: complete, more, later, or again where some are to be sent again."""
        if not (batches := self._open(run)):
            return StepResult(StepOutcome.COMPLETE)
        self._holder.renew(run)
        if not run.progress.round_began:
            run = self._runs.advance(run, round_began=clock.now().timestamp())
        run = self._read(run, settings, deadline)
        if not run.progress.checked.done:
            return StepResult(StepOutcome.MORE)
        listed = self._listed(run)
        waited = clock.now().timestamp() - run.progress.round_began
        needs: set[StepOutcome] = set()
        for batch in batches:
            if deadline.left() < _MARGIN_SECONDS:
                return StepResult(StepOutcome.MORE)
            needs.add(self._verify(run, batch, listed, waited, settings))
        return self._result(run, needs, waited)

    def _result(self, run: ArchiveRun, needs: set[StepOutcome], waited: float) -> StepResult:
        """Return what comes next, given what each batch needs."""
        if StepOutcome.LATER in needs:
            self._runs.advance(run, checked=ListCursor())
            seconds = min(_LONGEST_SETTLING_SECONDS, _SETTLING_SECONDS + int(waited))
            return StepResult(StepOutcome.LATER, seconds)
        if StepOutcome.AGAIN in needs:
            following = run.progress.round + 1
            self._runs.advance(run, round=following, sent=0, round_began=0.0, checked=ListCursor())
            return StepResult(StepOutcome.AGAIN, counts={"round": following})
        return StepResult(StepOutcome.COMPLETE)

    def _open(self, run: ArchiveRun) -> list[Batch]:
        return [
            batch
            for batch in self._batches.all(run.run_id)
            if batch.sent_round >= 0 and batch.status is not BatchStatus.SETTLED
        ]

    def _read(self, run: ArchiveRun, settings: ArchiveSettings, deadline: Deadline) -> ArchiveRun:
        latest = run

        def keep(cursor: ListCursor, page: Sequence[Attempt]) -> None:
            ids = [line_of(attempt.attempt_id) for attempt in page if isinstance(attempt.attempt_id, str)]
            self._lake.write_lines(checked_key(run, cursor.reading, cursor.page), ids)

        def checkpoint(cursor: ListCursor) -> None:
            nonlocal latest
            latest = self._runs.advance(latest, checked=cursor, failures=0)

        limits = ListLimits(settings.page_size, settings.max_readings, _LONGEST_LIST, only_stable=True)
        self._reader.read(run.campaign_id, run.progress.checked, limits, deadline, keep, checkpoint)
        return latest

    def _listed(self, run: ArchiveRun) -> set[int]:
        cursor = run.progress.checked
        keys = (checked_key(run, cursor.reading, page) for page in range(cursor.page))
        return {short_hash(attempt_id) for key in keys for attempt_id in self._lake.read_lines(key)}

    def _verify(
        self, run: ArchiveRun, batch: Batch, listed: set[int], waited: float, settings: ArchiveSettings
    ) -> StepOutcome:
        """Return what a batch needs; it is settled where that is nothing."""
        if batch.narrowed_round == run.progress.round:
            # An earlier call of this check, which was cut off behind it, has looked.
            return StepOutcome.AGAIN
        cursor = run.progress.checked
        sent = batch.left if batch.narrowed else self._ids(run, batch)
        seen = [attempt_id for attempt_id in sent if short_hash(attempt_id) in listed]
        result = batch.by_list(seen) if cursor.complete else batch.by_answers(seen)
        if waited < settings.settling_seconds and _may_change(batch, result, cursor, waited):
            return StepOutcome.LATER
        if seen and not result.unknown and _worth_another_round(run, batch, settings):
            self._batches.narrow(run.run_id, batch, result, run.progress.round)
            return StepOutcome.AGAIN
        self._settler.settle(run, batch, result, batch.job_ids, settings)
        return StepOutcome.COMPLETE

    def _ids(self, run: ArchiveRun, batch: Batch) -> list[str]:
        return [row["attempt_id"] for row in self._copier.rows(run, batch.number)]


def _may_change(batch: Batch, result: BatchResult, cursor: ListCursor, waited: float) -> bool:
    """Return True if a later look may show more of a batch archived, or more of the list."""
    if result.unknown:
        return not cursor.truncated
    if batch.status is BatchStatus.SENDING:
        return bool(result.left) and waited < _IN_DOUBT_SECONDS
    return batch.in_progress and len(result.left) > batch.failed


def _worth_another_round(run: ArchiveRun, batch: Batch, settings: ArchiveSettings) -> bool:
    """Return True if a batch is sent again: a missing answer of CXone is not a failure of its attempts."""
    if batch.status is BatchStatus.SENDING:
        return run.progress.round + 1 < settings.max_failures
    return batch.answers < settings.max_rounds
