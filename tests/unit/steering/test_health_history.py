"""Samples of metrics become the same history in whatever order, and however often, they come."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.steering.health import (
    KEPT,
    InvalidSample,
    Sample,
    Source,
    disjoint,
    independent,
    merged,
    newest,
    sample_problem,
)
from worlds.steering import NOW, Steering

MAKE = Steering()


@st.composite
def samples(draw: st.DrawFn, most_ago: int = 3 * 24 * 60) -> Sample:
    end = -draw(st.integers(0, most_ago))
    calls = draw(st.none() | st.integers(0, 300))
    return MAKE.sample(
        end,
        draw(st.sampled_from([5, 15, 30, 60])),
        measured_at=MAKE.at(end + draw(st.integers(0, 3))),
        source=draw(st.sampled_from(list(Source))),
        calls=calls,
        successes=None if calls is None else draw(st.integers(0, calls)),
        rate=draw(st.none() | st.floats(0, 1)),
    )


histories = st.lists(samples(), max_size=30)


def test_the_newest_measurement_of_a_minute_wins(steering: Steering) -> None:
    old = steering.sample(-2, calls=10, successes=1)
    new = steering.sample(-2, calls=12, successes=2, measured_at=steering.at(-1))
    for order in ([old, new], [new, old], [new, old, new]):
        assert merged(order, NOW) == (new,)


def test_sources_stand_beside_each_other(steering: Steering) -> None:
    both = [steering.sample(-1, source=Source.WEBHOOK, rate=0.1), steering.sample(-1, calls=50, successes=5)]
    assert set(merged(both, NOW)) == set(both)


@pytest.mark.slow
@given(histories, st.randoms(use_true_random=False))
def test_order_and_repetition_make_no_difference(history: list[Sample], random: Any) -> None:
    shuffled = [*history, *history[:5]]
    random.shuffle(shuffled)
    assert merged(shuffled, NOW) == merged(history, NOW)


@pytest.mark.slow
@given(histories, histories, st.integers(0, 6 * 60))
def test_what_was_merged_before_is_as_if_all_came_at_once(
    first: list[Sample], second: list[Sample], minutes: int
) -> None:
    later = NOW + timedelta(minutes=minutes)
    whole = [each for each in first if not sample_problem(each, NOW)]
    assert merged([*merged(first, NOW), *second], later) == merged([*whole, *second], later)


@pytest.mark.slow
@given(histories)
def test_a_history_goes_two_days_back_and_keeps_the_newest(history: list[Sample]) -> None:
    kept = merged(history, NOW)
    assert all(each.end > NOW - KEPT for each in kept)
    assert newest(kept) == newest(each for each in history if not sample_problem(each, NOW))


def test_two_days_of_every_minute_stay_within_their_bound(steering: Steering) -> None:
    ends = range(-3000, 1)
    whole = [steering.sample(end, rate=0.2, source=source) for end in ends for source in Source]
    kept = merged(whole, NOW)
    assert 2000 < len(kept) <= 2500
    assert [each.end for each in kept if each.source is Source.POLL][-60:] == [
        steering.at(end) for end in range(-59, 1)
    ]


@pytest.mark.parametrize(
    ("end", "measured", "problem"),
    [
        (0, 0, ""),
        (4, 4, ""),
        (0, 6, "future"),
        (6, 0, "window_to_come"),
        (-2 * 24 * 60, 0, "too_old"),
        (1 - 2 * 24 * 60, 0, ""),
    ],
)
def test_a_sample_that_is_not_kept_is_named(
    steering: Steering, end: float, measured: float, problem: str
) -> None:
    sample = steering.sample(end, measured_at=steering.at(measured))
    assert sample_problem(sample, NOW) == problem
    assert merged([sample], NOW) == (() if problem else (sample,))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"calls": -1}, "calls: is below 0"),
        ({"calls": 5, "successes": 6}, "successes: is above calls"),
        ({"answered": 5, "abandoned": 6}, "abandoned: is above answered"),
        ({"rate": 1.2}, "rate: is not a share"),
        ({"rate": float("nan")}, "rate: is not a share"),
        ({"abandonment_rate": -0.1}, "abandonment_rate: is not a share"),
        ({"measured_at": datetime(2026, 7, 15)}, "measured_at: has no UTC offset"),  # noqa: DTZ001
        ({"length": 0}, "end: is not after start"),
    ],
)
def test_metrics_that_cannot_be_are_refused_by_name(
    steering: Steering, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidSample, match=said):
        steering.sample(**fields)


def test_a_window_every_minute_is_not_a_sample_every_minute(steering: Steering) -> None:
    rolling = [steering.sample(-minute, rate=0.1) for minute in range(61)]
    assert [each.end for each in independent(rolling, 9)] == [
        steering.at(-minute) for minute in (0, 15, 30, 45, 60)
    ]


@given(st.lists(samples(240), max_size=25))
def test_independent_windows_share_at_most_half(history: list[Sample]) -> None:
    chosen = independent(history, 9)
    assert bool(chosen) == bool(history)
    assert independent(history, 2) == chosen[:2]
    for place, one in enumerate(chosen):
        for other in chosen[place + 1 :]:
            shared = min(one.end, other.end) - max(one.start, other.start)
            assert shared / min(one.end - one.start, other.end - other.start) <= 0.5


@given(st.lists(samples(240), max_size=25))
def test_windows_that_are_added_up_share_no_moment(history: list[Sample]) -> None:
    chosen = disjoint(history, MAKE.at(-200))
    assert all(one.end <= other.start for one, other in pairwise(chosen))
    assert all(each.start >= MAKE.at(-200) for each in chosen)


@pytest.mark.parametrize(
    ("fields", "unattended"),
    [
        ({"calls_under_way": 3, "agents_at_work": 0}, True),
        ({"calls_under_way": 0, "agents_at_work": 0}, False),
        ({"calls_under_way": 3, "agents_at_work": 1}, False),
        ({"calls_under_way": 3}, False),
        ({"agents_at_work": 0}, False),
    ],
)
def test_calls_without_agents_are_seen_where_both_are_known(
    steering: Steering, fields: dict[str, int], unattended: bool
) -> None:
    assert steering.sample(**fields).is_unattended is unattended
