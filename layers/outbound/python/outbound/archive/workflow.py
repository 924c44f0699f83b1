"""The steps of the workflow: each takes a run from where it is and returns what comes next.

A step may be called again at any time, by a retry or by another execution: what is done is not done again.
Short waits are spent inside of the call; an execution that has had its calls hands the run over to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import ceil
from typing import Any

from outbound.archive.batches import Batches
from outbound.archive.campaign_hold import CampaignHolder, HoldReleaser, owner_of
from outbound.archive.cold_storage import ColdStorage, CopyDiffers
from outbound.archive.collector import Collector, ListReader
from outbound.archive.copier import Copier
from outbound.archive.executions import MAX_CALLS, Executions, hand_over
from outbound.archive.facts import ArchiveFacts
from outbound.archive.partitioner import Partitioner
from outbound.archive.report import Finisher
from outbound.archive.runs import OPEN, ArchiveRun, ArchiveRuns, RunChanged, RunStatus
from outbound.archive.sender import Sender, Settler
from outbound.archive.settings import ArchiveSettings
from outbound.archive.step_result import RunFailed, StepOutcome, StepResult
from outbound.archive.verifier import Verifier
from outbound.campaign_records.held_campaigns import HeldCampaigns
from outbound.campaign_records.journals import JournalBusy, Journals
from outbound.clock import Clock, Deadline, Invocation
from outbound.cxone.errors import Conflict, CxoneError, OutOfTime, RateLimited
from outbound.logs import logger
from outbound.runtime import Runtime, Work
from outbound.store.holds import Holds

# After failures of CXone in a row, doubled each time (seconds).
_FIRST_WAIT, _LONGEST_WAIT = 10, 300
# A run that was changed under a step is read again; one that keeps changing is left to the other execution.
_TRIES = 5
_LONGEST_MESSAGE = 500
# What a step needs, at least, to be taken again behind a wait: the sender starts no order with less.
_STEP_SECONDS = 50.0

# An interrupted run is resumed by the next start.
_AT_WORK = OPEN - {RunStatus.INTERRUPTED}

Step = Callable[[ArchiveRun, ArchiveSettings, Deadline], StepResult]


class Workflow:
    """Takes steps of runs."""

    def __init__(
        self, runs: ArchiveRuns, steps: Mapping[str, Step], executions: Executions, clock: Clock
    ) -> None:
        """Know these steps by their names."""
        self._runs = runs
        self._steps = steps
        self._executions = executions
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline) -> Workflow:
        """Return the workflow of one invocation, whose calls of CXone end before a deadline."""
        cxone, tenant, clock = runtime.cxone.until(deadline), runtime.tenant, runtime.clock
        campaigns, attempts, table, lake = cxone.campaigns, cxone.attempts, runtime.state, runtime.lake
        storage = ColdStorage(
            runtime.client("s3"), runtime.name("ARCHIVE_BUCKET"), runtime.name("ARCHIVE_STORAGE_CLASS")
        )
        executions = Executions(runtime.client("stepfunctions"), runtime.name("STATE_MACHINE_ARN"))
        runs, batches, holds = ArchiveRuns(table, tenant), Batches(table, tenant), Holds(table, tenant)
        outbox, facts, reader = runtime.outbox, ArchiveFacts(tenant), ListReader(attempts)
        settler = Settler(batches, outbox, facts, clock)
        collector = Collector(reader, runs, lake)
        copier = Copier(runs, batches, lake, storage, clock)
        held = HeldCampaigns(campaigns, Journals(table, tenant), clock)
        holder = CampaignHolder(held, holds, runs, clock)
        verifier = Verifier(reader, runs, batches, copier, holder, settler, lake)
        finisher = Finisher(runs, batches, lake, outbox, facts, clock)
        steps: dict[str, Step] = {
            "collect": collector.collect,
            "partition": Partitioner(collector, runs, lake).partition,
            "copy": lambda run, _, deadline: copier.copy(run, deadline),
            "hold": holder.hold,
            "send": Sender(attempts, runs, batches, copier, holder, settler, clock).send,
            "check": lambda run, settings, deadline: verifier.check(run, settings, deadline, clock),
            "release": _release_step(HoldReleaser(held, holds, clock)),
            "finish": lambda run, settings, _: finisher.finish(run, settings),
        }
        return cls(runs, steps, executions, clock)

    def take(self, event: Mapping[str, Any], settings: ArchiveSettings, deadline: Deadline) -> StepResult:
        """Take the step that a state of the workflow asks for, and again where a wait ends in time.

        Raises KeyError where there is no such step, and what AWS refuses: the workflow tries again.
        """
        calls = int(event.get("calls", 0)) + 1
        if calls > MAX_CALLS:
            return replace(self._hand_over(event), calls=calls)
        result = self._take(event, settings, deadline)
        while result.outcome is StepOutcome.LATER and result.seconds + _STEP_SECONDS <= deadline.left():
            self._clock.sleep(result.seconds)
            result = self._take(event, settings, deadline)
        return replace(result, calls=calls)

    def _hand_over(self, event: Mapping[str, Any]) -> StepResult:
        """Hand the run over to a new execution; a call that finds it handed over sees that it has started."""
        campaign_id, run_id, attempt = _run_of(event)
        for _ in range(_TRIES):
            run = self._runs.get(campaign_id, run_id)
            if run is not None and run.attempt == attempt and run.status in _AT_WORK:
                try:
                    run = hand_over(self._runs, run)
                except RunChanged:
                    continue
                logger.info("the run continues in a new execution", extra={"run_id": run_id})
            if run is not None and run.attempt == attempt + 1 and run.status is RunStatus.PLANNED:
                self._executions.start(run)
            return StepResult(StepOutcome.SUPERSEDED)
        return StepResult(StepOutcome.LATER, _FIRST_WAIT)

    def _take(self, event: Mapping[str, Any], settings: ArchiveSettings, deadline: Deadline) -> StepResult:
        step = event["step"]
        campaign_id, run_id, attempt = _run_of(event)
        for _ in range(_TRIES):
            run = self._runs.get(campaign_id, run_id)
            if run is None or run.attempt != attempt:
                return StepResult(StepOutcome.SUPERSEDED)
            if early := _early(run, step):
                return early
            try:
                return self._taken(run, step, settings, deadline)
            except RunChanged:
                logger.info("the run was changed meanwhile", extra={"run_id": run_id, "step": step})
        return StepResult(StepOutcome.LATER, _FIRST_WAIT)

    def _taken(self, run: ArchiveRun, step: str, settings: ArchiveSettings, deadline: Deadline) -> StepResult:
        try:
            return self._steps[step](run, settings, deadline)
        except OutOfTime:
            return StepResult(StepOutcome.MORE)
        except RateLimited as limited:
            wait = (limited.retry_at - self._clock.now()).total_seconds()
            return StepResult(StepOutcome.LATER, max(1, ceil(wait)))
        except RunFailed as failure:
            return self._failed(self._as_left(run), failure)
        except (Conflict, JournalBusy):
            return StepResult(StepOutcome.LATER, _FIRST_WAIT)
        except (CxoneError, CopyDiffers) as error:
            return self._failed_or_later(run, step, error, settings)

    def _failed_or_later(
        self, run: ArchiveRun, step: str, error: CxoneError | CopyDiffers, settings: ArchiveSettings
    ) -> StepResult:
        now = self._as_left(run)
        failures = now.progress.failures + 1
        extra = {"run_id": run.run_id, "step": step, "error": str(error), "failures": failures}
        logger.warning("a step failed", extra=extra)
        reason = error.reason if isinstance(error, CxoneError) else "copy_differs"
        retryable = not isinstance(error, CxoneError) or error.retryable
        if step == "release":
            # What is owed stays owed: only time ends that.
            return StepResult(StepOutcome.LATER, _LONGEST_WAIT)
        # A batch whose answer made no sense is looked for in the list, like one without an answer.
        retryable = retryable or (step == "send" and reason == "unexpected_answer")
        if not retryable or failures > settings.max_failures:
            return self._failed(now, RunFailed(reason, str(error)))
        self._runs.advance(now, failures=failures)
        return StepResult(StepOutcome.LATER, min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(failures - 1, 10)))

    def _failed(self, run: ArchiveRun, failure: RunFailed) -> StepResult:
        """Write down why a run cannot continue."""
        message = str(failure)[:_LONGEST_MESSAGE]
        self._runs.advance(run, ending=failure.ending, reason=failure.reason, message=message)
        logger.error("a run cannot continue", extra={"run_id": run.run_id, "reason": failure.reason})
        return StepResult(StepOutcome.FAILED)

    def _as_left(self, run: ArchiveRun) -> ArchiveRun:
        """Return the run as its own step has left it. Raises RunChanged where another execution has it."""
        now = self._runs.get(run.campaign_id, run.run_id)
        if now is None or now.attempt != run.attempt:
            raise RunChanged(run.run_id)
        return now


def _release_step(releaser: HoldReleaser) -> Step:
    def release(run: ArchiveRun, _: ArchiveSettings, __: Deadline) -> StepResult:
        # Where it has to be released once more the sweeper sees to that; the run need not wait for it.
        releaser.release(run.campaign_id, owner_of(run.run_id), run.attempt)
        return StepResult(StepOutcome.COMPLETE)

    return release


def _run_of(event: Mapping[str, Any]) -> tuple[str, str, int]:
    run = event["run"]
    return run["campaign_id"], run["run_id"], run["attempt"]


def _early(run: ArchiveRun, step: str) -> StepResult | None:
    """Return the result of a step that has nothing to do: the run has ended, or is about to."""
    if step == "release":
        return None
    if run.status is RunStatus.INTERRUPTED:
        # Its execution was ended, and this call outlived it: the next execution has another attempt.
        return StepResult(StepOutcome.SUPERSEDED)
    if run.status not in OPEN:
        return StepResult(StepOutcome.COMPLETE if step == "finish" else StepOutcome.SUPERSEDED)
    if step != "finish" and run.progress.ending:
        return StepResult(StepOutcome.FAILED)
    return None


def build(runtime: Runtime) -> Work:
    """Return the work of the workflow's function: a step of a run in, its outcome out."""
    documents = runtime.documents
    runtime.warm_up("cxone", "outbox", "lake")

    def take(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        """Take one step."""
        deadline = runtime.deadline(invocation)
        logger.append_keys(step=event["step"], **event["run"])
        workflow = Workflow.of(runtime, deadline)
        result = workflow.take(event, documents.get("archiving", ArchiveSettings), deadline)
        logger.info("step taken", extra={"outcome": result.outcome.value, "counts": dict(result.counts)})
        return result.document()

    return take
