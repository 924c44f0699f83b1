"""An idle quota is spent at once, a busy one used nearly whole, and none is ever exceeded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from outbound.cxone.errors import RateLimited
from outbound.cxone.quota import Budgets
from outbound.cxone.quota_places import PlaceLog, Priority, Shape
from outbound.cxone.settings import BUDGETS, Budget
from worlds.aws import AwsWorld, FakeClock
from worlds.quota import BEGIN, SECOND, Callers, busiest

OUTBOUND, CONTACTS = BUDGETS["outbound"], BUDGETS["contacts"]
WINDOW = 60 / 0.97


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(BEGIN)


@pytest.fixture
def budgets(aws: AwsWorld, clock: FakeClock) -> Budgets:
    return Budgets(aws.table("TOKEN_TABLE"), "acme", clock)


def afresh(aws: AwsWorld, clock: FakeClock) -> Budgets:
    """What another function has, which remembers nothing."""
    return Budgets(aws.table("TOKEN_TABLE"), "acme", clock)


# --- An idle quota is spent at once, and never more than the quota in any window


def test_two_hundred_calls_at_a_hundred_a_minute_take_little_more_than_a_minute(
    budgets: Budgets, clock: FakeClock
) -> None:
    for _ in range(100):
        budgets.take("outbound", OUTBOUND)
    assert clock.slept == [], "the first hundred of an idle minute wait for nothing"
    for _ in range(100):
        budgets.take("outbound", OUTBOUND, max_wait=WINDOW + 1)
    assert (clock.now() - BEGIN) / SECOND == pytest.approx(WINDOW, abs=0.01)
    with pytest.raises(RateLimited) as refused:
        budgets.take("outbound", OUTBOUND)
    assert (refused.value.retry_at - BEGIN) / SECOND == pytest.approx(2 * WINDOW, abs=0.01)


def test_an_idle_hour_saves_nothing_up(budgets: Budgets, clock: FakeClock) -> None:
    small = Budget(calls=3, per_seconds=10)
    budgets.take("outbound", small)
    clock.advance(hours=1)
    for _ in range(3):
        budgets.take("outbound", small)
    with pytest.raises(RateLimited) as refused:
        budgets.take("outbound", small)
    assert (refused.value.retry_at - clock.now()) / SECOND == pytest.approx(10 / 0.97, abs=0.01)


def test_sixteen_callers_use_at_least_95_percent_and_never_more_than_the_quota(aws: AwsWorld) -> None:
    callers, quota = Callers(aws, Random(1)), Budget(calls=40, per_seconds=24)
    for _ in range(16):
        callers.time.start(
            callers.caller(lambda: quota, "normal", lambda: callers.chance.uniform(0.02, 0.4), 72)
        )
    callers.time.run()

    used = [moment for moment in callers.moments() if moment < BEGIN + SECOND * 72]
    assert len(used) >= 0.95 * 120
    assert busiest(callers.moments(), 24) <= 40
    assert sum(callers.writes) / len(callers.writes) < 1.3


def test_thirty_callers_of_ten_places_write_twice_for_each_at_most_on_the_average(aws: AwsWorld) -> None:
    callers = Callers(aws, Random(2))
    for _ in range(30):
        callers.time.start(callers.caller(lambda: CONTACTS, "normal", lambda: 0.01, 8))
    callers.time.run()

    assert sum(callers.writes) / len(callers.writes) <= 2
    assert len(callers.left) > 70


@dataclass(frozen=True)
class Change:
    """What happens meanwhile: the quota becomes another one, or a 429 holds it for so many seconds."""

    after: float
    calls: int = 0
    reserved: float = 0
    held: float = 0


shares = st.sampled_from([0.0, 0.01, 0.1, 0.5, 0.9])
changes = st.one_of(
    st.builds(Change, st.floats(0.1, 4), st.integers(2, 12), shares),
    st.builds(Change, st.floats(0.1, 4), held=st.sampled_from([0.2, 2, 4])),
)
IN_TURN: tuple[Priority, ...] = ("normal", "normal", "high")


@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.integers(2, 12),
    reserved=shares,
    per_seconds=st.sampled_from([0.5, 1, 3]),
    jitter=st.sampled_from([0.0, 0.06]),
    meanwhile=st.lists(changes, max_size=3),
    workers=st.integers(1, 8),
    late=st.sampled_from([0.0, 0.03, 0.4]),
    seed=st.integers(0, 999),
)
@example(12, 0, 3, 0, [Change(1, 3, 0.5)], 6, 0, 1)
@example(2, 0, 1, 0, [Change(1, 2, 0), Change(0.25, 3, 0)], 4, 0, 0)
@example(12, 0.1, 3, 0, [Change(1, 12, 0.9), Change(1.5, held=2.5), Change(2, 12, 0)], 6, 0, 1)
def test_no_window_has_more_calls_than_the_quota_and_none_leaves_while_a_429_holds(  # noqa: PLR0917
    aws: AwsWorld,
    calls: int,
    reserved: float,
    per_seconds: float,
    jitter: float,
    meanwhile: list[Change],
    workers: int,
    late: float,
    seed: int,
) -> None:
    callers = Callers(aws, Random(seed))
    now = [Budget(calls=calls, per_seconds=per_seconds, reserved=reserved, jitter_seconds=jitter)]
    holds: list[tuple[float, float]] = []

    def happens(change: Change) -> Callable[[], None]:
        def work() -> None:
            if change.calls:
                now[0] = now[0].model_copy(update={"calls": change.calls, "reserved": change.reserved})
                return
            until = callers.time.now + SECOND * change.held
            callers.budgets()[0].push_back("outbound", now[0], until)
            holds.append(((callers.time.now - BEGIN) / SECOND, (until - BEGIN) / SECOND))

        return work

    for number in range(workers):
        work = callers.caller(
            lambda: now[0],
            IN_TURN[number % 3],
            lambda: callers.chance.uniform(0.005, 0.3),
            5,
            off=callers.chance.uniform(-0.002, 0.002),
            late=lambda: callers.chance.random() ** 8 * late,
        )
        callers.time.start(work, callers.chance.random() / 2)
    for change in meanwhile:
        callers.time.start(happens(change), change.after)
    callers.time.run()

    moments = callers.moments()
    for number, (moment, _) in enumerate(callers.left):
        window = moment - SECOND * (per_seconds - 0.0001)
        # A quota that was raised and lowered within the window has let calls leave in between.
        quotas = [quota for other, quota in callers.left[: number + 1] if other > window]
        assert len(quotas) <= max(quotas)
    for begin, end in holds:
        # Those that were about to leave do leave.
        assert not [m for m in moments if begin + 1.1 < (m - BEGIN) / SECOND < end - 0.003]


@given(calls=st.integers(2, 10_000), per_seconds=st.floats(0.1, 3600), reserved=st.floats(0, 0.999))
def test_a_budget_of_any_size_is_places_whose_windows_together_stay_within_the_quota(
    calls: int, per_seconds: float, reserved: float
) -> None:
    shape = Shape.of(Budget(calls=calls, per_seconds=per_seconds, reserved=reserved))

    windows = -(-int(per_seconds * 1000 / 0.97) // shape.window)
    assert windows * shape.places <= calls, "in a window of the quota's, even"
    if per_seconds > 10:
        assert shape.places / shape.window >= 0.96 * (calls - calls // 500 - 1) / (per_seconds * 1000)
    assert shape.places <= 500
    assert bool(shape.reserved) == bool(reserved)
    assert shape.reserved < shape.places


@given(
    left=st.dictionaries(st.integers(0, 30), st.integers(0, 20_000), max_size=30),
    calls=st.integers(2, 20),
    reserved=shares,
    priority=st.sampled_from(["normal", "high"]),
)
def test_whatever_the_log_holds_each_next_place_has_room_in_its_window(
    left: dict[int, int], calls: int, reserved: float, priority: Priority
) -> None:
    shape = Shape.of(Budget(calls=calls, per_seconds=5, reserved=reserved))
    log, counted = PlaceLog(dict(left), 0, 0), dict(left)
    lowest = 0 if priority == "high" else shape.reserved

    places = log.next_places(shape, priority, 15_000)

    assert [place.leaves for place in places] == sorted(place.leaves for place in places)
    assert {place.number for place in places} == set(range(lowest, shape.places))
    for place in places:
        counted[place.number] = place.leaves
        window = range(place.leaves - shape.window + 1, place.leaves + 1)
        assert sum(moment in window for number, moment in counted.items() if number >= lowest) <= len(places)


# --- Waiting, and not waiting


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
    assert clock.slept == [pytest.approx(3 / 0.97, abs=0.002)]


def test_a_place_that_came_when_the_callers_time_was_up_is_anothers(aws: AwsWorld) -> None:
    clock = _Oversleeping(BEGIN)
    quota = Budget(calls=1, per_seconds=3)
    afresh(aws, clock).take("outbound", quota)
    clock.late = 4
    with pytest.raises(RateLimited, match="waiting for longer"):
        afresh(aws, clock).take("outbound", quota)
    clock.slept.clear()

    afresh(aws, clock).take("outbound", quota)
    assert clock.slept == [], "the place was given back"


def test_a_caller_that_may_not_wait_has_a_free_place_though_the_table_is_slow(aws: AwsWorld) -> None:
    callers = Callers(aws, Random(1))
    budgets, table = callers.budgets()
    callers.time.start(lambda: budgets.take("outbound", OUTBOUND, max_wait=0))
    callers.time.run()
    assert table.writes == 1


# --- MessageGroups, campaigns, tenants


_TENTH = Budget(calls=20, per_seconds=60, reserved=0.1)


def test_the_reserved_places_are_free_when_all_others_are_taken_and_priority_may_use_those_too(
    budgets: Budgets, clock: FakeClock
) -> None:
    for _ in range(18):
        budgets.take("campaigns", _TENTH)
    with pytest.raises(RateLimited):
        budgets.take("campaigns", _TENTH)
    for _ in range(2):
        budgets.take("campaigns", _TENTH, priority="high")
    with pytest.raises(RateLimited):
        budgets.take("campaigns", _TENTH, priority="high")

    clock.advance(seconds=WINDOW + 1)
    for _ in range(20):
        budgets.take("campaigns", _TENTH, priority="high")
    with pytest.raises(RateLimited):
        budgets.take("campaigns", _TENTH)
    assert clock.slept == []


def test_priority_uses_its_own_places_first(budgets: Budgets, clock: FakeClock) -> None:
    for _ in range(2):
        budgets.take("campaigns", _TENTH, priority="high")
    for _ in range(18):
        budgets.take("campaigns", _TENTH)
    assert clock.slept == []


def test_campaigns_do_not_hold_each_other_up(budgets: Budgets, clock: FakeClock) -> None:
    for campaign_id in ("a", "b"):
        for _ in range(10):
            budgets.take("contacts", CONTACTS, campaign_id=campaign_id)
    assert clock.slept == []
    budgets.take("contacts", CONTACTS, campaign_id="a")
    assert clock.slept == [pytest.approx(1.06, abs=0.001)]


def test_a_budget_that_is_not_per_campaign_is_one(budgets: Budgets) -> None:
    small = Budget(calls=2, per_seconds=60)
    for campaign_id in ("a", "b"):
        budgets.take("outbound", small, campaign_id=campaign_id)
    with pytest.raises(RateLimited):
        budgets.take("outbound", small, campaign_id="c")


def test_tenants_have_budgets_of_their_own(aws: AwsWorld, clock: FakeClock) -> None:
    for tenant in ("acme", "umbrella"):
        Budgets(aws.table("TOKEN_TABLE"), tenant, clock).take("outbound", Budget(calls=1, per_seconds=60))
    assert clock.slept == []


# --- 429


@pytest.mark.parametrize("name", ["outbound", "campaigns", "contacts"])
def test_throttling_pushes_every_lane_back_and_never_forward(
    aws: AwsWorld, budgets: Budgets, clock: FakeClock, name: str
) -> None:
    budget = BUDGETS[name]
    until = clock.now() + timedelta(seconds=30)
    budgets.push_back(name, budget, until, "spring")
    budgets.push_back(name, budget, clock.now() + SECOND, "spring")

    priorities: tuple[Priority, ...] = ("normal", "high")
    for priority in priorities:
        for mine in (budgets, afresh(aws, clock)):
            with pytest.raises(RateLimited) as caught:
                mine.take(name, budget, priority, "spring")
            assert 0 <= (caught.value.retry_at - until) / SECOND < 0.001


def test_a_429_of_one_campaign_holds_no_other_back(budgets: Budgets, clock: FakeClock) -> None:
    budgets.push_back("contacts", CONTACTS, clock.now() + SECOND * 30, "spring")
    budgets.take("contacts", CONTACTS, campaign_id="autumn")
    assert clock.slept == []


@pytest.mark.parametrize("before", [{}, {"per_campaign": True}, {"reserved": 0.5}, {"calls": 700}])
@pytest.mark.parametrize("after", [{}, {"per_campaign": True}, {"reserved": 0.2}, {"calls": 50}])
def test_changed_settings_do_not_forget_a_429(
    aws: AwsWorld, clock: FakeClock, before: dict[str, object], after: dict[str, object]
) -> None:
    until = clock.now() + timedelta(seconds=30)
    old = Budget(calls=100, per_seconds=60).model_copy(update=before)
    new = Budget(calls=100, per_seconds=60).model_copy(update=after)
    memory = afresh(aws, clock)
    memory.take("outbound", old, campaign_id="spring")
    memory.push_back("outbound", old, until, "spring")

    for mine in (memory, afresh(aws, clock)):
        with pytest.raises(RateLimited) as caught:
            mine.take("outbound", new, "high", "spring")
        assert 0 <= (caught.value.retry_at - until) / SECOND < 0.001


def test_a_429_of_all_campaigns_holds_each_back_once_their_quotas_are_apart(
    aws: AwsWorld, clock: FakeClock
) -> None:
    shared = CONTACTS.model_copy(update={"per_campaign": False})
    afresh(aws, clock).push_back("contacts", shared, clock.now() + SECOND * 30, "spring")
    with pytest.raises(RateLimited):
        afresh(aws, clock).take("contacts", CONTACTS, campaign_id="autumn")


@pytest.mark.parametrize("seed", range(4))
def test_whoever_loses_a_place_does_not_stand_behind_the_winner_while_another_is_nearly_free(
    aws: AwsWorld, seed: int
) -> None:
    callers, quota = Callers(aws, Random(seed)), Budget(calls=2, per_seconds=4)
    left: list[float] = []

    def call() -> None:
        callers.budgets()[0].take("outbound", quota, max_wait=20)
        left.append((callers.time.now - BEGIN) / SECOND)

    for _ in range(4):
        callers.time.start(call)
    callers.time.run()
    assert max(left) < 4.3


def test_calls_that_wait_when_a_429_comes_do_not_leave_before_it_ends(aws: AwsWorld) -> None:
    callers = Callers(aws, Random(1))
    quota = Budget(calls=2, per_seconds=4)
    left, refused = [], []

    def calls(max_wait: float) -> None:
        try:
            callers.budgets()[0].take("outbound", quota, max_wait=max_wait)
            left.append((callers.time.now - BEGIN) / SECOND)
        except RateLimited as limited:
            refused.append((limited.retry_at - BEGIN) / SECOND)

    for _ in range(2):
        callers.time.start(lambda: calls(5))
    for max_wait in (5, 10):
        callers.time.start(lambda max_wait=max_wait: calls(max_wait), 0.1)
    until = BEGIN + SECOND * 8
    callers.time.start(lambda: callers.budgets()[0].push_back("outbound", quota, until), 1)
    callers.time.run()

    assert left[:2] == [pytest.approx(0.02, abs=0.03)] * 2
    assert left[2:] == [pytest.approx(8, abs=0.1)], "the one that can wait"
    assert refused == [pytest.approx(8, abs=0.001)], "the other's message goes back, and its place too"
    assert busiest([BEGIN + SECOND * one for one in left], 4) <= 2


# --- Not enforced, and not sensible


def test_a_budget_that_is_not_enforced_costs_nothing(
    budgets: Budgets, clock: FakeClock, aws: AwsWorld
) -> None:
    free = OUTBOUND.model_copy(update={"enforced": False})
    for _ in range(200):
        budgets.take("outbound", free)
    budgets.push_back("outbound", free, clock.now() + timedelta(hours=1))

    assert clock.slept == []
    assert list(aws.table("TOKEN_TABLE").query("acme#budget")) == []


def test_a_quota_of_one_call_has_no_two_lanes() -> None:
    with pytest.raises(ValidationError, match="leave out reserved"):
        Budget(calls=1, per_seconds=1, reserved=0.5)


def test_an_item_that_nobody_uses_any_more_goes_away_by_itself(
    aws: AwsWorld, budgets: Budgets, clock: FakeClock
) -> None:
    budgets.take("contacts", CONTACTS, campaign_id="spring")
    budgets.push_back("contacts", CONTACTS, clock.now() + SECOND * 30, "spring")

    for item in aws.table("TOKEN_TABLE").query("acme#budget"):
        assert clock.now().timestamp() + 12 * 3600 < item["ttl"] < clock.now().timestamp() + 48 * 3600


# --- Calls that are late


class _Oversleeping(FakeClock):
    """A clock whose sleeper is woken late, as on a busy machine: by `late` seconds, once."""

    late = 0.0

    def sleep(self, seconds: float) -> None:
        late, self.late = self.late, 0.0
        super().sleep(seconds + late)


def test_of_a_short_window_no_eleven_calls_arrive_in_a_second_though_some_are_late(aws: AwsWorld) -> None:
    clock = FakeClock(BEGIN)
    budgets = afresh(aws, clock)
    left = []
    for _ in range(40):
        budgets.take("contacts", CONTACTS)
        left.append(clock.now())

    arrived = [moment + SECOND * 0.059 * (number % 3 == 0) for number, moment in enumerate(left)]
    assert busiest(arrived, 1) <= 10
    assert 40 / ((left[-1] - left[0]) / SECOND) > 9.3


def test_in_a_short_window_those_that_wait_leave_one_after_the_other(aws: AwsWorld) -> None:
    callers = Callers(aws, Random(1))
    left: list[float] = []

    def call() -> None:
        callers.budgets()[0].take("contacts", CONTACTS)
        left.append((callers.time.now - BEGIN) / SECOND)

    for number in range(20):
        callers.time.start(call, 0.02 * number)
    callers.time.run()

    assert sum(moment < 0.3 for moment in left) == 10, "an idle second is spent at once"
    waited = sorted(moment for moment in left if moment > 0.3)
    assert all(later - one > 0.05 for one, later in pairwise(waited))
    assert waited[-1] < 2


def test_a_call_that_oversleeps_counts_from_when_it_leaves(aws: AwsWorld) -> None:
    clock = _Oversleeping(BEGIN)
    quota = Budget(calls=1, per_seconds=1, jitter_seconds=0.06)
    budgets = afresh(aws, clock)
    budgets.take("contacts", quota)
    clock.late = 0.05
    budgets.take("contacts", quota)
    left = clock.now()
    assert (left - BEGIN) / SECOND == pytest.approx(1.06 + 0.05 + 0.025, abs=0.002), "no window longer"

    budgets.take("contacts", quota)
    assert (clock.now() - left) / SECOND == pytest.approx(1.06, abs=0.002)


@pytest.mark.parametrize("late", [0.05, 0.2, 0.9])
def test_a_call_that_always_oversleeps_leaves_all_the_same_and_is_not_one_too_many(
    aws: AwsWorld, late: float
) -> None:
    callers = Callers(aws, Random(1))
    left: list[float] = []

    def call() -> None:
        callers.budgets(late=lambda: late)[0].take("contacts", CONTACTS)
        left.append((callers.time.now - BEGIN) / SECOND)

    for _ in range(11):
        callers.time.start(call)
    callers.time.run()
    assert len(left) == 11
    assert busiest([BEGIN + SECOND * one for one in left], 1) <= 10


def test_a_call_that_oversleeps_with_another_behind_it_takes_another_place(aws: AwsWorld) -> None:
    callers = Callers(aws, Random(1))
    quota = Budget(calls=1, per_seconds=1, jitter_seconds=0.06)
    left: list[float] = []

    def calls(**clock: Callable[[], float]) -> Callable[[], None]:
        def work() -> None:
            callers.budgets(**clock)[0].take("outbound", quota)
            left.append((callers.time.now - BEGIN) / SECOND)

        return work

    callers.time.start(calls())
    once = iter([0.2])
    callers.time.start(calls(late=lambda: next(once, 0.0)), 0.1)
    callers.time.start(calls(), 0.2)
    callers.time.run()

    assert left == [pytest.approx(at, abs=0.05) for at in (0, 2 * 1.06, 3 * 1.06)]
