"""Whatever fails, and whatever another party does meanwhile, a rollout ends in one of three ways.

The new settings are in force, verified; or the old ones, byte for byte; or another party's, untouched, with a
person called. Every call of the dialer can fail before its effect or behind it, another party can change the
dialer before any call, operations end in every way, and the execution can be aborted at any state.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from outbound.cxone.errors import Unavailable
from outbound.dialer.configuration import canonical, consists_of, read_canonical
from sandbox.tenant.dialer_book import APPLIED, Plan
from worlds.aws import AwsWorld, FakeClock
from worlds.quick_moto import quick_aws
from worlds.rollouts import EXAMPLE, Fault, RolloutWorld, document, first_settings
from worlds.state_machine import Aborted

OLD, NEW = canonical(first_settings()), canonical(EXAMPLE)
_BEGAN = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Story:
    """What happens to a rollout. Calls and states are counted from 1."""

    plans: tuple[Plan, ...] = ()
    faults: tuple[tuple[int, bool], ...] = ()
    """Calls that fail: the number, and whether behind their effect."""

    foreign: tuple[int, ...] = ()
    """Before these calls another party changes the dialer."""

    aborts: tuple[int, ...] = ()
    """The states, counted over all executions, at which an execution is aborted."""

    breach: bool = False


def _tell(story: Story) -> RolloutWorld:
    """Let a rollout happen, and return the world when it has ended."""
    clock = FakeClock(_BEGAN)
    world = RolloutWorld(AwsWorld(), clock, guard={"look_seconds": 300, "first_minutes": 5})
    world.plan_operations(*story.plans)
    if story.breach:
        world.readings.give("spring", 1000, 60)
    faults = dict(story.faults)
    states = 0

    def another_party(number: int, name: str) -> None:
        if number in story.foreign:
            # Other values than the old and the new ones, in a field that both have.
            theirs = copy.deepcopy(world.book.settings())
            theirs["algorithm"]["dial_ratio"] = 1.7 + number / 1000
            theirs["concurrency"]["max_agents"] = 41
            world.book.replace(theirs, "console")
            world.note_theirs(theirs)

    def fault(number: int, name: str) -> Fault | None:
        return Fault(Unavailable("cut"), after=faults[number]) if number in faults else None

    def before(state: str) -> None:
        nonlocal states
        states += 1
        if states in story.aborts:
            raise Aborted

    world.dialer.before, world.dialer.fault_of = another_party, fault
    world.ask(document(campaigns=["spring"], guard={"minutes": 12}))
    world.finish(before)
    return world


def _check(world: RolloutWorld) -> str:
    """Return which of the three ends it is; fail for any other."""
    (rollout,) = world.rollouts.all()
    assert world.rollouts.current() is None
    in_force = world.in_force()
    # An operation that is under way still would change what is in force behind the end.
    world.clock.advance(hours=5)
    types, theirs = world.types(), world.theirs
    if world.in_force() != in_force:
        # CXone carries out what it accepted before another party's change: a person was called, and told so.
        assert (rollout.stage, world.under_way_at_theirs) == ("failed", True)
        assert rollout.progress.operation_open
    if rollout.stage == "active":
        assert "dialer.activated" in types
        merged = theirs is not None and rollout.progress.merges
        assert in_force == (rollout.progress.target if merged else NEW)
        return "new"
    if rollout.stage in ("rolled_back", "refused"):
        assert types[-1] in ("dialer.rolled_back", "dialer.rollout_refused")
        if rollout.stage == "rolled_back":
            assert in_force == rollout.progress.snapshot
        else:
            assert in_force in (OLD, theirs)
        return "old"
    assert rollout.stage == "failed"
    assert types[-1] == "dialer.rollout_failed"
    assert theirs is not None
    # Nothing of ours was accepted behind their change; what CXone had under way by then is its own doing.
    assert len(world.book.operations()) == world.operations_before_theirs
    if world.under_way_at_theirs:
        assert consists_of(read_canonical(in_force), read_canonical(theirs), EXAMPLE, first_settings())
    else:
        assert in_force == theirs
    return "theirs"


_plans = st.builds(
    Plan,
    seconds=st.sampled_from([0.0, 3.0, 100.0, 420.0]),
    ending=st.sampled_from(["COMPLETED", "COMPLETED", "FAILED", "LOST", "STUCK"]),
    applied=st.sampled_from(APPLIED),
)
_stories = st.builds(
    Story,
    plans=st.lists(_plans, max_size=3).map(tuple),
    faults=st.lists(st.tuples(st.integers(1, 20), st.booleans()), max_size=3).map(tuple),
    foreign=st.lists(st.integers(1, 20), max_size=1).map(tuple),
    aborts=st.lists(st.integers(1, 60), max_size=2).map(tuple),
    breach=st.booleans(),
)


# The rollback's answer is lost, and CXone carries it out when another party's settings are in force.
_LOST_ANSWER = Story(
    plans=(
        Plan(seconds=0.0, applied="part"),
        Plan(seconds=0.0, applied="nothing"),
        Plan(seconds=100.0, applied="all"),
    ),
    faults=((17, False), (16, True)),
    foreign=(19,),
)


@pytest.mark.slow
@pytest.mark.timeout(400)
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(story=_stories)
@example(story=_LOST_ANSWER)
def test_a_rollout_ends_in_one_of_three_ways(story: Story) -> None:
    with quick_aws():
        _check(_tell(story))


@pytest.mark.load
@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(story=_stories)
def test_a_rollout_ends_in_one_of_three_ways_in_thousands_of_stories(story: Story) -> None:
    with quick_aws():
        _check(_tell(story))


_PLANS = {
    "completes": (Plan(seconds=3),),
    "applies a part": (Plan(seconds=3, applied="part"), Plan(seconds=3)),
    "fails": (Plan(seconds=3, ending="FAILED", applied="part"),),
    "is lost": (Plan(seconds=3, ending="LOST", applied="nothing"),),
}


def _calls(plans: tuple[Plan, ...], breach: bool) -> int:
    with quick_aws():
        return len(_tell(Story(plans, breach=breach)).dialer.calls)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[] if one == "applies a part" else [pytest.mark.load]) for one in _PLANS]
)
@pytest.mark.parametrize("kind", ["before", "after", "foreign"])
def test_every_call_may_fail_or_meet_another_party(name: str, kind: str) -> None:
    """Each place once, one after the other: what the drawn stories may miss."""
    plans = _PLANS[name]
    breach = name == "completes"
    ends = set()
    for number in range(1, _calls(plans, breach) + 1):
        story = Story(plans, breach=breach)
        if kind == "foreign":
            story = Story(plans, foreign=(number,), breach=breach)
        else:
            story = Story(plans, faults=((number, kind == "after"),), breach=breach)
        with quick_aws():
            ends.add(_check(_tell(story)))
    assert ends
