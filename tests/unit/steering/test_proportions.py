"""Wilson's bounds: the known answers of the table, and what holds for all counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.steering.proportions import Bounds, wilson_bounds

# successes, calls, lower, upper; None where the table names none.
TABLE = [
    (0, 0, 0, 1),
    (0, 5, 0, 0.3512),
    (0, 20, 0, 0.1192),
    (1, 20, 0.0112, 0.1960),
    (10, 100, 0.0607, 0.1604),
    (40, 400, 0.0779, 0.1274),
    (130, 1000, None, 0.1485),
    (132, 1000, None, 0.1506),
    (20, 100, 0.1425, None),
    (24, 100, 0.1772, None),
    (3, 100, 0.0121, None),
    (6, 100, 0.0313, None),
    (30, 1000, 0.0223, None),
    (40, 1000, 0.0310, None),
]


@pytest.mark.parametrize(("successes", "calls", "lower", "upper"), TABLE)
def test_bounds_are_those_of_the_table(
    successes: int, calls: int, lower: float | None, upper: float | None
) -> None:
    bounds = wilson_bounds(successes, calls)
    assert lower is None or round(bounds.lower, 4) == lower
    assert upper is None or round(bounds.upper, 4) == upper


@pytest.mark.parametrize(
    ("successes", "calls", "below"),
    [
        (0, 0, False),
        (0, 5, False),
        (0, 15, False),
        (0, 16, True),
        (0, 20, True),
        (1, 20, False),
        (10, 100, False),
        (40, 400, True),
        (130, 1000, True),
        (132, 1000, False),
    ],
)
def test_a_rate_is_proven_to_be_below_a_threshold_or_not(successes: int, calls: int, below: bool) -> None:
    assert wilson_bounds(successes, calls).proves_below(0.15) is below


@pytest.mark.parametrize(
    ("successes", "calls", "threshold", "above"),
    [
        (20, 100, 0.15, False),
        (24, 100, 0.15, True),
        (3, 100, 0.03, False),
        (6, 100, 0.03, True),
        (30, 1000, 0.03, False),
        (40, 1000, 0.03, True),
        (0, 0, 0.03, False),
    ],
)
def test_a_rate_is_proven_to_be_above_a_threshold_or_not(
    successes: int, calls: int, threshold: float, above: bool
) -> None:
    assert wilson_bounds(successes, calls).proves_above(threshold) is above


counts = st.integers(0, 100_000).flatmap(lambda calls: st.tuples(st.integers(0, calls), st.just(calls)))


@given(counts)
def test_the_measured_rate_lies_between_the_bounds(both: tuple[int, int]) -> None:
    successes, calls = both
    bounds = wilson_bounds(successes, calls)
    assert 0 <= bounds.lower <= bounds.upper <= 1
    if calls:
        assert bounds.lower <= successes / calls <= bounds.upper


@given(counts)
def test_failures_mirror_successes(both: tuple[int, int]) -> None:
    successes, calls = both
    bounds, mirrored = wilson_bounds(successes, calls), wilson_bounds(calls - successes, calls)
    assert bounds.lower == pytest.approx(1 - mirrored.upper, abs=1e-9)


@given(counts.filter(lambda both: both[1] > 0), st.integers(2, 20))
def test_more_calls_at_the_same_rate_prove_more(both: tuple[int, int], times: int) -> None:
    successes, calls = both
    few, many = wilson_bounds(successes, calls), wilson_bounds(successes * times, calls * times)
    assert many.upper - many.lower < few.upper - few.lower


@given(counts, st.floats(0, 1))
def test_nothing_is_both_below_and_above(both: tuple[int, int], threshold: float) -> None:
    bounds = wilson_bounds(*both)
    assert not (bounds.proves_below(threshold) and bounds.proves_above(threshold))


@pytest.mark.parametrize("both", [(-1, 5), (6, 5), (0, -1), (1, 0)])
def test_counts_that_cannot_be_are_refused(both: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        wilson_bounds(*both)


def test_of_no_calls_nothing_is_known() -> None:
    assert wilson_bounds(0, 0) == Bounds(0.0, 1.0)
