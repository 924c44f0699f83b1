"""The steps of the workflow: each takes a run from where it stands and says what comes next.

A step may be called again at any time, by a retry or by another execution: what is done is not done again.
Short waits are spent inside of the call; an execution that has had its calls hands the run over to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import ceil
from typing import Any

from outbound.archive.cold_storage import CopyDiffers
from outbound.archive.executions import MOST_CALLS, Executions, give_to_next
from outbound.archive.runs import OPEN, Run, Runs, RunStatus
from outbound.archive.settings import ArchiveSettings
from outbound.archive.step_result import Answer, Outcome, RunFailed, Superseded
from outbound.clock import Clock, Deadline
from outbound.cxone.errors import Conflict, CxoneError, OutOfTime, RateLimited
from outbound.observability import logger

# After failures of CXone in a row, doubled each time (seconds).
_FIRST_WAIT, _LONGEST_WAIT = 10, 300
# A run that was changed under a step is read again; one that keeps changing is another's.
_TRIES = 5
_LONGEST_MESSAGE = 500
# What a step needs, at least, to be taken again behind a wait: sending starts no order with less.
_STEP_SECONDS = 50.0


# An interrupted run is gone on with by the next start.
_AT_WORK = OPEN - {RunStatus.INTERRUPTED}

Step = Callable[[Run, ArchiveSettings, Deadline], Answer]


class Steps:
    """Takes steps of runs."""

    def __init__(self, runs: Runs, steps: Mapping[str, Step], executions: Executions, clock: Clock) -> None:
        """Know these steps by their names."""
        self._runs = runs
        self._steps = steps
        self._executions = executions
        self._clock = clock

    def take(self, event: Mapping[str, Any], settings: ArchiveSettings, deadline: Deadline) -> Answer:
        """Take the step that a state of the workflow asks for, and again where a wait ends in time.

        Raises KeyError where there is no such step, and what AWS refuses: the workflow tries again.
        """
        calls = int(event.get("calls", 0)) + 1
        if calls > MOST_CALLS:
            return replace(self._hand_over(event), calls=calls)
        answer = self._take(event, settings, deadline)
        while answer.outcome is Outcome.LATER and answer.seconds + _STEP_SECONDS <= deadline.left():
            self._clock.sleep(answer.seconds)
            answer = self._take(event, settings, deadline)
        return replace(answer, calls=calls)

    def _hand_over(self, event: Mapping[str, Any]) -> Answer:
        """Let a new execution go on with the run; whoever finds it handed over sees that it has started."""
        campaign_id, run_id, attempt = _run_of(event)
        for _ in range(_TRIES):
            run = self._runs.get(campaign_id, run_id)
            if run is not None and run.attempt == attempt and run.status in _AT_WORK:
                run = give_to_next(self._runs, run)
                if run is None:
                    continue
                logger.info("the run goes on in a new execution", extra={"run_id": run_id})
            if run is not None and run.attempt == attempt + 1 and run.status is RunStatus.PLANNED:
                self._executions.start(run)
            return Answer(Outcome.SUPERSEDED)
        return Answer(Outcome.LATER, _FIRST_WAIT)

    def _take(self, event: Mapping[str, Any], settings: ArchiveSettings, deadline: Deadline) -> Answer:
        step = event["step"]
        campaign_id, run_id, attempt = _run_of(event)
        for _ in range(_TRIES):
            run = self._runs.get(campaign_id, run_id)
            if run is None or run.attempt != attempt:
                return Answer(Outcome.SUPERSEDED)
            if early := _early(run, step):
                return early
            try:
                return self._taken(run, step, settings, deadline)
            except Superseded:
                logger.info("the run was changed meanwhile", extra={"run_id": run_id, "step": step})
        return Answer(Outcome.LATER, _FIRST_WAIT)

    def _taken(self, run: Run, step: str, settings: ArchiveSettings, deadline: Deadline) -> Answer:
        try:
            return self._steps[step](run, settings, deadline)
        except OutOfTime:
            return Answer(Outcome.MORE)
        except RateLimited as limited:
            wait = (limited.retry_at - self._clock.now()).total_seconds()
            return Answer(Outcome.LATER, max(1, ceil(wait)))
        except RunFailed as failure:
            return self._failed(self._now_standing(run), failure)
        except Conflict:
            return Answer(Outcome.LATER, _FIRST_WAIT)
        except (CxoneError, CopyDiffers) as error:
            return self._failed_or_later(run, step, error, settings)

    def _failed_or_later(
        self, run: Run, step: str, error: CxoneError | CopyDiffers, settings: ArchiveSettings
    ) -> Answer:
        now = self._now_standing(run)
        failures = now.progress.failures + 1
        said = {"run_id": run.run_id, "step": step, "error": str(error), "failures": failures}
        logger.warning("a step failed", extra=said)
        reason = error.reason if isinstance(error, CxoneError) else "copy_differs"
        mends = not isinstance(error, CxoneError) or error.retryable
        if step == "release":
            # What is owed stays owed: only time ends that.
            return Answer(Outcome.LATER, _LONGEST_WAIT)
        # A batch whose answer made no sense is looked for in the list, like one without an answer.
        mends = mends or (step == "send" and reason == "unexpected_answer")
        if not mends or failures > settings.most_failures:
            return self._failed(now, RunFailed(reason, str(error)))
        if self._runs.advance(now, failures=failures) is None:
            raise Superseded
        return Answer(Outcome.LATER, min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(failures - 1, 10)))

    def _failed(self, run: Run, failure: RunFailed) -> Answer:
        """Write down why a run cannot go on."""
        message = str(failure)[:_LONGEST_MESSAGE]
        if self._runs.advance(run, ending=failure.ending, reason=failure.reason, message=message) is None:
            raise Superseded
        logger.error("a run cannot go on", extra={"run_id": run.run_id, "reason": failure.reason})
        return Answer(Outcome.FAILED)

    def _now_standing(self, run: Run) -> Run:
        """Give the run as its own step has left it."""
        now = self._runs.get(run.campaign_id, run.run_id)
        if now is None or now.attempt != run.attempt:
            raise Superseded
        return now


def _run_of(event: Mapping[str, Any]) -> tuple[str, str, int]:
    run = event["run"]
    return run["campaign_id"], run["run_id"], run["attempt"]


def _early(run: Run, step: str) -> Answer | None:
    """Give the answer of a step that has nothing to do: the run has ended, or is about to."""
    if step == "release":
        return None
    if run.status is RunStatus.INTERRUPTED:
        # Its execution was ended, and this call outlived it: the next execution has another attempt.
        return Answer(Outcome.SUPERSEDED)
    if run.status not in OPEN:
        return Answer(Outcome.COMPLETE if step == "finish" else Outcome.SUPERSEDED)
    if step != "finish" and run.progress.ending:
        return Answer(Outcome.FAILED)
    return None
