"""Rollouts, wired as their functions wire them, on moto; their workflow is the real one.

The dialer is the sandbox tenant's own book of versions and operations, on the clock of the test, behind a
port in this process: every fault of a call and every change of another party can be put before, into and
behind each call, and the same test ends the same each time. `tests/unit/cxone` has the adapter before the
real tenant.
"""

from __future__ import annotations

import copy
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3

from outbound.clock import Deadline, format_time
from outbound.cxone.adapters import Connection, Cxone
from outbound.cxone.errors import CxoneError, VersionConflict
from outbound.cxone.ports.dialer import (
    AcceptedChange,
    Operation,
    OperationStatus,
    PolicyFinding,
    PolicyVerdict,
    Settings,
    SettingsInForce,
    TrunkCapacity,
)
from outbound.dialer.configuration import canonical
from outbound.dialer.guard import Counts, Reading
from outbound.dialer.interruptions import RolloutInterruptions
from outbound.dialer.planner import RolloutPlanner
from outbound.dialer.rollouts import Rollout, Rollouts
from outbound.dialer.settings import DialerSettings
from outbound.dialer.workflow import RolloutWorkflow
from outbound.events import Event
from outbound.queues import work
from sandbox.tenant.dialer_book import FIRST_SETTINGS, DialerBook, Plan
from sandbox.tenant.dialer_forms import judge
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation, sqs_event
from worlds.runtime import WorldRuntime
from worlds.state_machine import Execution, execute

TENANT = ENVIRONMENT["TENANT"]
FOLDER = Path(__file__).parents[2] / "functions" / "roll_out_dialer"
DEFINITION: dict[str, Any] = json.loads((FOLDER / "rollout.asl.json").read_text())

#: The complete example of the document.
EXAMPLE: dict[str, Any] = {
    "name": "Predictive_Outbound_01",
    "type": "predictive",
    "concurrency": {"max_agents": 50, "max_simultaneous_calls": 200, "call_spacing_ms": 150},
    "algorithm": {
        "type": "predictive",
        "abandonment_rate_target": 0.03,
        "agent_availability_estimate": 0.85,
        "dial_ratio": 4.0,
    },
}
_CONFIGURED = {"trunks": {"count": 150, "used": 0.45}}


def first_settings(**algorithm: Any) -> dict[str, Any]:
    """What is in force before anything is changed, with some fields of the algorithm changed."""
    settings = copy.deepcopy(dict(FIRST_SETTINGS))
    settings["algorithm"] |= algorithm
    return settings


