"""A person, the archive, a failover and CXone's reports at once, in every order: the newest decision wins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outbound.steering.situation import CampaignState
from outbound.steering.transitions import (
    Journal,
    Outcome,
    Party,
    Sighting,
    StateDecision,
    Target,
    judge,
    next_command,
    wanted_state,
)
from worlds.steering import Steering

MAKE = Steering()
ACTIVE, PAUSED = CampaignState.ACTIVE, CampaignState.PAUSED


@dataclass
class Race:
    """A campaign at CXone, and what steers it: an action takes a minute and sees the state of then."""

    start: Target
    state: CampaignState = ACTIVE
    journal: Journal = field(init=False)
    holds: set[str] = field(default_factory=set)
    on_the_way: list[Sighting] = field(default_factory=list)
    decisions: list[StateDecision] = field(default_factory=list)
    """What was decided: accepted requests, and what another party really changed."""

    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    minute: int = 0

    def __post_init__(self) -> None:
        first = StateDecision("start", self.start, MAKE.at(-1000), Party.CXONE)
        self.state, self.journal, self.decisions = CampaignState(self.start.value), Journal(first), [first]

    def do(self, action: str, given: Any) -> None:
        self.minute += 1
        getattr(self, f"_{action}")(given)
        self.settle()

    def settle(self) -> None:
        """Bring the campaign into the state that is wanted, as a tick does."""
        while command := next_command(self.journal, self.holds, self.state):
            self.minute += 1
            asked = Sighting(MAKE.at(self.minute), CampaignState(command.value), ours=True)
            self.journal = self.journal.with_sighting(asked)
            self._change(asked.state)
        assert not (self.holds and self.state is ACTIVE), "a hold is respected at the end of every action"

    def deliver(self, place: int) -> None:
        if self.on_the_way:
            report = self.on_the_way.pop(place % len(self.on_the_way))
            self.journal = self.journal.with_sighting(report).with_sighting(report)
            self.settle()

    def wanted(self) -> CampaignState:
        """Return the state that the newest decision wants, without looking at the journal."""
        if self.holds:
            return PAUSED
        newest = max(self.decisions, key=lambda each: (each.decided_at, each.target is Target.PAUSED))
        return CampaignState(newest.target.value)

    def _request(self, request: StateDecision) -> None:
        situation = MAKE.campaign(state=self.state, held_by=frozenset(self.holds))
        verdict = judge(request, self.journal, situation)
        self.outcomes.setdefault(request.decision_id, []).append(verdict.outcome)
        if verdict.outcome is Outcome.ACCEPTED:
            self.journal = self.journal.with_decision(request)
            self.decisions.append(request)

    def _hold(self, owner: str) -> None:
        self.holds.add(owner)

    def _release(self, owner: str) -> None:
        self.holds.discard(owner)

    def _other(self, state: CampaignState) -> None:
        """Another party changes the campaign at CXone; our system hears of it by a report alone."""
        if state is not self.state:
            target = Target(state.value)
            self.decisions.append(StateDecision("other", target, MAKE.at(self.minute), Party.CXONE))
            self._change(state)

    def _change(self, state: CampaignState) -> None:
        self.state = state
        self.on_the_way.append(Sighting(MAKE.at(self.minute), state))


def _request(name: str, target: Target, decided: float, party: Party = Party.PERSON) -> tuple[str, Any]:
    return "request", StateDecision(name, target, MAKE.at(decided), party)


RESUME = _request("person resumes", Target.ACTIVE, -3)
PAUSE = _request("person pauses", Target.PAUSED, -2)
FAILOVER = _request("failover pauses", Target.PAUSED, -4, Party.FAILOVER)
AGAIN = _request("person resumes later", Target.ACTIVE, -1)
HOLD, RELEASE = ("hold", "archive#1"), ("release", "archive#1")
OTHER_PAUSES, OTHER_RESUMES = ("other", PAUSED), ("other", ACTIVE)

SETS = {
    "requests": [RESUME, PAUSE, FAILOVER, AGAIN, RESUME],
    "archive and person": [HOLD, RELEASE, RESUME, PAUSE],
    "archive and failover": [HOLD, RELEASE, FAILOVER, AGAIN],
    "all": [RESUME, HOLD, FAILOVER, OTHER_PAUSES, RELEASE],
    "another party": [OTHER_PAUSES, OTHER_RESUMES, PAUSE, AGAIN],
    "another party under a hold": [HOLD, OTHER_RESUMES, RELEASE, PAUSE],
}


def _orders(actions: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Return every order in which a hold is placed before it is released."""
    for order in permutations(actions):
        if HOLD not in order or order.index(HOLD) < order.index(RELEASE):
            yield order


