"""Walks a workflow's own definition as Step Functions does, in this process and on the clock of a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from worlds.aws import FakeClock

# An execution that visits more states than this has no end.
_MOST_STATES = 5000
# What AWS writes into an execution's history: entered and exited; scheduled, started and ended for each try.
EVENTS_A_STATE, EVENTS_A_TRY = 2, 3

Call = Callable[[dict[str, Any]], Mapping[str, Any]]


class Aborted(Exception):
    """The execution was stopped from outside."""


@dataclass
class Execution:
    """How an execution went: every state that it entered, and its status as AWS names it."""

    status: str = "RUNNING"
    entered: list[str] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)
    events: int = 1
    """Of its history; AWS ends an execution with more than 25,000."""


def execute(
    definition: Mapping[str, Any],
    given: Mapping[str, Any],
    call: Call,
    clock: FakeClock,
    before: Callable[[str], None] = lambda state: None,
) -> Execution:
    """Run an execution to its end; `before` each state it can be aborted by raising Aborted."""
    execution, name, data = Execution(), definition["StartAt"], dict(given)
    while execution.status == "RUNNING":
        state = definition["States"][name]
        execution.entered.append(name)
        execution.events += EVENTS_A_STATE
        assert len(execution.entered) < _MOST_STATES, execution.answers[-20:]
        try:
            before(name)
        except Aborted:
            execution.status = "ABORTED"
            break
        match state["Type"]:
            case "Succeed":
                execution.status = "SUCCEEDED"
            case "Fail":
                execution.status = "FAILED"
            case "Task":
                name = _task(state, data, call, execution)
            case _:
                name = _passed(state, data, clock)
    return execution


def _passed(state: Mapping[str, Any], data: dict[str, Any], clock: FakeClock) -> str:
    """Pass a state that calls nothing, and return the next one."""
    if state["Type"] == "Choice":
        return _chosen(state, data)
    if state["Type"] == "Wait":
        clock.advance(seconds=_seconds(state, data))
    else:
        data[state["ResultPath"].removeprefix("$.")] = state["Result"]
    return str(state["Next"])


def _seconds(state: Mapping[str, Any], data: Mapping[str, Any]) -> float:
    return float(state["Seconds"] if "Seconds" in state else _at(data, state["SecondsPath"]))


def _chosen(state: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    for choice in state["Choices"]:
        if _at(data, choice["Variable"]) == choice["StringEquals"]:
            return str(choice["Next"])
    return str(state["Default"])


def _task(state: Mapping[str, Any], data: dict[str, Any], call: Call, execution: Execution) -> str:
    event = {
        name.removesuffix(".$"): _at(data, value) if name.endswith(".$") else value
        for name, value in state["Parameters"].items()
    }
    tries = 1 + state["Retry"][0]["MaxAttempts"]
    for left in reversed(range(tries)):
        execution.events += EVENTS_A_TRY
        try:
            answer = call(event)
        except Exception as error:
            execution.answers.append((event["step"], type(error).__name__))
            if not left:
                data[state["Catch"][0]["ResultPath"].removeprefix("$.")] = {"Error": type(error).__name__}
                return str(state["Catch"][0]["Next"])
        else:
            execution.answers.append((event["step"], str(answer["outcome"])))
            data[state["ResultPath"].removeprefix("$.")] = answer
            return str(state["Next"])
    raise AssertionError("the last try returns")


def _at(data: Mapping[str, Any], path: str) -> Any:
    found: Any = data
    for name in path.removeprefix("$.").split("."):
        found = found[name]
    return found
