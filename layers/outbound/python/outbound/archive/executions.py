"""Executions of the archive's state machine: started by name once, and looked up by it.

A run may take several: one that was cut off is followed by another, and so is one that has had its calls, for
AWS ends an execution with its 25,000th event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from outbound.archive.runs import ArchiveRun, ArchiveRuns, RunStatus
from outbound.executions import StateMachine

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# Calls of the function in one execution. Each is up to 24 events, where every one of its retries is used up.
MAX_CALLS = 900
# A run that needs more executions than that is ended.
MAX_EXECUTIONS = 20


class Executions:
    """The executions of one state machine."""

    def __init__(self, client: SFNClient, state_machine_arn: str) -> None:
        """Start this one."""
        self._state_machine = StateMachine(client, state_machine_arn)

    def start(self, run: ArchiveRun) -> None:
        """Start a run's execution; one that exists is started already."""
        about = {"campaign_id": run.campaign_id, "run_id": run.run_id, "attempt": run.attempt}
        self._state_machine.start(run.execution, {"run": about})

    def status(self, run: ArchiveRun) -> str:
        """Return the status of a run's execution as AWS names it, empty where there is none."""
        return self._state_machine.status(run.execution)


def hand_over(runs: ArchiveRuns, run: ArchiveRun) -> ArchiveRun:
    """Hand a run over to its next execution, which is not started yet; return the run as it is then.

    A run that has had too many is failed: its next execution releases the campaign and reports. Raises
    RunChanged where the run was changed meanwhile.
    """
    if run.attempt >= MAX_EXECUTIONS and not run.progress.ending:
        message = f"the run took {run.attempt} executions and is not done"
        failed = RunStatus.FAILED.value
        run = runs.advance(run, ending=failed, reason="too_many_executions", message=message)
    return runs.next_attempt(run)