def document(settings: Mapping[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    """A rollout document."""
    asked = copy.deepcopy(dict(EXAMPLE if settings is None else settings))
    return {"settings": asked, "campaigns": [], "reason": "more agents", **given}


@dataclass
class Fault:
    """What happens to a call of the dialer: it fails before its effect, or behind it."""

    error: CxoneError
    after: bool = False


class BookDialer:
    """The port of the dialer over the sandbox tenant's own book."""

    def __init__(self, book: DialerBook) -> None:
        self.book = book
        self.calls: list[str] = []
        self.before: Callable[[int, str], None] = lambda number, name: None
        self.fault_of: Callable[[int, str], Fault | None] = lambda number, name: None
        self.verdict: Callable[[Settings], PolicyVerdict] | None = None

    def settings(self, campaign_ids: Sequence[str]) -> SettingsInForce:
        def read() -> SettingsInForce:
            settings = copy.deepcopy(self.book.settings())
            return SettingsInForce(settings, self.book.version)

        return cast("SettingsInForce", self._call("settings", read))

    def change(
        self, settings: Settings, version: str, campaign_ids: Sequence[str], *, urgent: bool = False
    ) -> AcceptedChange:
        def put() -> AcceptedChange:
            self.book.settings()
            if version != self.book.version:
                raise VersionConflict("PUT answered 412")
            operation = self.book.change(copy.deepcopy(dict(settings)), "api")
            return AcceptedChange(operation.version, operation.operation_id)

        return cast("AcceptedChange", self._call("change", put))

    def operation(self, operation_id: str, *, urgent: bool = False) -> Operation:
        def look() -> Operation:
            found = self.book.operation(operation_id)
            if found is None:
                return Operation(OperationStatus.GONE)
            status = self.book.status_of(found).lower()
            return Operation(OperationStatus("in_progress" if status == "stuck" else status))

        return cast("Operation", self._call("operation", look))

    def validate(self, settings: Settings, capacity: TrunkCapacity | None) -> PolicyVerdict:
        def ask() -> PolicyVerdict:
            if self.verdict is not None:
                return self.verdict(settings)
            said = judge(settings, ["tcpa_abandonment"], None)
            found = tuple(PolicyFinding(**each) for each in said["violations"])
            return PolicyVerdict(said["compliance_status"] == "PASS", found)

        return cast("PolicyVerdict", self._call("validate", ask))

    def _call(self, name: str, make: Callable[[], object]) -> object:
        self.calls.append(name)
        number = len(self.calls)
        self.before(number, name)
        fault = self.fault_of(number, name)
        if fault is None:
            return make()
        fault.error.in_doubt = fault.after or name == "change"
        if fault.after:
            make()
        raise fault.error


class GivenReadings:
    """The guard's metrics, as a test has them."""

    def __init__(self) -> None:
        self.by_campaign: dict[str, Callable[[datetime, datetime], Reading]] = {}
        self.efficiencies: dict[str, float] = {}

    def read(self, campaign_id: str, since: datetime, now: datetime) -> Reading:
        given = self.by_campaign.get(campaign_id)
        return given(since, now) if given else Reading(campaign_id, Counts(), None)

    def efficiency(self, campaign_id: str, since: datetime, now: datetime) -> float | None:
        return self.efficiencies.get(campaign_id)

    def give(self, campaign_id: str, answered: int, abandoned: int, **more: Any) -> None:
        """Let a campaign have these calls since any activation, counted until now."""

        def read(since: datetime, now: datetime) -> Reading:
            newest = more.get("newest", now)
            rest = {name: value for name, value in more.items() if name != "newest"}
            return Reading(campaign_id, Counts(answered, abandoned), newest, **rest)

        self.by_campaign[campaign_id] = read


class RolloutWorld:
    """One stack's rollouts, and a dialer."""

    def __init__(self, aws: AwsWorld, clock: FakeClock, **settings: Any) -> None:
        self.aws = aws
        self.clock = clock
        self.settings = DialerSettings.model_validate({**_CONFIGURED, **settings})
        self.book = DialerBook(lambda: None, lambda: clock.now().timestamp())
        self.dialer = BookDialer(self.book)
        self.readings = GivenReadings()
        self.sfn = boto3.client("stepfunctions")
        role = "arn:aws:iam::123456789012:role/rollout"
        self.sfn.create_state_machine(
            name="outbound-rollout", definition=json.dumps(DEFINITION), roleArn=role
        )
        self.executed: list[Execution] = []
        self.heard: list[dict[str, Any]] = []
        self.theirs: str | None = None
        """What another party made of the dialer last, where it did."""

        self.operations_before_theirs = 0
        self.under_way_at_theirs = False
        self._requests = count(1)
        self.start_afresh()

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does."""
        self.runtime = WorldRuntime(self.aws, self.clock, "end-rollout", {"dialer": lambda: self.settings})
        self.runtime.cxone = cast("Connection", Between(self.dialer))
        self.rollouts = Rollouts(self.runtime.state, TENANT)
        self.planner = RolloutPlanner.of(self.runtime)

    # What happens in the stack

    def plan_operations(self, *plans: Plan) -> None:
        """Let the next operations go so; further ones complete at once."""
        self.book.plan([*plans, *(Plan(seconds=0) for _ in range(50))])

    def event(self, data: Mapping[str, Any], event_id: str = "") -> Event:
        event_id = event_id or f"request-{next(self._requests)}"
        now = format_time(self.clock.now())
        return Event(event_id, "dialer.rollout.requested", now, event_id, TENANT, data)

    def ask(self, data: Mapping[str, Any] | None = None, event_id: str = "") -> None:
        """Ask for a rollout, as the bus brings it to the function."""
        self.planner.handle(self.event(document() if data is None else data, event_id))

    def step(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """One call of the workflow's function."""
        workflow = RolloutWorkflow.of(self.runtime, Deadline(self.clock, 110), self.readings)
        return workflow.take(event, self.settings).document()

    def about(self, rollout: Rollout) -> dict[str, Any]:
        return {"rollout_id": rollout.rollout_id, "attempt": rollout.attempt}

    def execute(self, before: Callable[[str], None] = lambda state: None) -> Execution:
        """Run the execution of the current rollout to its end, and tell what AWS tells of it."""
        rollout = self.current()
        ended = execute(DEFINITION, {"rollout": self.about(rollout)}, self.step, self.clock, before)
        self.executed.append(ended)
        self.execution_ended(rollout, ended.status)
        return ended

    def execution_ended(self, rollout: Rollout, status: str) -> None:
        """Let an execution have ended: AWS says so on the default bus."""
        machine = ENVIRONMENT["ROLLOUT_STATE_MACHINE_ARN"]
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{rollout.execution}"
        self.sfn.stop_execution(executionArn=arn)
        given = json.dumps({"rollout": self.about(rollout)})
        detail = {"executionArn": arn, "name": rollout.execution, "status": status, "input": given}
        self.end({"source": "aws.states", "detail": detail})

    def end(self, message: Mapping[str, Any]) -> list[str]:
        """Send a message to the function that sees to interruptions; return which come back."""
        url, body = self.aws.queue_urls["end-rollout"], json.dumps(message)
        self.aws.sqs.send_message(QueueUrl=url, MessageBody=body)
        (got,) = self.aws.sqs.receive_message(QueueUrl=url)["Messages"]
        event = sqs_event("end-rollout", body, receipts=[got["ReceiptHandle"]])
        handle = RolloutInterruptions.of(self.runtime).handle
        answer = work(event, self.runtime.queue, handle, Invocation())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def sweep(self) -> dict[str, int]:
        """What the sweeper does every minute, and what its messages lead to."""
        swept = self.runtime.sweep()
        for message in self.aws.drain("end-rollout"):
            self.end(json.loads(message["Body"]))
        return swept

    def finish(self, before: Callable[[str], None] = lambda state: None, most: int = 20) -> Rollout:
        """Run executions until the rollout has ended, and return it; what AWS forgot, the sweeper finds."""
        rollout = self.current()
        for _ in range(most):
            now = self.rollouts.get(rollout.rollout_id)
            assert now is not None
            if not now.is_open:
                return now
            self.execute(before)
            if self.is_running_on(now.attempt):
                self.clock.advance(minutes=30)
                self.sweep()
        raise AssertionError(f"the rollout has not ended after {most} executions")

    def is_running_on(self, attempt: int) -> bool:
        """Whether the rollout is still open in the same execution, which has ended."""
        rollout = self.rollouts.current()
        return rollout is not None and rollout.attempt == attempt

    def roll_out(self, data: Mapping[str, Any] | None = None) -> Rollout:
        """Ask for a rollout and run it to its end."""
        self.ask(data)
        return self.finish()

    def note_theirs(self, theirs: Mapping[str, Any]) -> None:
        """Note what another party made of the dialer, and what CXone had under way then."""
        operations = self.book.operations()
        self.theirs = canonical(theirs)
        self.operations_before_theirs = len(operations)
        self.under_way_at_theirs = any(self.book.status_of(one) == "IN_PROGRESS" for one in operations)

    # What came of it

    def current(self) -> Rollout:
        rollout = self.rollouts.current()
        assert rollout is not None, "no rollout has the dialer"
        return rollout

    def in_force(self) -> str:
        """What the dialer does, as canonical JSON."""
        return canonical(self.book.settings())

    def published(self, event_type: str = "") -> list[dict[str, Any]]:
        """Every event that was published since the world began, once."""
        self.heard += self.aws.published()
        unique = {each["event_id"]: each for each in self.heard}
        return [each for each in unique.values() if event_type in ("", each["event_type"])]

    def types(self) -> list[str]:
        """The facts about rollouts but for their steps."""
        types = [each["event_type"] for each in self.published()]
        return [each for each in types if each != "dialer.rollout_advanced"]


class Between:
    """A connection whose dialer is the test's; what campaigns measured the world gives itself."""

    def __init__(self, dialer: BookDialer) -> None:
        self._dialer = dialer

    def until(self, deadline: Deadline) -> Cxone:
        return cast("Cxone", SimpleNamespace(dialer=self._dialer, dialer_reports=None))


def scripted(*faults: Fault | None) -> Callable[[int, str], Fault | None]:
    """Let the first calls have these faults, one after the other."""
    left = deque(faults)
    return lambda number, name: left.popleft() if left else None


__all__ = [
    "EXAMPLE",
    "BookDialer",
    "Fault",
    "RolloutWorld",
    "document",
    "first_settings",
    "replace",
    "scripted",
]
