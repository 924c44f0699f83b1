"""Steps that are cut off before and behind every call to AWS, or refused once, end as undisturbed.

What is cut off between the change of the dialer and the note of its answer is a lost answer: the rollout
looks at what is in force, and ends in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from faults import check_every_cut, check_every_refusal, fresh, until_quiet

from outbound.events import Event
from sandbox.tenant.dialer_book import Plan
from worlds.aws import AwsWorld, FakeClock
from worlds.rollouts import DEFINITION, RolloutWorld, document
from worlds.state_machine import execute

# From which state to which the work is disturbed, and what becomes of the operations.
_STORIES: dict[str, tuple[str, str, tuple[Plan, ...]]] = {
    "planning": ("", "Activate", ()),
    "activating": ("Activate", "Guard", (Plan(seconds=1),)),
    "undoing": ("Roll back", "Finish", (Plan(seconds=1, applied="part"), Plan(seconds=1))),
    "ending": ("Finish", "", ()),
}


class _Reached(Exception):
    """A state at which the test stops."""


def _build(story: str) -> Callable[[AwsWorld, FakeClock], RolloutWorld]:
    first, _, plans = _STORIES[story]

    def build(aws: AwsWorld, clock: FakeClock) -> RolloutWorld:
        world = RolloutWorld(aws, clock, watch={"max_looks": 3, "max_lingering": 2})
        world.plan_operations(*plans)
        if first:
            world.planner.handle(_request(world))
            _walk(world, first)
        return world

    return build


def _request(world: RolloutWorld) -> Event:
    """The request, as its message brings it each time."""
    return replace(world.event(document(), "r"), occurred_at="2026-03-10T12:00:00Z")


def _walk(world: RolloutWorld, until: str) -> None:
    """Let AWS walk the execution up to a state; each step is a call of the function."""

    def before(state: str) -> None:
        if state == until:
            raise _Reached

    rollout = world.rollouts.current()
    if rollout is None:
        return
    try:
        execute(DEFINITION, {"rollout": world.about(rollout)}, world.step, world.clock, before)
    except _Reached:
        return


def _work(story: str) -> Callable[[RolloutWorld], None]:
    def work(world: RolloutWorld) -> None:
        if not _STORIES[story][0]:
            world.planner.handle(_request(world))
        _walk(world, _STORIES[story][1])

    return work


def _recover(world: RolloutWorld) -> None:
    """The message comes back, AWS tries the step again in another process, and the sweeper sweeps."""
    for _ in range(3):
        world.start_afresh()
        world.planner.handle(_request(world))
        _walk(world, "")
    world.clock.advance(minutes=5)
    until_quiet(lambda: sum(world.sweep().values()))


def _state(world: RolloutWorld) -> object:
    (rollout,) = world.rollouts.all()
    facts = world.types()
    steps = {each["data"]["stage"] for each in world.published("dialer.rollout_advanced")}
    return rollout.stage, rollout.progress.ending, world.in_force(), facts, steps, world.rollouts.current()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "story", [pytest.param(one, marks=[] if one == "activating" else [pytest.mark.load]) for one in _STORIES]
)
def test_a_rollout_ends_as_undisturbed_wherever_it_is_cut_off(story: str) -> None:
    assert check_every_cut(fresh(_build(story)), _work(story), _recover, _state).runs >= 8


@pytest.mark.timeout(900)
@pytest.mark.parametrize("story", [pytest.param(one, marks=pytest.mark.load) for one in _STORIES])
def test_a_rollout_ends_as_undisturbed_wherever_a_call_is_refused(story: str) -> None:
    assert check_every_refusal(fresh(_build(story)), _work(story), _recover, _state).runs > 8
