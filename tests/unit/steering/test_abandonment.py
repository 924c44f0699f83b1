"""Abandonment is counted per offer, in successive periods and rolling; a failover resets nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.steering.abandonment import (
    PERIOD,
    DayCount,
    Level,
    Measure,
    abandonment,
    counted_in_metrics,
    is_abandoned,
    is_answered,
    offer_of,
)
from outbound.steering.health import Source
from outbound.steering.settings import AbandonmentSettings
from worlds.steering import NOW, Steering

FIRST = date(2026, 1, 1)
SETTINGS = AbandonmentSettings()


def _spread(first: int, last: int, abandoned: int, answered: int, **fields: Any) -> list[DayCount]:
    """Spread counts evenly over days, counted from 1 as in the table."""
    days = last - first + 1
    said: dict[str, Any] = {"campaign_id": "a", "source": Source.OUTCOMES} | fields
    return [
        DayCount(
            FIRST + timedelta(days=first - 1 + place),
            answered=answered * (place + 1) // days - answered * place // days,
            abandoned=abandoned * (place + 1) // days - abandoned * place // days,
            **said,
        )
        for place in range(days)
    ]


DAY_45 = FIRST + timedelta(days=44)


def test_a_breach_of_the_period_that_looks_fine_rolling() -> None:
    counts = _spread(1, 30, 10, 1000) + _spread(31, 45, 20, 500)
    found = abandonment(counts, DAY_45, SETTINGS)
    assert [(each.abandoned, each.answered) for each in found.periods] == [(10, 1000), (20, 500)]
    assert [each.share for each in found.periods] == [0.01, 0.04]
    assert [each.is_over for each in found.periods] == [False, True]
    assert (found.rolling.abandoned, found.rolling.answered, found.rolling.share) == (25, 1000, 0.025)
    assert not found.rolling.is_over
    assert (found.level, found.rings) == (Level.OVER, True)
    assert [each.budget_left for each in found.periods] == [20, -5]


def test_an_early_warning_while_the_periods_are_fine() -> None:
    counts = _spread(1, 15, 0, 500) + _spread(16, 30, 25, 500) + _spread(31, 45, 10, 500)
    found = abandonment(counts, DAY_45, SETTINGS)
    assert [each.share for each in found.periods] == [0.025, 0.02]
    assert not any(each.is_over for each in found.periods)
    assert (found.rolling.abandoned, found.rolling.answered, found.rolling.share) == (35, 1000, 0.035)
    assert (found.level, found.rings) == (Level.OVER, True)


def test_a_failover_resets_nothing() -> None:
    alone = _spread(1, 30, 10, 1000) + _spread(31, 45, 20, 500)
    moved = _spread(1, 30, 10, 1000) + _spread(31, 45, 20, 500, campaign_id="backup")
    assert abandonment(moved, DAY_45, SETTINGS) == abandonment(alone, DAY_45, SETTINGS)
    assert offer_of("Acme ", "Spring  renewals", "a") == offer_of("acme", "spring renewals", "backup")
    assert offer_of("", " ", "a") != offer_of("", "", "b")


@pytest.mark.parametrize(
    ("abandoned", "answered", "over", "budget"),
    [(30, 1000, False, 0), (31, 1000, True, -1), (0, 0, False, 0), (1, 33, True, -0.01), (0, 50, False, 1.5)],
)
def test_the_limit_is_counted_in_whole_calls(
    abandoned: int, answered: int, over: bool, budget: float
) -> None:
    measure = Measure(FIRST, FIRST + PERIOD, answered, abandoned)
    assert measure.is_over is over
    assert measure.budget_left == budget


@pytest.mark.parametrize(
    ("abandoned", "answered", "rings"),
    [
        (25, 1000, False),  # at the share of the alarm, and not above it
        (26, 1000, True),
        (3, 99, False),  # too few calls to prove it
        (1, 1, False),  # an accident
        (2, 10, False),
        (3, 10, True),
        (3, 100, True),  # enough calls: it is over the share of the alarm
        (6, 99, True),  # few, and proven
    ],
)
def test_it_rings_from_a_share_below_the_limit_on(abandoned: int, answered: int, rings: bool) -> None:
    found = abandonment([DayCount(FIRST, "a", Source.POLL, answered, abandoned)], FIRST, SETTINGS)
    assert found.rings is rings


def test_of_outcomes_and_metrics_of_the_same_calls_the_fuller_count() -> None:
    counts = [
        DayCount(FIRST, "a", Source.OUTCOMES, 60, 1),
        DayCount(FIRST, "a", Source.OUTCOMES, 30, 1),
        DayCount(FIRST, "a", Source.POLL, 80, 2),
        DayCount(FIRST, "b", Source.POLL, 10, 1),
    ]
    found = abandonment(counts, FIRST, SETTINGS)
    assert (found.present.answered, found.present.abandoned) == (100, 3)


def test_a_share_that_is_only_reported_is_shown_as_such() -> None:
    found = abandonment([], FIRST, SETTINGS, reported=0.04)
    assert (found.reported, found.is_counted, found.rings) == (0.04, False, False)


def test_windows_of_metrics_are_added_up_without_an_overlap(steering: Steering) -> None:
    rolling = [steering.sample(end, answered=30, abandoned=1) for end in range(-120, 1)]
    nameless = [steering.sample(end, abandonment_rate=0.02) for end in range(-120, 1)]
    first = counted_in_metrics("a", [*rolling, *nameless][:60], steering.at(-150))
    rest = counted_in_metrics("a", rolling, first.until)
    assert first.counts == (DayCount(NOW.date(), "a", Source.POLL, 60, 2),)
    assert first.until == steering.at(-90)
    assert rest.counts == (DayCount(NOW.date(), "a", Source.POLL, 90, 3),)
    assert rest.until == NOW
    assert counted_in_metrics("a", rolling, rest.until).counts == ()


def test_codes_say_what_was_answered_and_what_abandoned() -> None:
    assert [is_abandoned(code, SETTINGS) for code in ("ABANDONED", "INTERESTED")] == [True, False]
    answered = [is_answered(code, SETTINGS) for code in ("ABANDONED", "INTERESTED", "NO_ANSWER", "NEW")]
    assert answered == [True, True, False, False]


def test_more_abandoned_than_answered_is_refused() -> None:
    with pytest.raises(ValueError, match="2 of 1 answered"):
        DayCount(FIRST, "a", Source.POLL, 1, 2)


@st.composite
def day_counts(draw: st.DrawFn) -> DayCount:
    answered = draw(st.integers(0, 300))
    return DayCount(
        FIRST + timedelta(days=draw(st.integers(0, 100))),
        draw(st.sampled_from("ab")),
        Source.OUTCOMES,
        answered,
        draw(st.integers(0, answered)),
    )


many = st.lists(day_counts(), max_size=40)


@given(many, st.integers(0, 120))
def test_every_call_is_in_one_period_and_periods_follow_each_other(counts: list[DayCount], days: int) -> None:
    today = FIRST + timedelta(days=days)
    found = abandonment(counts, today, SETTINGS)
    past = [each for each in counts if each.day <= today]
    assert sum(each.answered for each in found.periods) == sum(each.answered for each in past)
    assert sum(each.abandoned for each in found.periods) == sum(each.abandoned for each in past)
    assert all(each.end - each.start == PERIOD for each in (*found.periods, found.rolling))
    starts = [each.start for each in found.periods]
    assert starts == [starts[0] + PERIOD * place for place in range(len(starts))]
    assert starts[0] == min([each.day for each in past], default=today)
    assert found.present.start <= today < found.present.end
    rolling = [each for each in past if today - each.day < PERIOD]
    assert found.rolling.abandoned == sum(each.abandoned for each in rolling)


@given(many, st.randoms(use_true_random=False))
def test_the_order_of_counts_and_who_made_the_calls_make_no_difference(
    counts: list[DayCount], random: Any
) -> None:
    shuffled = [
        DayCount(each.day, random.choice("abc"), each.source, each.answered, each.abandoned)
        for each in counts
    ]
    random.shuffle(shuffled)
    assert abandonment(shuffled, DAY_45, SETTINGS) == abandonment(counts, DAY_45, SETTINGS)


@given(many)
def test_old_counts_may_go_where_the_first_day_is_kept(counts: list[DayCount]) -> None:
    whole = abandonment(counts, DAY_45, SETTINGS, first_day=FIRST)
    kept = [each for each in counts if DAY_45 - each.day < PERIOD or each.day >= whole.present.start]
    less = abandonment(kept, DAY_45, SETTINGS, first_day=FIRST)
    assert (less.present, less.rolling, less.level) == (whole.present, whole.rolling, whole.level)


@given(many.filter(bool))
def test_over_in_either_measure_is_over(counts: list[DayCount]) -> None:
    found = abandonment(counts, DAY_45, SETTINGS)
    assert (found.level is Level.OVER) == (found.present.is_over or found.rolling.is_over)
    for each in (found.present, found.rolling):
        assert each.is_over == (each.budget_left < 0)
