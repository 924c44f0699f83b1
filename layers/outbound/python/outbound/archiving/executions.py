"""Executions of the archive's state machine: started by name once, and looked up by it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from outbound.store.archive_run import Run

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class Executions:
    """The executions of one state machine."""

    def __init__(self, client: SFNClient, state_machine_arn: str) -> None:
        """Start this one."""
        self._client = client
        self._arn = state_machine_arn

    def start(self, run: Run) -> None:
        """Start a run's execution; one that exists is started already."""
        about = {"campaign_id": run.campaign_id, "run_id": run.run_id, "attempt": run.attempt}
        try:
            self._client.start_execution(
                stateMachineArn=self._arn, name=run.execution, input=json.dumps({"run": about})
            )
        except self._client.exceptions.ExecutionAlreadyExists:
            return

    def status(self, run: Run) -> str:
        """Give the status of a run's execution as AWS names it, empty where there is none."""
        arn = f"{self._arn.replace(':stateMachine:', ':execution:')}:{run.execution}"
        try:
            return self._client.describe_execution(executionArn=arn)["status"]
        except self._client.exceptions.ExecutionDoesNotExist:
            return ""
