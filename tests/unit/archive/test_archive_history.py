"""An execution's history never grows to the 25,000 events at which AWS ends it, however long a run takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from outbound.archive import executions, workflow
from outbound.archive.executions import MAX_CALLS, MAX_EXECUTIONS, Executions
from outbound.archive.runs import OPEN, ArchiveRun, RunStatus
from outbound.archive.settings import MAX_CALLS_OF_A_KIND, ArchiveSettings
from outbound.archive.step_result import StepOutcome, StepResult
from outbound.archive.workflow import Workflow
from outbound.clock import Deadline
from worlds.archive import CAMPAIGN, DEFINITION, ArchiveWorld, MakeWorld
from worlds.aws import FakeClock
from worlds.state_machine import EVENTS_A_STATE, EVENTS_A_TRY, Execution, execute

MOST_EVENTS = 25_000
STATES: dict[str, dict[str, Any]] = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}


def _events_of_a_call(name: str) -> int:
    """The most events from a task's entry to the next task: all of its retries, and the states in between."""
    tries = 1 + sum(retry["MaxAttempts"] for retry in TASKS[name]["Retry"])
    return EVENTS_A_STATE + tries * EVENTS_A_TRY + max(_events_between(name))


def _events_between(name: str) -> Iterator[int]:
    state = STATES[name]
    following = {state.get("Next"), state.get("Default")} | {one["Next"] for one in state.get("Choices", ())}
    following |= {one["Next"] for one in state.get("Catch", ())}
    yield 0
    for after in following - {None}:
        if STATES[after]["Type"] != "Task":
            yield from (EVENTS_A_STATE + events for events in _events_between(after))


def test_the_longest_history_that_the_definition_allows_is_short_enough() -> None:
    dearest = max(map(_events_of_a_call, TASKS))
    # Calls that fail for good are not counted: one, and one more of "Undo". The last one hands over.
    failed, handed_over, ends = 2, 1, 1 + 3 * EVENTS_A_STATE
    longest = (MAX_CALLS + failed + handed_over) * dearest + ends
    assert longest < MOST_EVENTS


def test_every_task_gives_back_how_many_calls_there_were() -> None:
    assert STATES[DEFINITION["StartAt"]]["Result"] == {"calls": 0}
    for name, task in TASKS.items():
        assert task["Parameters"]["calls.$"] == "$.answer.calls", name
        assert task["ResultPath"] == "$.answer", name
        assert [retry["ErrorEquals"] for retry in task["Retry"]] == [["States.ALL"]], name
        assert all(catch["ResultPath"] == "$.error" for catch in task["Catch"]), name


def test_no_setting_lets_a_run_read_or_send_without_end() -> None:
    for page_size in (2, 100, 1000):
        for batch_size in (1, 200):
            given = {"page_size": page_size, "batch_size": batch_size, "max_attempts": 2_000_000}
            most = ArchiveSettings.model_validate(given).attempts_of_a_run
            assert most / page_size <= MAX_CALLS_OF_A_KIND
            assert most / batch_size <= MAX_CALLS_OF_A_KIND
    assert ArchiveSettings().attempts_of_a_run == 500_000


class _Runs:
    """One run's record and its executions, in memory: thousands of calls of the workflow alone."""

    def __init__(self) -> None:
        moment = datetime(2026, 3, 10, tzinfo=UTC)
        self.run = ArchiveRun(CAMPAIGN, "run", RunStatus.RUNNING, 1, 1, moment, "correlation")
        self.started: list[int] = []

    def get(self, *_: str) -> ArchiveRun:
        return self.run

    def next_attempt(self, run: ArchiveRun) -> ArchiveRun:
        self.run = replace(run, attempt=run.attempt + 1, status=RunStatus.PLANNED)
        return self.run

    def start(self, run: ArchiveRun) -> None:
        self.started.append(run.attempt)


def _walk(runs: Any, known: Mapping[str, Any], failing: int = 0) -> Execution:
    """Walk the current execution; of each call this many tries fail first."""
    clock, tries = FakeClock(), count()
    steps = Workflow(runs, known, runs, clock)
    run = {"campaign_id": CAMPAIGN, "run_id": "run", "attempt": runs.run.attempt}

    def call(event: dict[str, Any]) -> dict[str, Any]:
        if next(tries) % (failing + 1) < failing:
            raise TimeoutError
        return steps.take(event, ArchiveSettings(), Deadline(clock, 110)).document()

    return execute(DEFINITION, {"run": run}, call, clock)


