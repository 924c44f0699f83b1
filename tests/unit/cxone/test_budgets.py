"""A quota is used nearly whole and never exceeded, by however many functions."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from aws_world import AwsWorld, FakeClock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from outbound.cxone.budget import Budgets, Lane, _interval, _share
from outbound.cxone.errors import RateLimited
from outbound.cxone.settings import BUDGETS, Budget

BEGIN = datetime(2026, 3, 10, 12, 0, 0, 123_456, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def budgets(aws: AwsWorld, clock: FakeClock) -> Budgets:
    return Budgets(aws.table("TOKEN_TABLE"), "acme", clock)


@dataclass
class Takers:
    """Functions side by side, each with a clock of its own; the one whose clock is behind goes next."""

    aws: AwsWorld
    budget: Budget
    chance: Random
    left: list[datetime]

    def run(self, count: int, until: datetime, lanes: tuple[Lane, ...] = ("normal",)) -> None:
        """Let `count` functions make one call after the other until then."""
        turns = [(BEGIN + SECOND * self.chance.random(), number) for number in range(count)]
        heapq.heapify(turns)
        while turns[0][0] < until:
            now, number = heapq.heappop(turns)
            heapq.heappush(turns, (self._one_call(now, lanes[number % len(lanes)]), number))

    def _one_call(self, now: datetime, lane: Lane) -> datetime:
        clock = FakeClock(now)
        try:
            Budgets(self.aws.table("TOKEN_TABLE"), "acme", clock).take("outbound", self.budget, lane)
        except RateLimited as refused:
            return refused.retry_at
        self.left.append(clock.now())
        return clock.now() + timedelta(milliseconds=self.chance.randint(20, 400))


def busiest(moments: list[datetime], seconds: float) -> int:
    """The most that any window of that length has, both its ends included."""
    moments = sorted(moments)
    window = SECOND * seconds
    return max(
        (sum(other - one <= window for other in moments[n:]) for n, one in enumerate(moments)), default=0
    )


def test_sixteen_workers_use_at_least_95_percent_and_never_more_than_the_quota(aws: AwsWorld) -> None:
    takers = Takers(aws, BUDGETS["outbound"], Random(1), [])

    takers.run(16, BEGIN + SECOND * 180)

    used = [moment for moment in takers.left if moment < BEGIN + SECOND * 180]
    assert len(used) >= 0.95 * 300
    assert busiest(takers.left, 59.999) <= 100


@given(
    calls=st.integers(2, 40),
    per_seconds=st.sampled_from([0.5, 1, 10]),
    reserved=st.sampled_from([0, 0.01, 0.1, 0.5, 0.9, 0.99]),
    workers=st.integers(1, 20),
    seed=st.integers(0, 99),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_window_has_more_calls_than_the_quota(
    aws: AwsWorld, calls: int, per_seconds: float, reserved: float, workers: int, seed: int
) -> None:
    table = aws.table("TOKEN_TABLE")
    budget = Budget(calls=calls, per_seconds=per_seconds, reserved=reserved)
    for item in list(table.query("acme#budget")):
        aws.dynamodb.delete_item(TableName=table.name, Key={"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}})
    takers = Takers(aws, budget, Random(seed), [])

    takers.run(workers, BEGIN + SECOND * (1 + 1.5 * per_seconds), ("normal", "priority"))

    assert 0 < busiest(takers.left, per_seconds - 0.0001) <= calls


@given(calls=st.integers(2, 10_000), per_seconds=st.floats(0.1, 3600), reserved=st.floats(0, 0.999))
def test_both_lanes_together_stay_within_the_quota(calls: int, per_seconds: float, reserved: float) -> None:
    budget = Budget(calls=calls, per_seconds=per_seconds, reserved=reserved)
    lanes: tuple[Lane, ...] = ("normal", "priority") if reserved else ("normal",)

    in_a_window = sum(int(per_seconds * 1_000_000 // _interval(budget, lane)) + 1 for lane in lanes)

    assert sum(_share(budget, lane) for lane in lanes) == calls
    assert in_a_window <= calls + (1 if calls * 0.03 < 0.001 else 0)


def test_an_idle_budget_lets_a_call_leave_at_once_and_the_next_behind_it(
    budgets: Budgets, clock: FakeClock
) -> None:
    budgets.take("outbound", BUDGETS["outbound"])
    assert clock.slept == []
    budgets.take("outbound", BUDGETS["outbound"])
    assert clock.slept == [pytest.approx(60 / 97, abs=0.001)]


def test_an_idle_hour_saves_nothing_up(budgets: Budgets, clock: FakeClock) -> None:
    budgets.take("outbound", BUDGETS["outbound"])
    clock.advance(hours=1)
    budgets.take("outbound", BUDGETS["outbound"])
    budgets.take("outbound", BUDGETS["outbound"])

    assert sum(clock.slept) == pytest.approx(60 / 97, abs=0.001)


def test_a_place_far_away_is_not_taken(budgets: Budgets, clock: FakeClock, aws: AwsWorld) -> None:
    slow = Budget(calls=1, per_seconds=10)
    budgets.take("outbound", slow)
    before = list(aws.table("TOKEN_TABLE").query("acme#budget"))

    for _ in range(5):
        with pytest.raises(RateLimited, match="no place within 5 s") as caught:
            budgets.take("outbound", slow)
    assert list(aws.table("TOKEN_TABLE").query("acme#budget")) == before
    assert clock.slept == []
    assert caught.value.retry_at == pytest.approx(
        clock.now() + timedelta(seconds=10 / 0.97), abs=SECOND / 100
    )

    clock.time = caught.value.retry_at
    budgets.take("outbound", slow)


def test_a_wait_is_as_long_as_allowed_and_no_longer(budgets: Budgets, clock: FakeClock) -> None:
    slow = Budget(calls=1, per_seconds=3)
    budgets.take("outbound", slow)

    with pytest.raises(RateLimited):
        budgets.take("outbound", slow, max_wait=3)
    with pytest.raises(RateLimited):
        budgets.take("outbound", slow, max_wait=0)
    budgets.take("outbound", slow, max_wait=3.2)


def test_the_priority_lane_is_free_when_the_normal_one_is_full(budgets: Budgets, clock: FakeClock) -> None:
    budget = BUDGETS["campaigns"]
    for _ in range(8):
        clock.time = BEGIN
        budgets.take("campaigns", budget)
    clock.time = BEGIN
    with pytest.raises(RateLimited):
        budgets.take("campaigns", budget)
    clock.slept.clear()

    budgets.take("campaigns", budget, lane="priority")
    assert clock.slept == []


def test_campaigns_do_not_hold_each_other_up(budgets: Budgets, clock: FakeClock) -> None:
    for campaign_id in ("a", "b", "c"):
        budgets.take("contacts", BUDGETS["contacts"], campaign_id=campaign_id)
    assert clock.slept == []
    budgets.take("contacts", BUDGETS["contacts"], campaign_id="a")
    assert clock.slept != []


def test_a_budget_that_is_not_per_campaign_is_one(budgets: Budgets, clock: FakeClock) -> None:
    budgets.take("outbound", BUDGETS["outbound"], campaign_id="a")
    budgets.take("outbound", BUDGETS["outbound"], campaign_id="b")

    assert clock.slept != []


def test_tenants_have_budgets_of_their_own(aws: AwsWorld, clock: FakeClock) -> None:
    for tenant in ("acme", "umbrella"):
        Budgets(aws.table("TOKEN_TABLE"), tenant, clock).take("outbound", BUDGETS["outbound"])

    assert clock.slept == []


@pytest.mark.parametrize("name", ["outbound", "campaigns"])
def test_throttling_pushes_every_lane_back_and_never_forward(
    budgets: Budgets, clock: FakeClock, name: str
) -> None:
    budget = BUDGETS[name]
    until = clock.now() + timedelta(seconds=30)
    budgets.push_back(name, budget, until)
    budgets.push_back(name, budget, clock.now() + SECOND)

    for lane in ("normal", "priority"):
        with pytest.raises(RateLimited) as caught:
            budgets.take(name, budget, lane)  # type: ignore[arg-type]
        assert caught.value.retry_at == until


def test_a_budget_that_is_not_enforced_costs_nothing(
    budgets: Budgets, clock: FakeClock, aws: AwsWorld
) -> None:
    free = BUDGETS["outbound"].model_copy(update={"enforced": False})
    for _ in range(200):
        budgets.take("outbound", free)
    budgets.push_back("outbound", free, clock.now() + timedelta(hours=1))

    assert clock.slept == []
    assert list(aws.table("TOKEN_TABLE").query("acme#budget")) == []


def test_a_quota_of_one_call_has_no_two_lanes() -> None:
    with pytest.raises(ValidationError, match="leave out reserved"):
        Budget(calls=1, per_seconds=1, reserved=0.5)


class _Oversleeping(FakeClock):
    """A clock whose sleeper is woken late, as on a busy machine."""

    late = 0.0

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds + self.late)


_SHORT = Budget(calls=10, per_seconds=1, jitter_seconds=0.06)


def test_of_a_short_window_no_eleven_calls_arrive_in_a_second_though_some_are_late(aws: AwsWorld) -> None:
    clock = FakeClock(BEGIN)
    budgets = Budgets(aws.table("TOKEN_TABLE"), "acme", clock)
    left = []
    for _ in range(40):
        budgets.take("contacts", _SHORT)
        left.append(clock.now())

    arrived = [moment + SECOND * 0.059 * (number % 3 == 0) for number, moment in enumerate(left)]
    assert busiest(arrived, 1) <= 10
    assert 40 / ((left[-1] - left[0]) / SECOND) > 9.3


def test_a_call_that_oversleeps_in_a_short_window_takes_another_place(aws: AwsWorld) -> None:
    clock = _Oversleeping(BEGIN)
    budgets = Budgets(aws.table("TOKEN_TABLE"), "acme", clock)
    budgets.take("contacts", _SHORT)
    clock.late = 0.05
    began = clock.now()
    budgets.take("contacts", _SHORT)

    assert (clock.now() - began) / SECOND > 0.106 + 0.05, "later than its first place"
    assert len(clock.slept) <= 3, "and not for ever"
