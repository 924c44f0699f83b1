"""The steps of the workflow: each takes a rollout from where it is and returns what comes next.

A step may be called again at any time, by a retry or by another execution: what is done is not done again.
What is to be undone is undone by whatever execution the rollout has then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from math import ceil
from typing import Any

from outbound.clock import Clock, Deadline, Invocation
from outbound.cxone.errors import CxoneError, OutOfTime, RateLimited
from outbound.dialer.activation import Activator
from outbound.dialer.campaign_readings import CampaignReadings
from outbound.dialer.ending import Finisher
from outbound.dialer.executions import MAX_CALLS
from outbound.dialer.facts import RolloutFacts
from outbound.dialer.guard import Guard, Readings
from outbound.dialer.judge import Judge
from outbound.dialer.rollback import Restorer
from outbound.dialer.rollouts import Rollout, RolloutChanged, Rollouts, Stage
from outbound.dialer.settings import DialerSettings
from outbound.dialer.step_result import RolloutEnds, RolloutUndone, StepOutcome, StepResult
from outbound.logs import logger
from outbound.runtime import Runtime, Work
from outbound.store.outbox import Outbox

# After failures of CXone in a row, doubled each time (seconds); the longest is shorter than a lock lasts.
_FIRST_WAIT, _LONGEST_WAIT = 5, 300
# A rollout that was changed under a step is read again; one that keeps changing is left to the other.
_TRIES = 5
_LONGEST_MESSAGE = 1500
_FINISH = "finish"
_BACK = frozenset({"roll_back", "watch_rollback", "verify_rollback"})

Step = Callable[[Rollout, DialerSettings], StepResult]


class RolloutWorkflow:
    """Takes steps of rollouts."""

    def __init__(self, rollouts: Rollouts, steps: Mapping[str, Step], outbox: Outbox, clock: Clock) -> None:
        """Know these steps by their names."""
        self._rollouts = rollouts
        self._steps = steps
        self._outbox = outbox
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline, readings: Readings | None = None) -> RolloutWorkflow:
        """Return the workflow of one invocation, whose calls of CXone end before a deadline.

        The guard judges by `readings`; unless given, by what the monitor of campaigns keeps.
        """
        cxone, clock, tenant = runtime.cxone.until(deadline), runtime.clock, runtime.tenant
        port = cxone.dialer
        rollouts, facts = Rollouts(runtime.state, tenant), RolloutFacts(tenant)
        judge = Judge(port, rollouts, facts, clock)
        activator = Activator(port, judge, rollouts, runtime.lake, facts, clock)
        restorer = Restorer(port, rollouts, facts, clock)
        kept = CampaignReadings(runtime.state, tenant, cxone.dialer_reports)
        guard = Guard(readings or kept, rollouts, clock)
        finisher = Finisher(rollouts, facts, clock)
        steps: dict[str, Step] = {
            "check": judge.check,
            "snapshot": activator.snapshot,
            "activate": activator.activate,
            "watch": activator.watch,
            "verify": activator.verify,
            "guard": guard.guard,
            "roll_back": restorer.roll_back,
            "watch_rollback": restorer.watch,
            "verify_rollback": restorer.verify,
            _FINISH: lambda rollout, _: finisher.finish(rollout),
        }
        return cls(rollouts, steps, runtime.outbox, clock)

    def take(self, event: Mapping[str, Any], settings: DialerSettings) -> StepResult:
        """Take the step that a state of the workflow asks for.

        Raises KeyError where there is no such step, and what AWS refuses: the workflow tries again.
        """
        calls = int(event.get("calls", 0)) + 1
        if calls > MAX_CALLS:
            return StepResult(StepOutcome.EXHAUSTED, calls=calls)
        result = self._take(event, settings)
        rollout_id = event["rollout"]["rollout_id"]
        self._outbox.publish_or_leave(self._rollouts.key(rollout_id), self._rollouts.item(rollout_id))
        return replace(result, calls=calls)

    def _take(self, event: Mapping[str, Any], settings: DialerSettings) -> StepResult:
        step, about = event["step"], event["rollout"]
        for _ in range(_TRIES):
            rollout = self._rollouts.get(about["rollout_id"])
            if rollout is None or rollout.attempt != about["attempt"]:
                return StepResult(StepOutcome.SUPERSEDED)
            if early := _early(rollout, step):
                return early
            try:
                self._rollouts.renew(rollout, self._clock.now())
                return self._taken(rollout, step, settings)
            except RolloutChanged:
                extra = {"rollout_id": rollout.rollout_id, "step": step}
                logger.info("the rollout was changed meanwhile", extra=extra)
        return StepResult(StepOutcome.LATER, _FIRST_WAIT)

    def _taken(self, rollout: Rollout, step: str, settings: DialerSettings) -> StepResult:
        try:
            return self._steps[step](rollout, settings)
        except OutOfTime:
            return StepResult(StepOutcome.MORE)
        except RateLimited as limited:
            wait = (limited.retry_at - self._clock.now()).total_seconds()
            return StepResult(StepOutcome.LATER, max(1, ceil(wait)))
        except RolloutEnds as end:
            left = self._as_left(rollout)
            if left.progress.undo and not rollout.progress.undo:
                # It was asked for while the step was at work, which has not seen it.
                raise RolloutChanged(rollout.rollout_id) from end
            return self._ends(left, end)
        except RolloutUndone as undone:
            return self._undo(self._as_left(rollout), undone)
        except CxoneError as error:
            return self._failed(self._as_left(rollout), step, error, settings)

    def _failed(self, rollout: Rollout, step: str, error: CxoneError, settings: DialerSettings) -> StepResult:
        """Wait after a failure of CXone, or give up: backwards with a person, forwards by going back."""
        failures = rollout.progress.failures + 1
        extra = {"rollout_id": rollout.rollout_id, "step": step, "error": str(error), "failures": failures}
        logger.warning("a step failed", extra=extra)
        # What is to be undone is tried again whatever the refusal: an operator may give the role back.
        can_pass = error.retryable or step in _BACK
        if can_pass and failures <= settings.watch.max_failures:
            self._rollouts.advance(rollout, self._clock.now(), failures=failures)
            return StepResult(StepOutcome.LATER, min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(failures - 1, 10)))
        if step in _BACK:
            message = f"the rollback cannot be carried out: {error}"
            return self._ends(rollout, RolloutEnds(Stage.FAILED, "rollback_failed", message))
        return self._undo(rollout, RolloutUndone(error.reason, str(error)))

    def _ends(self, rollout: Rollout, end: RolloutEnds) -> StepResult:
        """Write down how a rollout ends."""
        self._rollouts.advance(
            rollout,
            self._clock.now(),
            ending=end.stage.value,
            reason=end.reason,
            message=str(end)[:_LONGEST_MESSAGE],
            complaints=[asdict(each) for each in end.complaints],
            version_found=end.version_found,
            operation_open=end.operation_open,
        )
        extra = {"rollout_id": rollout.rollout_id, "stage": end.stage.value, "reason": end.reason}
        logger.info("a rollout ends", extra=extra)
        return StepResult(StepOutcome.ENDED)

    def _undo(self, rollout: Rollout, undone: RolloutUndone) -> StepResult:
        """Write down that what was changed is to be undone, and why."""
        message = str(undone)[:_LONGEST_MESSAGE]
        self._rollouts.advance(
            rollout, self._clock.now(), undo=undone.reason, undo_message=message, readings=0
        )
        extra = {"rollout_id": rollout.rollout_id, "reason": undone.reason}
        logger.warning("a rollout is undone", extra=extra)
        return StepResult(StepOutcome.UNDO)

    def _as_left(self, rollout: Rollout) -> Rollout:
        """Return the rollout as its own step has left it. Raises RolloutChanged where another one has it."""
        now = self._rollouts.get(rollout.rollout_id)
        if now is None or now.attempt != rollout.attempt:
            raise RolloutChanged(rollout.rollout_id)
        return now


def _early(rollout: Rollout, step: str) -> StepResult | None:
    """Return the result of a step that has nothing to do: the rollout has ended, or goes another way."""
    if not rollout.is_open:
        return StepResult(StepOutcome.COMPLETE if step == _FINISH else StepOutcome.SUPERSEDED)
    if step == _FINISH:
        return None
    if rollout.progress.ending:
        return StepResult(StepOutcome.ENDED)
    if rollout.progress.undo and step not in _BACK:
        return StepResult(StepOutcome.UNDO)
    return None


def build(runtime: Runtime) -> Work:
    """Return the work of the workflow's function: a step of a rollout in, its outcome out."""
    documents = runtime.documents
    runtime.warm_up("cxone", "outbox", "lake")

    def take(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        """Take one step."""
        deadline = runtime.deadline(invocation)
        logger.append_keys(step=event["step"], **event["rollout"])
        workflow = RolloutWorkflow.of(runtime, deadline)
        result = workflow.take(event, documents.get("dialer", DialerSettings))
        logger.info("step taken", extra={"outcome": result.outcome.value})
        return result.document()

    return take
