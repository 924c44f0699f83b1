"""Failover over random days: it does not flap, is not done twice, never without cause, and comes in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outbound.steering.evidence import Finding
from outbound.steering.failover import Action, Decision, Direction, LastSwitch, Pair, Ring, decide
from outbound.steering.health import Sample, Source, merged
from outbound.steering.proportions import wilson_bounds
from outbound.steering.settings import FailoverSettings
from outbound.steering.situation import CampaignState, Situation
from outbound.steering.switch import ENDS, Step, Switch, next_step
from worlds.steering import NOW

A, B = "primary", "backup"
THRESHOLD = 0.15
Rate = Callable[[str, int], float]


@dataclass
class Day:
    """Two campaigns minute by minute: calls with a true rate, metrics of them, ticks that decide and act."""

    rate: Rate
    settings: FailoverSettings
    random: Random
    calls_a_minute: int = 10
    silent: Callable[[int], bool] = lambda minute: False
    counts_named: bool = True
    backup_open: Callable[[int], bool] = lambda minute: True
    held: Callable[[int], bool] = lambda minute: False
    lost: Callable[[], bool] = lambda: False
    """Whether a tick is cut off before its step has an effect."""

    probing: bool = True
    """Whether a paused campaign has metrics of a few calls, without which no recovery could be proven."""

    states: dict[str, CampaignState] = field(
        default_factory=lambda: {A: CampaignState.ACTIVE, B: CampaignState.PAUSED}
    )
    calls: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: {A: [], B: []})
    histories: dict[str, tuple[Sample, ...]] = field(default_factory=lambda: {A: (), B: ()})
    last: LastSwitch | None = None
    open: Switch | None = None
    decisions: list[tuple[int, Decision, Pair]] = field(default_factory=list)
    rings: set[Ring] = field(default_factory=set)
    ends: list[Step] = field(default_factory=list)
    both_active: int = 0

    def run(self, minutes: int) -> Day:
        for minute in range(minutes):
            self._dial(minute)
            self._measure(minute)
            self._tick(minute)
            self.both_active += all(state is CampaignState.ACTIVE for state in self.states.values())
        return self

    @property
    def switches(self) -> list[tuple[int, Action]]:
        moved = (Action.FAIL_OVER, Action.FAIL_BACK)
        return [(minute, each.action) for minute, each, _ in self.decisions if each.action in moved]

    def _dial(self, minute: int) -> None:
        for name, made in self.calls.items():
            dials = self.states[name] is CampaignState.ACTIVE or self.probing
            number = self.calls_a_minute if dials else 0
            rate = self.rate(name, minute)
            made.append((number, sum(self.random.random() < rate for _ in range(number))))

    def _measure(self, minute: int) -> None:
        if self.silent(minute):
            return
        for name, made in self.calls.items():
            window = made[-30:]
            calls, successes = sum(each for each, _ in window), sum(each for _, each in window)
            end = self._at(minute)
            said: dict[str, Any] = (
                {"calls": calls, "successes": successes}
                if self.counts_named
                else {"rate": successes / calls if calls else None}
            )
            sample = Sample(end - timedelta(minutes=30), end, end, Source.POLL, **said)
            # What is older than this proves nothing here, and merging every minute takes its time.
            self.histories[name] = merged([*self.histories[name][-100:], sample], end)

    def _tick(self, minute: int) -> None:
        now = self._at(minute)
        if self.open:
            self._step(minute)
        pair = Pair(self._situation(A, minute), self._situation(B, minute), self.last, self.held(minute))
        decision = decide(pair, self.settings, now)
        self.decisions.append((minute, decision, pair))
        self.rings |= decision.rings
        if decision.action not in (Action.FAIL_OVER, Action.FAIL_BACK):
            return
        over = decision.action is Action.FAIL_OVER
        direction = Direction.FAIL_OVER if over else Direction.FAIL_BACK
        self.last = LastSwitch(direction, now, is_open=True)
        self.open = Switch(direction, *((A, B) if over else (B, A)), decided_at=now)
        self._step(minute)

    def _step(self, minute: int) -> None:
        """Take steps until one is lost: as a function does that is cut off."""
        while self.open and not self.lost():
            switch = self.open
            leaving = self._situation(switch.leaving_id, minute)
            taking = self._situation(switch.taking_over_id, minute)
            step = next_step(switch, leaving, taking, None, self.settings, self._at(minute)).step
            if step in ENDS:
                assert self.last
                self.open, self.last = None, replace(self.last, is_open=False)
                self.ends.append(step)
            elif step is Step.PAUSE:
                self.states[switch.leaving_id] = CampaignState.PAUSED
            elif step is Step.RESUME:
                assert self.states[switch.leaving_id] is CampaignState.PAUSED
                self.states[switch.taking_over_id] = CampaignState.ACTIVE
            else:
                return

    def _situation(self, name: str, minute: int) -> Situation:
        is_open = self.backup_open(minute) if name == B else True
        return Situation(
            name, self.states[name], is_open, NOW, list_passes=True, history=self.histories[name]
        )

    @staticmethod
    def _at(minute: int) -> datetime:
        return NOW + timedelta(minutes=minute)


rates = st.sampled_from([0.0, 0.05, 0.12, 0.15, 0.18, 0.25, 0.5])


@st.composite
def days(draw: st.DrawFn) -> Day:
    """Any day: rates that jump every half an hour, metrics that fall silent, ticks that are cut off."""
    random = Random(draw(st.integers(0, 2**32)))
    plan = {name: draw(st.lists(rates, min_size=8, max_size=8)) for name in (A, B)}
    silence = draw(st.sets(st.integers(0, 15), max_size=6))
    closed = draw(st.sets(st.integers(0, 7), max_size=3))
    held = draw(st.sets(st.integers(0, 7), max_size=2))
    loss = draw(st.sampled_from([0.0, 0.3, 0.9]))
    return Day(
        rate=lambda name, minute: plan[name][minute // 30],
        settings=FailoverSettings(
            cool_down_minutes=draw(st.sampled_from([30, 60, 90])),
            fail_back=draw(st.booleans()),
            complete_within_minutes=draw(st.sampled_from([5, 30])),
        ),
        random=random,
        calls_a_minute=draw(st.sampled_from([0, 1, 3, 10])),
        silent=lambda minute: minute // 15 in silence,
        counts_named=draw(st.booleans()),
        backup_open=lambda minute: minute // 30 not in closed,
        held=lambda minute: minute // 30 in held,
        lost=lambda: random.random() < loss,
        probing=draw(st.booleans()),
    )


MINUTES = 240
few = settings(max_examples=30, deadline=None)


@pytest.mark.slow
@few
@given(days())
def test_no_flapping_no_double_and_never_two_at_once(day: Day) -> None:
    switches = day.run(MINUTES).switches
    for (earlier, one), (later, other) in pairwise(switches):
        assert later - earlier >= day.settings.cool_down_minutes
        # A failover that could not be completed leaves the primary paused, or dialling as it was.
        assert one is not other or Step.FAILED in day.ends
    assert len(day.ends) + bool(day.open) == len(switches)
    assert day.both_active == 0


@pytest.mark.slow
@few
@given(days())
def test_none_without_cause_and_none_that_is_forbidden(day: Day) -> None:
    for minute, decision, pair in day.run(MINUTES).decisions:
        if decision.action in (Action.NONE, Action.CANNOT):
            assert decision.reasons
            continue
        assert decision.cause is not None
        moment = NOW + timedelta(minutes=minute)
        assert pair.backup is not None
        over = decision.action is Action.FAIL_OVER
        target = pair.backup if over else pair.primary
        assert target.window_open
        assert not pair.held_by_person
        assert moment - decision.cause.samples[0].end <= day.settings.stale_after
        for sample in decision.cause.samples:
            assert pair.last is None or sample.start >= pair.last.decided_at
            assert _proves(sample, over)
        assert len(decision.cause.samples) == (1 if day.counts_named else day.settings.windows)


def _proves(sample: Sample, breach: bool) -> bool:
    if sample.calls is None:
        assert sample.rate is not None
        return sample.rate < THRESHOLD if breach else sample.rate > THRESHOLD
    bounds = wilson_bounds(sample.successes or 0, sample.calls)
    assert sample.calls >= 50
    return bounds.upper < THRESHOLD if breach else bounds.lower > THRESHOLD


@pytest.mark.slow
@few
@given(days())
def test_silence_triggers_nothing_and_rings_while_a_campaign_dials(day: Day) -> None:
    for minute, decision, pair in day.run(MINUTES).decisions:
        moment = NOW + timedelta(minutes=minute)
        fresh = [each for each in pair.primary.history if each.is_fresh(moment, day.settings.stale_after)]
        if not fresh:
            assert decision.action is Action.NONE
        if not fresh and minute > 10 and pair.primary.state is CampaignState.ACTIVE:
            assert decision.reasons[0] in (Finding.METRICS_STALE, Finding.METRICS_MISSING)
            assert Ring.STALE in decision.rings


@pytest.mark.slow
@few
@given(
    st.integers(31, 90),
    st.sampled_from([2, 5, 20]),
    st.booleans(),
    st.sampled_from([0.0, 0.5]),
    st.integers(0, 2**32),
)
def test_a_true_collapse_moves_the_calls_once_and_in_time(
    collapse: int, calls: int, counts_named: bool, loss: float, seed: int
) -> None:
    random = Random(seed)
    day = Day(
        rate=lambda name, minute: 0.0 if name == A and minute >= collapse else 1.0,
        settings=FailoverSettings(),
        random=random,
        calls_a_minute=calls,
        counts_named=counts_named,
        lost=lambda: random.random() < loss,
    ).run(220)
    # By counts a window that lies wholly behind the collapse is the last that can be needed; by rates alone
    # three windows, each half behind the one before.
    bound = 30 if counts_named else 60
    ((minute, action),) = day.switches
    assert action is Action.FAIL_OVER
    assert collapse < minute <= collapse + bound
    assert day.ends == [Step.COMPLETE]
    assert day.states == {A: CampaignState.PAUSED, B: CampaignState.ACTIVE}


@pytest.mark.slow
@few
@given(st.integers(0, 2**32), st.booleans())
def test_a_collapse_and_a_recovery_move_the_calls_and_move_them_back(seed: int, counts_named: bool) -> None:
    day = Day(
        rate=lambda name, minute: 0.02 if name == A and 40 <= minute < 120 else 0.5,
        settings=FailoverSettings(fail_back=True),
        random=Random(seed),
        counts_named=counts_named,
    ).run(300)
    assert [action for _, action in day.switches] == [Action.FAIL_OVER, Action.FAIL_BACK]
    assert day.ends == [Step.COMPLETE, Step.COMPLETE]
    assert day.states == {A: CampaignState.ACTIVE, B: CampaignState.PAUSED}


@pytest.mark.slow
@few
@given(st.integers(0, 2**32), st.booleans())
def test_a_dip_of_few_calls_moves_nothing(seed: int, counts_named: bool) -> None:
    day = Day(
        rate=lambda name, minute: 0.0 if 60 <= minute < 64 else 0.5,
        settings=FailoverSettings(),
        random=Random(seed),
        counts_named=counts_named,
    ).run(150)
    assert day.switches == []
