"""Executions of a state machine: started by name once, and looked up by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class StateMachine:
    """One state machine."""

    def __init__(self, client: SFNClient, arn: str) -> None:
        """Use the state machine of this ARN."""
        self._client = client
        self._arn = arn

    def start(self, name: str, given: Mapping[str, Any]) -> None:
        """Start the execution of a name; one that exists is started already."""
        try:
            self._client.start_execution(stateMachineArn=self._arn, name=name, input=json.dumps(given))
        except self._client.exceptions.ExecutionAlreadyExists:
            return

    def status(self, name: str) -> str:
        """Return the status of an execution as AWS names it, empty where there is none."""
        arn = f"{self._arn.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            return self._client.describe_execution(executionArn=arn)["status"]
        except self._client.exceptions.ExecutionDoesNotExist:
            return ""
