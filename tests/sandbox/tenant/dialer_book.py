"""The dialer's settings with their versions, the operations that change them, and who did what."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

Settings = dict[str, Any]

#: How an operation can end. A lost one is not known any more, whatever it did; a stuck one never ends.
ENDINGS: tuple[str, ...] = ("COMPLETED", "FAILED", "LOST", "STUCK")

#: How much of what was asked for is active after an operation, whatever it says of itself.
APPLIED: tuple[str, ...] = ("all", "nothing", "part")

#: What the dialer does before anybody changes it.
FIRST_SETTINGS: Mapping[str, Any] = {
    "name": "Predictive_Outbound_00",
    "type": "predictive",
    "concurrency": {"max_agents": 40, "max_simultaneous_calls": 60, "call_spacing_ms": 200},
    "algorithm": {
        "type": "predictive",
        "abandonment_rate_target": 0.02,
        "agent_availability_estimate": 0.8,
        "dial_ratio": 1.5,
    },
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to become of an operation: after `seconds` it ends so, and so much of it is active."""

    seconds: float = 0.05
    ending: str = "COMPLETED"
    applied: str = "all"

    def __post_init__(self) -> None:
        """Refuse what could not happen."""
        if self.ending not in ENDINGS or self.applied not in APPLIED or self.seconds < 0:
            raise ValueError(f"an operation ends as one of {ENDINGS}, with one of {APPLIED} applied")


@dataclass(slots=True)
class Operation:
    """A change of the settings that was accepted."""

    operation_id: str
    version: str
    asked: Settings
    plan: Plan
    begun: float
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the audit log."""

    entry_id: str
    at: float
    actor: str
    action: str
    version: str
    details: Mapping[str, Any] = field(default_factory=dict)


class DialerBook:
    """The dialer of one tenant."""

    def __init__(self, changed: Callable[[], None], clock: Callable[[], float] = time.time) -> None:
        """Start with the first settings; call `changed` when others have become active."""
        self._clock = clock
        self._settings: Settings = dict(FIRST_SETTINGS)
        self._operations: dict[str, Operation] = {}
        self._plans: deque[Plan] = deque()
        self.version = _new_version()
        self.log: list[Entry] = []
        self._changed = changed

    def settings(self) -> Settings:
        """Return what is active."""
        self._settle()
        return self._settings

    @property
    def active(self) -> Settings:
        """What is active, without a look at the operations that may have ended meanwhile."""
        return self._settings

    def plan(self, plans: list[Plan]) -> None:
        """Let the next operations go so; further ones complete soon."""
        self._plans = deque(plans)

    def change(self, asked: Settings, actor: str) -> Operation:
        """Accept a change; the version is another one from now on."""
        self._settle()
        plan = self._plans.popleft() if self._plans else Plan()
        self.version = _new_version()
        operation = Operation(f"op_{uuid4().hex[:16]}", self.version, asked, plan, self._clock())
        self._operations[operation.operation_id] = operation
        self._note(actor, "settings.change_requested", {"operationId": operation.operation_id})
        return operation

    def replace(self, settings: Settings, actor: str) -> None:
        """Have other settings active at once, as when another party changes them at CXone."""
        self._settle()
        self.version = _new_version()
        self._activate(settings, actor)

    def operation(self, operation_id: str) -> Operation | None:
        """Return an operation that is known."""
        self._settle()
        found = self._operations.get(operation_id)
        lost = found is not None and found.settled and found.plan.ending == "LOST"
        return None if lost else found

    def operations(self) -> list[Operation]:
        """Return all operations, the oldest first."""
        self._settle()
        return list(self._operations.values())

    def status_of(self, operation: Operation) -> str:
        """Return what an operation says of itself."""
        return operation.plan.ending if operation.settled else "IN_PROGRESS"

    def _settle(self) -> None:
        now = self._clock()
        for operation in self._operations.values():
            due = operation.begun + operation.plan.seconds
            if operation.settled or operation.plan.ending == "STUCK" or now < due:
                continue
            operation.settled = True
            if operation.plan.applied == "all":
                self._activate(operation.asked, "api")
            elif operation.plan.applied == "part":
                self._activate({**self._settings, "concurrency": operation.asked["concurrency"]}, "api")

    def _activate(self, settings: Settings, actor: str) -> None:
        self._settings = settings
        self._note(actor, "settings.activated", {"name": settings.get("name", "")})
        self._changed()

    def _note(self, actor: str, action: str, details: Mapping[str, Any]) -> None:
        self.log.append(
            Entry(f"aud_{len(self.log) + 1:06}", self._clock(), actor, action, self.version, details)
        )


def _new_version() -> str:
    return f"v-{uuid4().hex[:12]}"
