"""What the bridge works with in one deployment, each part made once: clients, tables, bus, settings, CXone.

A capability's `build(runtime)` takes what it needs of it and returns the work of a function. A function makes
its runtime of its environment, the operator's command of a stack's outputs, a test of names and a clock of
its own: the same objects from the same code. What is not asked for is neither made nor imported, because in
a Lambda function imports are cost.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import boto3

from outbound.clock import Clock, Deadline, Invocation, SystemClock
from outbound.logs import logger
from outbound.metrics import metrics
from outbound.settings import AWS_CLIENT, ConfigurationError, Documents

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from botocore.config import Config

    from outbound.cxone.adapters import Connection
    from outbound.events import Bus
    from outbound.queues import Queue
    from outbound.secrets import Secrets
    from outbound.store.objects import Lake
    from outbound.store.outbox import Outbox
    from outbound.store.registry import Registry
    from outbound.store.table import Table

# What is left of a function's time at its deadline: enough for a call to end and to be written down.
MARGIN_SECONDS = 10.0

# New objects between two collections: a few of the largest pages. Records are in no circle of references.
_OBJECTS_A_COLLECTION = 50_000
# How long a thread keeps the others waiting.
_TURN_SECONDS = 0.0002

Work = Callable[[dict[str, Any], "LambdaContext"], Any]


class Runtime:
    """The parts of one deployment that capabilities share."""

    def __init__(self, names: Mapping[str, str], clock: Clock, config: Config = AWS_CLIENT) -> None:
        """Use what these names stand for.

        Args:
            names: The names of a function's environment, like `STATE_TABLE`, and what they stand for.
            clock: What tells the time.
            config: Time-outs and retries of the AWS clients.
        """
        self._names = names
        self._config = config
        self._clients: dict[str, Any] = {}
        self.clock = clock

    @classmethod
    def of_function(cls, config: Config = AWS_CLIENT) -> Runtime:
        """Return the runtime of the function that this process is."""
        return cls(os.environ, SystemClock(), config)

    def name(self, variable: str) -> str:
        """Return what a name stands for. Raises ConfigurationError where it is not set."""
        value = self._names.get(variable, "")
        if not value:
            raise ConfigurationError(
                f"environment variable {variable} is not set: give it to the function in the template"
            )
        return value

    def client(self, service: str) -> Any:
        """Return the client of an AWS service."""
        if service not in self._clients:
            self._clients[service] = boto3.client(service, config=self._config)  # type: ignore[call-overload]
        return self._clients[service]

    def deadline(self, invocation: Invocation, margin_seconds: float = MARGIN_SECONDS) -> Deadline:
        """Return the moment after which an invocation begins nothing more."""
        return Deadline(self.clock, invocation.get_remaining_time_in_millis() / 1000 - margin_seconds)

    def warm_up(self, *parts: str) -> None:
        """Make parts now: at import Lambda gives a function its full CPU, whatever its memory."""
        for part in parts:
            getattr(self, part)

    @cached_property
    def tenant(self) -> str:
        """The tenant that this stack serves: one stack, one tenant."""
        return self.name("TENANT")

    @cached_property
    def state(self) -> Table:
        """The table of all ledgers but that of consent."""
        return self._table("STATE_TABLE")

    @cached_property
    def consent(self) -> Table:
        """The table of the ledger of consent."""
        return self._table("CONSENT_TABLE")

    def _table(self, variable: str) -> Table:
        from outbound.store.table import Table

        return Table(self.client("dynamodb"), self.name(variable))

    @cached_property
    def bus(self) -> Bus:
        """The event bus."""
        from outbound.events import Bus

        return Bus(self.client("events"), self.name("BUS_NAME"), self.clock)

    @cached_property
    def outbox(self) -> Outbox:
        """What publishes the facts that items of the state table carry."""
        return self.outbox_of(self.state)

    def outbox_of(self, table: Table) -> Outbox:
        """Return what publishes the facts that a table's items carry."""
        from outbound.store.outbox import Outbox

        return Outbox(table, self.bus)

    @cached_property
    def registry(self) -> Registry:
        """The campaigns that the bridge works for."""
        from outbound.store.registry import Registry

        return Registry(self.state, self.tenant)

    @cached_property
    def lake(self) -> Lake:
        """The bucket of outcomes, files and reports."""
        from outbound.store.objects import Lake

        return Lake(self.client("s3"), self.name("LAKE_BUCKET"))

    @cached_property
    def queue(self) -> Queue:
        """The queue that the function works off."""
        from outbound.queues import Queue
        from outbound.store.message_failures import MessageFailures

        failures = MessageFailures(self.state, self.tenant, self.clock)
        return Queue(self.client("sqs"), self.name("DLQ_URL"), failures)

    @cached_property
    def documents(self) -> Documents:
        """The settings documents."""
        return Documents(self.client("ssm"), self.name("STACK_NAME"), self.clock)

    @cached_property
    def secrets(self) -> Secrets:
        """The secrets, each read once until it is rotated."""
        from outbound.secrets import Secrets

        return Secrets(self.client("secretsmanager"), self.clock)

    @cached_property
    def tokens(self) -> Table:
        """The table of CXone's tokens and quotas."""
        return self._table("TOKEN_TABLE")

    @cached_property
    def cxone(self) -> Connection:
        """The tenant's CXone. Makes no call: tokens and settings are fetched when they are first needed."""
        from outbound.cxone.adapters import Connection
        from outbound.cxone.auth import Tokens
        from outbound.cxone.http import CxoneHttp
        from outbound.cxone.quota import Budgets
        from outbound.cxone.settings import CxoneSettings

        settings, clock = partial(self.documents.get, "cxone", CxoneSettings), self.clock
        tokens = Tokens(self.tokens, self.tenant, self.secrets, self.name("CXONE_SECRET"), settings, clock)
        http = CxoneHttp(tokens, Budgets(self.tokens, self.tenant, clock), settings, clock)
        return Connection(self.name("CXONE_API"), http)


def end_cold_start() -> None:
    """Resume garbage collection, which `outbound/__init__.py` stopped, for all but what is there by now."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def expect_many_records() -> None:
    """Prepare a process for records by the hundred thousand, which one thread fetches and others work on.

    A full collection would walk all that was imported, too: a fifth of a pull's CPU time. What is there now
    stays for the life of the environment. And threads take turns after less than a page takes: by Python's
    own five milliseconds the one that fetches would wait for its turn, page after page.
    """
    gc.freeze()
    gc.set_threshold(_OBJECTS_A_COLLECTION)
    sys.setswitchinterval(_TURN_SECONDS)


def handler_of(work: Work) -> Work:
    """Return a Lambda handler that logs with the invocation's ids and flushes its metrics."""
    end_cold_start()

    @logger.inject_lambda_context(clear_state=True)
    @metrics.log_metrics
    def handler(event: dict[str, Any], context: LambdaContext) -> Any:
        return work(event, context)

    return handler
