"""A deployed stack as the operator's command sees it: its outputs and clients for its resources."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import ClientError

from outbound.clock import Clock, SystemClock
from outbound.events import Bus
from outbound.outcomes.jobs import Jobs
from outbound.settings import AWS_CLIENT, Documents
from outbound.store.consents import Consents
from outbound.store.outbox import Outbox
from outbound.store.registry import Registry
from outbound.store.table import Table
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


class Stack:
    """One deployed stack."""

    def __init__(self, name: str, outputs: Mapping[str, str], clock: Clock) -> None:
        """Use a stack's outputs."""
        self.name = name
        self.outputs = _Outputs(outputs)
        self.clock = clock

    @classmethod
    def named(cls, name: str) -> Stack:
        """Give the stack of that name in the account and region of the caller's credentials.

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

    @property
    def tenant(self) -> str:
        """The tenant that the stack serves."""
        return self.outputs["Tenant"]

    @cached_property
    def table(self) -> Table:
        """The state table."""
        return Table(boto3.client("dynamodb", config=AWS_CLIENT), self.outputs["StateTable"])

    @cached_property
    def consents(self) -> Consents:
        """What contacts agreed to."""
        client = boto3.client("dynamodb", config=AWS_CLIENT)
        return Consents(Table(client, self.outputs["ConsentTable"]), self.tenant, self.clock)

    @cached_property
    def bus(self) -> Bus:
        """The bus."""
        return Bus(boto3.client("events", config=AWS_CLIENT), self.outputs["BusName"], self.clock)

    @cached_property
    def outbox(self) -> Outbox:
        """The outbox of the state table."""
        return Outbox(self.table, self.bus)

    @cached_property
    def registry(self) -> Registry:
        """The registry of campaigns."""
        return Registry(self.table, self.tenant)

    @cached_property
    def jobs(self) -> Jobs:
        """The pull jobs."""
        return Jobs(self.table, self.tenant)

    @cached_property
    def replays(self) -> Replays:
        """The webhooks that are kept."""
        raw = RawWebhooks(boto3.client("s3", config=AWS_CLIENT), self.outputs["LakeBucket"])
        queue = IngressQueue(self.sqs, self.outputs["RouteWebhooksQueueUrl"])
        # Only what writes the ledger needs to know how long it remembers.
        return Replays(raw, WebhookLedger(self.table, self.tenant, timedelta(0)), queue)

    @cached_property
    def documents(self) -> Documents:
        """The settings documents."""
        return Documents(self.ssm, self.name, self.clock)

    @cached_property
    def ssm(self) -> Any:
        """A client of Parameter Store."""
        return boto3.client("ssm", config=AWS_CLIENT)

    @cached_property
    def sqs(self) -> Any:
        """A client of SQS."""
        return boto3.client("sqs", config=AWS_CLIENT)


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
