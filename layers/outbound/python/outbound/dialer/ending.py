"""The end of a rollout: its facts, its metrics, and the dialer freed for the next one."""

from __future__ import annotations

from outbound.clock import Clock
from outbound.dialer.facts import RolloutFacts
from outbound.dialer.metrics import DialerMetric
from outbound.dialer.rollouts import Rollout, Rollouts, Stage
from outbound.dialer.step_result import StepOutcome, StepResult
from outbound.logs import logger
from outbound.metrics import measure

_METRICS = {
    Stage.REFUSED: DialerMetric.ROLLOUTS_REFUSED,
    Stage.ROLLED_BACK: DialerMetric.ROLLED_BACK,
    Stage.FAILED: DialerMetric.ROLLOUTS_FAILED,
}


class Finisher:
    """Ends rollouts."""

    def __init__(self, rollouts: Rollouts, facts: RolloutFacts, clock: Clock) -> None:
        """End rollouts of this ledger. What their items carry then is to be published."""
        self._rollouts = rollouts
        self._facts = facts
        self._clock = clock

    def finish(self, rollout: Rollout) -> StepResult:
        """End a rollout as its progress has it, with its facts, once.

        Raises RolloutChanged where it was changed since it was read.
        """
        stage, now = Stage(rollout.progress.ending), self._clock.now()
        self._rollouts.finish(rollout, stage, self._facts.ended(rollout, now), now)
        if stage in _METRICS:
            measure(_METRICS[stage])
        said = {"rollout_id": rollout.rollout_id, "stage": stage.value, "reason": rollout.progress.reason}
        log = logger.error if stage is Stage.FAILED else logger.info
        log("a rollout has ended", extra=said)
        return StepResult(StepOutcome.COMPLETE)
