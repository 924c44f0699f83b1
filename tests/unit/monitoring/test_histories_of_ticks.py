"""Random histories through the real stores: no flapping, no double, none without cause, none too late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outbound.steering.failover import Direction
from outbound.steering.proportions import wilson_bounds
from worlds.aws import AwsWorld, FakeClock
from worlds.monitoring import BACKUP, PRIMARY, MonitoringWorld
from worlds.quick_moto import quick_aws

_ENDS = ("campaign.failed_over", "campaign.failover_failed")
THRESHOLD, COOL_DOWN = 0.15, timedelta(minutes=60)

# What may be so in a span of some minutes: of both campaigns, and of what CXone says.
_SPAN = st.fixed_dictionaries(
    {
        "minutes": st.integers(1, 4),
        "step": st.sampled_from([1, 5, 20]),
        "calls": st.sampled_from([0, 20, 60, 300]),
        "rate": st.sampled_from([0.02, 0.1, 0.16, 0.3]),
        "backup_rate": st.sampled_from([0.02, 0.3]),
        "said": st.sampled_from(["counts", "counts", "counts", "nothing", "stale", "down"]),
        "person": st.sampled_from([None, None, None, "pauses backup", "resumes primary"]),
    }
)


@contextmanager
def _fresh() -> Iterator[MonitoringWorld]:
    with quick_aws():
        yield MonitoringWorld(AwsWorld(), FakeClock(), failover={"fail_back": True})


class History:
    """Plays spans, and keeps what was decided with what had been measured by then."""

    def __init__(self, world: MonitoringWorld) -> None:
        self.world = world
        self.measured: dict[str, tuple[datetime, int, int]] = {}
        self.decided: list[tuple[datetime, Direction, str]] = []

    def play(self, span: dict[str, Any]) -> None:
        self._person(span["person"])
        for _ in range(span["minutes"]):
            self.world.clock.advance(minutes=span["step"])
            self._say(span)
            self.world.tick()
            self._note()

    def _person(self, does: str | None) -> None:
        # In CXone's own console: the next look sees it.
        if does == "pauses backup":
            self.world.cxone.states[BACKUP] = "paused"
        elif does == "resumes primary":
            self.world.cxone.states[PRIMARY] = "active"

    def _say(self, span: dict[str, Any]) -> None:
        world, said = self.world, span["said"]
        world.cxone.errors = {}
        for campaign_id, rate in ((PRIMARY, span["rate"]), (BACKUP, span["backup_rate"])):
            successes = round(span["calls"] * rate)
            if said == "counts":
                world.measured(campaign_id, (span["calls"], successes))
                self.measured[campaign_id] = (world.clock.now(), span["calls"], successes)
            elif said == "nothing":
                world.cxone.metrics.pop(campaign_id, None)

    def _note(self) -> None:
        last = self.world.failover().last
        if last is None:
            return
        decided = (last.switch.decided_at, last.switch.direction, last.switch.leaving_id)
        if decided not in self.decided:
            self.decided.append(decided)
            self._has_cause(*decided)

    def _has_cause(self, at: datetime, direction: Direction, leaving: str) -> None:
        """Hold that what was decided is proven by what was measured last, and lately."""
        measured_at, calls, successes = self.measured[PRIMARY]
        assert at - measured_at <= timedelta(minutes=10), "decided on old metrics"
        assert calls >= 50, "decided on few calls"
        bounds = wilson_bounds(successes, calls)
        if direction is Direction.FAIL_OVER:
            assert bounds.upper < THRESHOLD, "failed over without cause"
            assert leaving == PRIMARY
        else:
            assert bounds.lower > THRESHOLD, "failed back without cause"
            assert leaving == BACKUP


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(st.lists(_SPAN, min_size=2, max_size=7))
def test_whatever_happens_calls_move_with_cause_and_seldom(spans: list[dict[str, Any]]) -> None:
    with _fresh() as world:
        history = History(world)
        for span in spans:
            history.play(span)
        moments = [at for at, _, _ in history.decided]
        for earlier, later in pairwise(moments):
            assert later - earlier >= COOL_DOWN, "calls move back and forth"
        said = [fact["decided_at"] for event_type in _ENDS for fact in world.facts(event_type)]
        assert len(said) == len(set(said)), "one failover was said twice"
        keys = [key for _, _, key in world.cxone.changes]
        assert len(keys) == len(set(keys)), "one decision was carried out twice"


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(
    before=st.lists(st.sampled_from([0.3, 0.2, 0.16]), max_size=3),
    calls=st.sampled_from([60, 300, 3000]),
    rate=st.sampled_from([0.0, 0.02, 0.05]),
    step=st.sampled_from([1, 2, 5]),
)
def test_a_true_collapse_is_answered_by_the_first_tick_that_proves_it(
    before: list[float], calls: int, rate: float, step: int
) -> None:
    with _fresh() as world:
        for healthy in before:
            world.clock.advance(minutes=step)
            world.measured(PRIMARY, (300, round(300 * healthy)))
            world.tick()
        assert world.cxone.states == {PRIMARY: "active", BACKUP: "paused"}
        world.clock.advance(minutes=step)
        world.measured(PRIMARY, (calls, round(calls * rate)))
        world.tick()
        is_proven = wilson_bounds(round(calls * rate), calls).upper < THRESHOLD
        assert (world.cxone.states[BACKUP] == "active") is is_proven