def _ways(count: int) -> Iterable[list[int]]:
    """Return ways in which reports arrive: at once, all at the end, the newest first, and some by chance."""
    yield []
    yield [0] * count
    yield [-1] * count
    for seed in range(3):
        random = Random(seed)
        yield [random.choice([0, -1, 1, 99]) for _ in range(count)]


def _run(race: Race, order: Iterable[Any], ways: list[int], late: int) -> None:
    arrivals = iter(ways)
    for action in order:
        race.do(*action)
        # 99 stands for a report that is late.
        if (place := next(arrivals, 99)) != 99:
            race.deliver(place)
    for _ in range(100):
        race.deliver(late)
    assert race.on_the_way == [], "what is steered comes to rest"


@pytest.mark.parametrize("start", list(Target))
@pytest.mark.parametrize("actions", SETS.values(), ids=SETS)
def test_in_every_order_the_end_is_what_the_newest_decision_wants(actions: list[Any], start: Target) -> None:
    for order in _orders(actions):
        for ways in _ways(len(order)):
            for late in (0, -1):
                race = Race(start)
                _run(race, order, ways, late)
                assert race.state is race.wanted(), (order, ways, late)
                assert wanted_state(race.journal, race.holds) is race.state


@pytest.mark.parametrize("start", list(Target))
def test_the_order_of_requests_makes_no_difference_to_the_end(start: Target) -> None:
    for order in permutations(SETS["requests"]):
        race = Race(start)
        _run(race, order, [], 0)
        assert race.state is ACTIVE
        assert race.journal.newest() == AGAIN[1]


@pytest.mark.parametrize("actions", SETS.values(), ids=SETS)
def test_each_request_is_accepted_once_at_most(actions: list[Any]) -> None:
    for order in _orders(actions):
        race = Race(Target.ACTIVE)
        _run(race, [*order, *order], [], 0)
        for outcomes in race.outcomes.values():
            assert outcomes.count(Outcome.ACCEPTED) <= 1


actions = st.one_of(
    st.tuples(st.just("hold"), st.sampled_from("xy")),
    st.tuples(st.just("release"), st.sampled_from("xy")),
    st.tuples(st.just("other"), st.sampled_from([ACTIVE, PAUSED])),
    st.builds(
        lambda target, decided: _request(f"{target}{decided}", target, decided),
        st.sampled_from(list(Target)),
        st.integers(-10, 30).map(lambda minute: minute + 0.5),
    ),
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(list(Target)),
    st.lists(actions, max_size=12),
    st.lists(st.sampled_from([0, -1, 1, 99]), max_size=12),
    st.sampled_from([0, -1]),
)
def test_longer_races_end_the_same_way(start: Target, order: list[Any], ways: list[int], late: int) -> None:
    race = Race(start)
    _run(race, order, ways, late)
    assert race.state is race.wanted()


@given(st.lists(actions, max_size=10), st.randoms(use_true_random=False))
def test_the_journal_says_the_same_in_whatever_order_it_was_filled(order: list[Any], random: Any) -> None:
    race = Race(Target.ACTIVE)
    _run(race, order, [], 0)
    sightings, decisions = list(race.journal.sightings), list(race.journal.decisions)
    random.shuffle(sightings)
    random.shuffle(decisions)
    refilled = Journal(race.journal.start)
    for sighting in sightings:
        refilled = refilled.with_sighting(sighting)
    for decision in decisions:
        refilled = refilled.with_decision(decision)
    assert refilled.newest() == race.journal.newest()
    assert wanted_state(refilled, race.holds) is wanted_state(race.journal, race.holds)
