"""A deployed stack as the operator's command sees it: its outputs and clients for its resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property

import boto3
from botocore.exceptions import ClientError

from outbound.clock import Clock, SystemClock
from outbound.outcomes.jobs import Jobs
from outbound.runtime import Runtime
from outbound.settings import AWS_CLIENT
from outbound.store.consents import Consents
from outbound.webhooks.ledger import RawWebhooks, WebhookLedger
from outbound.webhooks.receiver import IngressQueue
from outbound.webhooks.replay import Replays

# The outputs by which a stack is known to be one of ours.
_OURS = frozenset({"Tenant", "StateTable"})


class StackNotFound(Exception):
    """There is no such stack in this account and region, or not one that can be operated."""


class _Outputs(dict[str, str]):
    """A stack's outputs; asked for one that it lacks they say what to do."""

    def __missing__(self, name: str) -> str:
        raise StackNotFound(f"the stack has no output {name!r}: deploy this version of the bridge first")


class _Names(Mapping[str, str]):
    """The names of a function's environment, read from the stack's outputs: `STATE_TABLE` is `StateTable`."""

    def __init__(self, stack: str, outputs: Mapping[str, str]) -> None:
        self._known = {"STACK_NAME": stack}
        self._outputs = outputs

    def __getitem__(self, variable: str) -> str:
        return self._known.get(variable) or self._outputs[variable.title().replace("_", "")]

    def __iter__(self) -> Iterator[str]:
        return iter((*self._known, *self._outputs))

    def __len__(self) -> int:
        return len(self._known) + len(self._outputs)


class Stack(Runtime):
    """One deployed stack, as the operator's command works with it."""

    def __init__(self, name: str, outputs: Mapping[str, str], clock: Clock) -> None:
        """Use a stack's outputs."""
        self.stack_name = name
        self.outputs = _Outputs(outputs)
        super().__init__(_Names(name, self.outputs), clock)

    @classmethod
    def named(cls, name: str) -> Stack:
        """Return the stack of that name in the account and region of the caller's credentials.

        Raises StackNotFound where there is none.
        """
        client = boto3.client("cloudformation", config=AWS_CLIENT)
        try:
            stacks = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            region = client.meta.region_name
            raise StackNotFound(
                f"there is no stack {name!r} in {region}; name it with --stack or OUTBOUND_STACK"
            ) from error
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
        _check(name, stacks[0]["StackStatus"], outputs)
        return cls(name, outputs, SystemClock())

    @cached_property
    def consents(self) -> Consents:
        """What contacts agreed to."""
        return Consents(self.consent, self.tenant, self.clock)

    @cached_property
    def jobs(self) -> Jobs:
        """The pull jobs."""
        return Jobs(self.state, self.tenant)

    @cached_property
    def replays(self) -> Replays:
        """The webhooks that are kept."""
        raw = RawWebhooks(self.client("s3"), self.outputs["LakeBucket"])
        queue = IngressQueue(self.client("sqs"), self.outputs["RouteWebhooksQueueUrl"])
        # Only what writes the ledger needs to know how long it remembers.
        return Replays(raw, WebhookLedger(self.state, self.tenant, timedelta(0)), queue)


def _check(name: str, status: str, outputs: Mapping[str, str]) -> None:
    """Raise StackNotFound for a stack that is not a bridge, or not yet one."""
    if outputs.keys() >= _OURS:
        return
    if status.endswith("_IN_PROGRESS"):
        raise StackNotFound(f"the stack {name!r} is not ready ({status}): try again when that has ended")
    if status.endswith("_FAILED") or "ROLLBACK" in status:
        raise StackNotFound(f"the stack {name!r} was not created ({status}): delete it and deploy again")
    raise StackNotFound(
        f"the stack {name!r} is not an outbound bridge; name one with --stack or OUTBOUND_STACK"
    )
