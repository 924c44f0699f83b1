"""Executions that are aborted at every state, and locks that nothing renews: the rollout ends anyway."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from outbound.dialer.configuration import canonical
from outbound.dialer.executions import MAX_EXECUTIONS
from sandbox.tenant.dialer_book import Plan
from worlds.rollouts import DEFINITION, EXAMPLE, RolloutWorld, document, first_settings
from worlds.state_machine import Aborted

OLD, NEW = canonical(first_settings()), canonical(EXAMPLE)

# What each story visits: a rollout that is activated and guarded, and one that is rolled back.
_FORWARD = [Plan(seconds=5)]
_BACK = [Plan(seconds=5, applied="part"), Plan(seconds=5)]
_STATES = [
    name for name, state in DEFINITION["States"].items() if state["Type"] in ("Task", "Wait", "Choice")
]
_VERIFIED = ("Guard", "Guard answered", "Guard later")


def _aborting(world: RolloutWorld, state: str, seen: list[str]) -> Callable[[str], None]:
    """Abort the execution when it enters a state for the first time."""

    def before(name: str) -> None:
        if name == state and not seen:
            seen.append(name)
            raise Aborted

    return before


@pytest.mark.slow
@pytest.mark.parametrize("state", _STATES)
@pytest.mark.parametrize("story", ["forward", "back"])
def test_a_rollout_that_is_aborted_at_a_state_ends_and_frees_the_dialer(
    world: RolloutWorld, story: str, state: str
) -> None:
    world.plan_operations(*(_FORWARD if story == "forward" else _BACK))
    world.ask(document(campaigns=["spring"], guard={"minutes": 12}))
    seen: list[str] = []
    ended = world.finish(_aborting(world, state, seen))
    assert world.rollouts.current() is None
    # Behind its last step a rollout has ended, whatever becomes of its execution.
    assert ended.attempt == (1 if state == "Finish answered" else 1 + len(seen))
    if ended.stage == "active":
        assert world.in_force() == NEW
        # Only what is verified goes on behind an abort.
        assert not seen or state in (*_VERIFIED, "Verify answered", "Finish", "Finish answered")
    else:
        assert ended.stage in ("rolled_back", "refused")
        assert world.in_force() == OLD
    facts = set(world.types())
    assert facts & {"dialer.activated", "dialer.rolled_back", "dialer.rollout_refused"}


def test_every_state_but_the_waits_of_quiet_steps_is_aborted_by_one_of_the_stories(
    world: RolloutWorld,
) -> None:
    visited: set[str] = set()
    for plans in (_FORWARD, _BACK):
        world.book.replace(first_settings(), "test")
        world.plan_operations(*plans)
        world.ask(document(campaigns=["spring"], guard={"minutes": 12}))
        world.finish(visited.add)
    missed = set(_STATES) - visited
    # Waits that only a failure of CXone leads to.
    assert missed <= {
        *("Check later", "Snapshot later", "Activate later", "Roll back later", "Verify rollback later"),
        "Finish later",
    }


def test_the_sweeper_finds_a_rollout_whose_execution_never_began(world: RolloutWorld) -> None:
    world.ask()
    rollout = world.current()
    # AWS has forgotten it, and said nothing.
    machine = "outbound-rollout"
    arn = world.sfn.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    world.sfn.delete_state_machine(stateMachineArn=arn)
    role = "arn:aws:iam::123456789012:role/rollout"
    world.sfn.create_state_machine(name=machine, definition=json.dumps(DEFINITION), roleArn=role)
    world.clock.advance(minutes=30)
    assert world.sweep()["dialer_rollout"] == 1
    assert world.current().attempt == rollout.attempt + 1
    ended = world.finish()
    assert (ended.stage, ended.progress.reason, world.in_force()) == ("refused", "cut_off", OLD)


def test_a_rollout_at_work_is_left_alone_by_the_sweeper(world: RolloutWorld) -> None:
    world.ask()
    world.clock.advance(minutes=30)
    world.sweep()
    assert world.current().attempt == 1
    assert world.sweep()["dialer_rollout"] == 0


def test_a_person_is_called_for_a_rollout_that_is_cut_off_too_often(world: RolloutWorld) -> None:
    world.ask(document(campaigns=["spring"]))

    def before(state: str) -> None:
        if state == "Check":
            raise Aborted

    ended = world.finish(before)
    assert (ended.stage, ended.progress.reason) == ("failed", "too_many_executions")
    assert ended.attempt == MAX_EXECUTIONS
    assert world.rollouts.current() is None
    assert world.types() == ["dialer.rollout_failed"]


def test_a_step_of_an_execution_that_was_followed_by_another_does_nothing(world: RolloutWorld) -> None:
    world.ask()
    first = world.about(world.current())
    world.execution_ended(world.current(), "ABORTED")
    before = list(world.dialer.calls)
    for step in ("check", "activate", "roll_back", "finish"):
        assert world.step({"step": step, "rollout": first, "calls": 0})["outcome"] == "superseded"
    assert world.dialer.calls == before


def test_a_request_whose_planning_was_cut_off_is_started_when_it_comes_again(world: RolloutWorld) -> None:
    def refuse(**_: object) -> None:
        raise ConnectionError

    start = world.planner._executions._state_machine._client.start_execution
    world.planner._executions._state_machine._client.start_execution = refuse
    event = world.event(document(), "r")
    with pytest.raises(ConnectionError):
        world.planner.handle(event)
    world.planner._executions._state_machine._client.start_execution = start
    world.planner.handle(event)
    assert world.sfn.list_executions(
        stateMachineArn=world.sfn.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    )["executions"]
    assert world.finish().stage == "active"


@pytest.mark.parametrize(
    "message",
    [
        {"source": "aws.states", "detail": {"status": "ABORTED"}},
        {"source": "aws.states", "detail": {"status": "ABORTED", "input": "[]"}},
        {"rollout": {"rollout_id": 7}},
        {"rollout": None},
        {},
    ],
)
def test_a_message_that_is_not_understood_is_a_dead_letter(
    world: RolloutWorld, message: dict[str, object]
) -> None:
    assert world.end(message) == []
    (letter,) = world.aws.drain("end-rollout-dlq")
    assert "not understood" in letter["MessageAttributes"]["reason"]["StringValue"]
