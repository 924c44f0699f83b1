"""Executions of rollouts: what each is started with, and how many a rollout may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outbound.dialer.rollouts import Rollout
from outbound.executions import StateMachine

if TYPE_CHECKING:
    from outbound.runtime import Runtime

# Calls of the function in one execution: AWS ends one with its 25,000th event, and a call is 24 at most.
MAX_CALLS = 900
# A rollout whose executions keep being cut off is ended, and a person is called.
MAX_EXECUTIONS = 10


class RolloutExecutions:
    """The executions of rollouts."""

    def __init__(self, state_machine: StateMachine) -> None:
        """Start this state machine."""
        self._state_machine = state_machine

    @classmethod
    def of(cls, runtime: Runtime) -> RolloutExecutions:
        """Return the executions of a stack's rollouts."""
        machine = StateMachine(runtime.client("stepfunctions"), runtime.name("ROLLOUT_STATE_MACHINE_ARN"))
        return cls(machine)

    def start(self, rollout: Rollout) -> None:
        """Start a rollout's execution; one that exists is started already."""
        self._state_machine.start(rollout.execution, {"rollout": about(rollout)})

    def status(self, rollout: Rollout) -> str:
        """Return the status of a rollout's execution as AWS names it, empty where there is none."""
        return self._state_machine.status(rollout.execution)


def about(rollout: Rollout) -> dict[str, str | int]:
    """Return what an execution is told of its rollout: all else is read from the ledger."""
    return {"rollout_id": rollout.rollout_id, "attempt": rollout.attempt}