def test_an_execution_that_waits_for_ever_hands_over_in_time() -> None:
    """Nothing ever gets on, and every call needs all of its tries."""
    runs = _Runs()
    ended = _walk(runs, {"collect": lambda *_: StepResult(StepOutcome.LATER, 1)}, failing=5)
    assert (ended.status, ended.entered[-1]) == ("SUCCEEDED", "Superseded")
    assert MOST_EVENTS * 0.8 < ended.events < MOST_EVENTS
    assert runs.started == [2]


def test_twenty_large_campaigns_that_share_a_quota_end_with_short_histories() -> None:
    """500,000 attempts each, a call of CXone every 12 seconds: pages, batches, and the list once more."""
    pages, batches = 500_000 // ArchiveSettings().page_size, 500_000 // ArchiveSettings().batch_size
    left = {"collect": pages, "send": batches, "check": pages}

    def work(name: str) -> Callable[..., StepResult]:
        def one(*_: Any) -> StepResult:
            left[name] -= 1
            return StepResult(StepOutcome.LATER, 12) if left[name] > 0 else StepResult(StepOutcome.COMPLETE)

        return one

    known: dict[str, Callable[..., StepResult]] = {name: work(name) for name in left}
    for name in ("partition", "copy", "release", "finish"):
        known[name] = lambda *_: StepResult(StepOutcome.COMPLETE)
    known["hold"] = lambda *_: StepResult(StepOutcome.PAUSED)
    runs, ends = _Runs(), []
    while not ends or ends[-1].entered[-1] == "Superseded":
        ends.append(_walk(runs, known))
    assert (ends[-1].status, ends[-1].entered[-1]) == ("SUCCEEDED", "Done")
    assert max(ended.events for ended in ends) < MOST_EVENTS
    assert 1 < len(ends) <= MAX_EXECUTIONS


def test_a_run_goes_on_in_a_new_execution_and_the_campaign_stays_paused(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "MAX_CALLS", 8)
    world = make_world(450)
    _hand_over_before_sending(world)
    ends = _execute_all(world)
    assert [ended.entered[-1] for ended in ends] == ["Superseded", "Done"]
    assert world.last().summary["status"] == "complete"
    assert world.last().summary["executions"] == 2
    asked = [one.status for one in world.tenant.campaign_status(CAMPAIGN).changes]
    assert asked == ["PAUSED", "ACTIVE"]
    assert world.aws.published("archive.interrupted") == []


def test_a_hand_over_whose_execution_did_not_start_is_done_again(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "MAX_CALLS", 8)
    world = make_world(50)
    _hand_over_before_sending(world)
    real, tries = Executions.start, count()

    def start(executions: Executions, run: ArchiveRun) -> None:
        if not next(tries):
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "StartExecution")
        real(executions, run)

    monkeypatch.setattr(Executions, "start", start)
    ends = _execute_all(world)
    assert ("send", "ClientError") in ends[0].answers
    assert world.executions.status(world.last()) != ""
    assert world.last().summary["status"] == "complete"


def test_a_run_that_needs_too_many_executions_fails_and_the_campaign_dials(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "MAX_CALLS", 8)
    monkeypatch.setattr(executions, "MAX_EXECUTIONS", 1)
    world = make_world(450)
    _hand_over_before_sending(world)
    _execute_all(world)
    summary = world.last().summary
    assert (summary["status"], summary["reason"]) == ("failed", "too_many_executions")
    assert world.dials()
    assert world.holds.of_campaign(CAMPAIGN) == []


def test_a_short_wait_is_spent_inside_of_the_call(make_world: MakeWorld) -> None:
    world = make_world(250)
    limited = {"status": 429, "headers": {"Retry-After": "20"}}
    world.tenant.add_fault(limited, path="/attempts$", nth=2)
    ended = world.archive()
    assert "later" not in [answer for _, answer in ended.answers]
    assert world.last().summary["status"] == "complete"


def _hand_over_before_sending(world: ArchiveWorld) -> None:
    """Ask for an archive that spends five calls on reading its list, and eight until it sends."""
    limited = {"status": 429, "headers": {"Retry-After": "20"}}
    world.tenant.add_fault(limited, path="/attempts$", times=4)
    world.ask()


def _execute_all(world: ArchiveWorld) -> list[Any]:
    ends = []
    while world.last().status in OPEN:
        ends.append(world.execute(seconds=45))
    return ends
