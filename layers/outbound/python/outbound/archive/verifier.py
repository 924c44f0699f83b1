"""Checking: what became of batches whose answer says too little, read from the campaign's list.

An answer counts those that failed and names none of them, and a lost answer says nothing: but what is still
on the list is not archived. What is missing there has left it only if the list was read to its end and stood
still meanwhile; else it is read again later, and in the end nobody knows. One reading serves all batches.

    seen                         -> sent again, `most_rounds` times; after that it is left
    missing, complete reading    -> archived, if CXone said so or its answer was lost; gone, if CXone said no
    missing, any other reading   -> later, until `settling_seconds` have passed; after that unknown
"""

from __future__ import annotations

from collections.abc import Sequence

from outbound.archive.batches import Batch, Batches, BatchResult, BatchStatus
from outbound.archive.campaign_hold import Holder
from outbound.archive.copier import Copier
from outbound.archive.keys import checked_key
from outbound.archive.listing import Listing, ListLimits
from outbound.archive.rows import short_hash
from outbound.archive.runs import ListPlace, Run, Runs
from outbound.archive.settings import ArchiveSettings
from outbound.archive.settling import Settler
from outbound.archive.step_result import Answer, Outcome, Superseded
from outbound.clock import Clock, Deadline
from outbound.cxone.ports.attempts import Attempt
from outbound.store.lake import Lake, line_of

# Between two looks at what CXone archives behind its answer, in seconds: the first, and the longest.
_SETTLING_SECONDS, _LONGEST_SETTLING_SECONDS = 5, 30
# An order whose answer was lost may still be carried out; by then it has been.
_DOUBT_SECONDS = 60
# A longer list is not read to its end. As many are the most that a run takes.
_LONGEST_LIST = 2_000_000
# Time to write down what was found of a batch.
_MARGIN_SECONDS = 10.0


class Checker:
    """Settles open batches, or says what of them is to be sent again."""

    def __init__(
        self,
        listing: Listing,
        runs: Runs,
        batches: Batches,
        copier: Copier,
        holder: Holder,
        settler: Settler,
        lake: Lake,
    ) -> None:
        """Read the list through this reader, and keep what it said in this lake meanwhile."""
        self._listing = listing
        self._runs = runs
        self._batches = batches
        self._copier = copier
        self._holder = holder
        self._settler = settler
        self._lake = lake

    def check(self, run: Run, settings: ArchiveSettings, deadline: Deadline, clock: Clock) -> Answer:
        """Settle what can be settled: complete, more, later, or again where some are to be sent again."""
        if not (batches := self._open(run)):
            return Answer(Outcome.COMPLETE)
        self._holder.renew(run)
        if not run.progress.round_began:
            run = self._moved(run, round_began=clock.now().timestamp())
        run = self._read(run, settings, deadline)
        if not run.progress.checked.done:
            return Answer(Outcome.MORE)
        listed = self._listed(run)
        waited = clock.now().timestamp() - run.progress.round_began
        found: set[Outcome] = set()
        for batch in batches:
            if deadline.left() < _MARGIN_SECONDS:
                return Answer(Outcome.MORE)
            found.add(self._found(run, batch, listed, waited, settings))
        if Outcome.LATER in found:
            self._moved(run, checked=ListPlace())
            seconds = min(_LONGEST_SETTLING_SECONDS, _SETTLING_SECONDS + int(waited))
            return Answer(Outcome.LATER, seconds)
        if Outcome.AGAIN in found:
            following = run.progress.round + 1
            self._moved(run, round=following, sent=0, round_began=0.0, checked=ListPlace())
            return Answer(Outcome.AGAIN, counts={"round": following})
        return Answer(Outcome.COMPLETE)

    def _open(self, run: Run) -> list[Batch]:
        batches = self._batches.all(run.run_id)
        return [one for one in batches if one.sent_round >= 0 and one.status is not BatchStatus.SETTLED]

    def _read(self, run: Run, settings: ArchiveSettings, deadline: Deadline) -> Run:
        standing = [run]

        def keep(place: ListPlace, page: Sequence[Attempt]) -> None:
            ids = [line_of(one.attempt_id) for one in page if isinstance(one.attempt_id, str)]
            self._lake.write_lines(checked_key(run, place.reading, place.page), ids)

        def checkpoint(place: ListPlace) -> None:
            standing[0] = self._moved(standing[0], checked=place, failures=0)

        limits = ListLimits(settings.page_size, settings.most_readings, _LONGEST_LIST, only_stable=True)
        self._listing.read(run.campaign_id, run.progress.checked, limits, deadline, keep, checkpoint)
        return standing[0]

    def _listed(self, run: Run) -> set[int]:
        place = run.progress.checked
        keys = (checked_key(run, place.reading, page) for page in range(place.page))
        return {short_hash(one) for key in keys for one in self._lake.read_lines(key)}

    def _found(
        self, run: Run, batch: Batch, listed: set[int], waited: float, settings: ArchiveSettings
    ) -> Outcome:
        """Return what a batch needs; it is settled where that is nothing."""
        if batch.narrowed_round == run.progress.round:
            # An earlier call of this check, which was cut off behind it, has looked.
            return Outcome.AGAIN
        place = run.progress.checked
        sent = batch.left if batch.narrowed else self._ids(run, batch)
        seen = [one for one in sent if short_hash(one) in listed]
        result = batch.by_list(seen) if place.complete else batch.by_answers(seen)
        if waited < settings.settling_seconds and _may_change(batch, result, place, waited):
            return Outcome.LATER
        if seen and not result.unknown and _worth_another_round(run, batch, settings):
            self._batches.narrow(run.run_id, batch, result, run.progress.round)
            return Outcome.AGAIN
        self._settler.settle(run, batch, result, batch.job_ids, settings)
        return Outcome.COMPLETE

    def _ids(self, run: Run, batch: Batch) -> list[str]:
        return [row["attempt_id"] for row in self._copier.rows(run, batch.number)]

    def _moved(self, run: Run, **changes: object) -> Run:
        moved = self._runs.advance(run, **changes)
        if moved is None:
            raise Superseded
        return moved


def _may_change(batch: Batch, result: BatchResult, place: ListPlace, waited: float) -> bool:
    """Return True if a later look may find more of a batch archived, or more of the list."""
    if result.unknown:
        return not place.truncated
    if batch.status is BatchStatus.SENDING:
        return bool(result.left) and waited < _DOUBT_SECONDS
    return batch.in_progress and len(result.left) > batch.failed


def _worth_another_round(run: Run, batch: Batch, settings: ArchiveSettings) -> bool:
    """Say whether a batch is sent again: what CXone has not answered is no failure of its attempts."""
    if batch.status is BatchStatus.SENDING:
        return run.progress.round + 1 < settings.most_failures
    return batch.answers < settings.most_rounds
