"""Two planners at once: whichever comes between whose calls, there is no double job and no gap.

The other planner runs whole between two outside calls of the first one, at every place in turn. Both on one
thread, because moto is not atomic; what the store refuses, it refuses here too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from faults.outside import Attempt, Gate, Make, OutsideCall, unwatched

from outbound.outcomes.windows import Window
from outbound.queues import TryLater
from sandbox.running import Tenant
from worlds.aws import FakeClock
from worlds.outcomes import PullWorld, fresh_aws, hours_ago


@dataclass
class Between:
    """Something that happens before the nth outside call."""

    number: int
    act: Callable[[], object]

    def meets(self, call: OutsideCall) -> bool:
        return call.number == self.number

    def happen(self, call: OutsideCall, make: Make) -> Any:
        with unwatched():
            self.act()
        return make(call.parameters)


def _interleaved(
    tenant: Tenant, plan: Callable[[PullWorld], None], other: Callable[[PullWorld], None]
) -> int:
    """Run `other` at every place of `plan`, and check the end of each; give how many places there were."""
    with Gate().installed() as gate:
        for number in range(1, 200):
            world = PullWorld(fresh_aws(), tenant, _clock(), {"longest_window_hours": 2})
            world.register("spring", start=hours_ago(world.clock, 3))
            attempt = Attempt(Between(number, partial(_tried, other, world)))
            with gate.life_of(attempt):
                _tried(plan, world)
            if attempt.disturbed is None:
                return number - 1
            _check(world)
    raise AssertionError("planning has no end")


def _clock() -> FakeClock:
    return FakeClock(FakeClock().time.replace(hour=20))


def _tried(plan: Callable[[PullWorld], None], world: PullWorld) -> None:
    """A plan that others came in the way of is tried again, as its message would be."""
    with suppress(TryLater):
        plan(world)
        return
    plan(world)


def _check(world: PullWorld) -> None:
    jobs = world.job_list("spring")
    windows = [Window(job.start, job.end) for job in jobs]
    assert all(one.end == other.start for one, other in pairwise(windows)), windows
    assert windows[0].start == hours_ago(world.clock, 3)
    campaign = world.registry.get("spring")
    assert campaign is not None
    assert campaign.planned_until == world.clock.now() - timedelta(minutes=5) <= windows[-1].end
    world.clock.advance(hours=7)
    world.sweep()
    assert {job.status for job in world.job_list("spring")} == {"queued"}
    assert set(Counter(world.messages())) == {_message(world, job.job_id) for job in jobs}


def _message(world: PullWorld, job_id: str) -> str:
    from outbound.outcomes.dispatcher import message_of

    return message_of(next(job for job in world.job_list("spring") if job.job_id == job_id))


def _tick(world: PullWorld) -> None:
    world.tick()


def _backfill(world: PullWorld) -> None:
    world.ask("spring", hours_ago(world.clock, 2.5), world.clock.now(), "the-request")


pytestmark = pytest.mark.usefixtures("moto")


@pytest.mark.parametrize(
    ("plan", "other"), [(_tick, _tick), (_backfill, _tick)], ids=["tick and tick", "backfill and tick"]
)
def test_two_planners_interleaved_anywhere_make_no_double_job_and_no_gap(
    tenant_process: Tenant, plan: Callable[[PullWorld], None], other: Callable[[PullWorld], None]
) -> None:
    assert _interleaved(tenant_process, plan, other) >= 4


def test_a_tick_with_a_backfill_in_between_makes_no_double_job_and_no_gap(tenant_process: Tenant) -> None:
    assert _interleaved(tenant_process, _tick, _backfill) >= 4


@pytest.mark.parametrize("number", range(2, 7))
def test_two_planners_report_a_gap_once_and_the_later_watermark_stays(
    tenant_process: Tenant, number: int
) -> None:
    with Gate().installed() as gate:
        world = PullWorld(fresh_aws(), tenant_process, _clock(), {"retention_days": 1})
        world.register("spring", start=hours_ago(world.clock, 30))

        def later() -> None:
            world.clock.advance(seconds=90)
            world.tick()

        with gate.life_of(Attempt(Between(number, later))):
            world.tick()
        assert len({event["event_id"] for event in world.facts("outcomes.coverage_lost")}) == 1
        campaign = world.registry.get("spring")
        assert campaign is not None
        assert campaign.planned_until == world.job_list("spring")[-1].end
