"""What several files of the outcome suite use: the calls of a job, and AWS failing to order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from outbound.outcomes.dispatcher import job_window
from sandbox.world import expected_ids
from worlds.outcomes import PullWorld

_make_api_call = BaseClient._make_api_call


def calls_of(world: PullWorld, body: str) -> Counter[str]:
    """The ids of the calls that the job of a message is to bring, each once."""
    campaign_id, window = job_window(body)
    return Counter(expected_ids(world.tenant.world, campaign_id, window.start, window.end))


@contextmanager
def before_calls(act: Callable[[str, Any], Any]) -> Iterator[None]:
    """Let `act` see every AWS call first: what it returns other than None is the answer."""

    def call(client: Any, operation: str, parameters: Any) -> Any:
        answer = act(operation, parameters)
        return _make_api_call(client, operation, parameters) if answer is None else answer

    with patch.object(BaseClient, "_make_api_call", call):
        yield


@contextmanager
def fail_once(operation: str, nth: int = 1, in_part: bool = False) -> Iterator[None]:
    """Let the nth call of an operation fail, or refuse the first entry of a batch."""
    seen = 0

    def act(name: str, parameters: Any) -> Any:
        nonlocal seen
        seen += name == operation
        if name != operation or seen != nth:
            return None
        seen += 1
        if in_part:
            refused = parameters["Entries"].pop(0)
            return _in_part(parameters, refused)
        raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "Refused."}}, operation)

    with before_calls(act):
        yield


def _in_part(parameters: Any, refused: Any) -> Any:
    import boto3

    passed = _make_api_call(boto3.client("sqs"), "SendMessageBatch", parameters)
    return {**passed, "Failed": [{"Id": refused["Id"], "Code": "ServiceUnavailable", "SenderFault": False}]}
