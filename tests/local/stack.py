"""A deployed stack, and what a test or a person wants to do with it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import uuid4

from local.deployment import STACK_NAME, deploy
from local.emulator import LOOPBACK, Emulator, running_emulator


@dataclass(frozen=True)
class Stack:
    """The deployed template: its emulator and its outputs."""

    emulator: Emulator
    outputs: Mapping[str, str]
    name: str = STACK_NAME
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def endpoint(self) -> str:
        """What AWS_ENDPOINT_URL is to be."""
        return self.emulator.endpoint

    def physical(self, folder: str) -> str:
        """Return the name in AWS of a function, by its folder's name, or of a schedule."""
        return f"{self.name}-{folder.replace('_', '-')}"

    def client(self, service: str) -> Any:
        """Return the one client of the account's root for a service; safe for threads."""
        if service not in self._clients:
            self._clients[service] = self.emulator.client(service)
        return self._clients[service]

    @cached_property
    def state(self) -> Any:
        """The state table, as a boto3 table."""
        return self.emulator.resource("dynamodb").Table(self.outputs["StateTable"])

    def invoke(self, function: str, event: object) -> Any:
        """Invoke a function by its folder's name and give its answer; raise with its error if it fails."""
        answer = self.client("lambda").invoke(
            FunctionName=self.physical(function), Payload=json.dumps(event).encode()
        )
        payload = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise FunctionFailed(function, payload)
        return payload

    def fire(self, schedule: str) -> None:
        """Let a schedule of this stack fire within two seconds, with its own target, role and input.

        A rate schedule first fires after its interval, so a one-time twin of it is made.
        """
        scheduler = self.client("scheduler")
        name = self.physical(schedule)
        found = scheduler.get_schedule(Name=name)
        scheduler.create_schedule(
            Name=f"{name}-{uuid4().hex[:8]}",
            ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target=found["Target"],
        )

    def log_lines(self, function: str) -> list[str]:
        """Return every line that a function has written so far, oldest first."""
        pages = self.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=f"/aws/lambda/{self.physical(function)}")
        return [event["message"] for page in found for event in page["events"]]

    def log_records(self, function: str) -> list[dict[str, Any]]:
        """Return the structured lines of a function's log, metrics not among them."""
        return [record for record in self._json_lines(function) if "_aws" not in record]

    def metrics(self, function: str) -> dict[str, list[float]]:
        """Return every value that a function emitted as a metric, by the metric's name."""
        values: dict[str, list[float]] = {}
        for record in self._json_lines(function):
            for directive in record.get("_aws", {}).get("CloudWatchMetrics", []):
                for name in (metric["Name"] for metric in directive["Metrics"]):
                    found = record[name]
                    values.setdefault(name, []).extend(found if isinstance(found, list) else [found])
        return values

    def queue_depth(self, url: str) -> int:
        """Count the messages of a queue, waiting, delayed and in flight."""
        names = ["", "NotVisible", "Delayed"]
        wanted = [f"ApproximateNumberOfMessages{name}" for name in names]
        found = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
        return sum(int(found.get(name, 0)) for name in wanted)

    def _json_lines(self, function: str) -> list[dict[str, Any]]:
        lines = (line.strip() for line in self.log_lines(function))
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


class FunctionFailed(RuntimeError):
    """A function raised; the message is its error."""

    def __init__(self, function: str, error: Mapping[str, Any]) -> None:
        super().__init__(f"{function}: {error.get('errorType')}: {error.get('errorMessage')}")


@contextmanager
def running_stack(
    parameters: Mapping[str, str] | None = None,
    *,
    policies: bool = True,
    wait_scale: float = 1.0,
    keep: bool = False,
    host: str = LOOPBACK,
) -> Iterator[Stack]:
    """Run an emulator with the template deployed to it for as long as the block lasts.

    `parameters` are the template's; the others are those of `running_emulator`. Several may run at once.
    """
    with running_emulator(policies=policies, wait_scale=wait_scale, keep=keep, host=host) as emulator:
        yield Stack(emulator, deploy(emulator, parameters or {}))


def eventually(check: Callable[[], Any], *, seconds: float = 20.0, every: float = 0.1) -> Any:
    """Wait until `check` gives something true and give that; fail with its last answer after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s; the last answer was {found!r}")
        time.sleep(every)
    return found
