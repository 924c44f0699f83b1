"""The closed forms, against published answers to six digits."""

from __future__ import annotations

import pytest

from outbound.dialer.model.closed_forms import (
    batch_abandonment,
    batch_ratio,
    erlang_a,
    erlang_b,
    erlang_c,
    fixed_patience,
    trunk_load,
)


def to_six_digits(value: float) -> object:
    return pytest.approx(value, rel=2e-6)


@pytest.mark.parametrize(
    ("servers", "load", "blocked"), [(10, 5, 0.0183846), (150, 140, 0.0282337), (150, 120, 0.00101508)]
)
def test_erlang_b(servers: int, load: float, blocked: float) -> None:
    assert erlang_b(servers, load) == pytest.approx(blocked, rel=4e-6)


def test_erlang_c() -> None:
    small = erlang_c(14, 12, 180)
    assert small.waits == to_six_digits(0.481705)
    assert small.mean_wait == to_six_digits(43.3535)
    assert 1 - small.waits_longer_than(20) == to_six_digits(0.614280)
    large = erlang_c(50, 48, 240)
    assert large.waits == to_six_digits(0.694456)
    assert large.mean_wait == to_six_digits(83.3347)
    assert large.waits_longer_than(2) == to_six_digits(0.682977)


def test_a_queue_that_only_grows_has_no_answer() -> None:
    with pytest.raises(ValueError, match="14 erlang on 14 agents has no steady state"):
        erlang_c(14, 14, 180)


@pytest.mark.parametrize(
    ("arrivals", "handling", "patience", "agents", "abandoned", "mean_wait", "occupancy"),
    [
        (0.8, 60, 120, 50, 0.0309122, 3.70947, 0.930324),
        (0.25, 180, 60, 45, 0.0751570, 4.50942, 0.924843),
    ],
)
def test_erlang_a(
    arrivals: float,
    handling: float,
    patience: float,
    agents: int,
    abandoned: float,
    mean_wait: float,
    occupancy: float,
) -> None:
    found = erlang_a(arrivals, handling, patience, agents)
    assert found.abandoned == to_six_digits(abandoned)
    assert found.mean_wait == to_six_digits(mean_wait)
    assert found.occupancy == to_six_digits(occupancy)


@pytest.mark.parametrize(
    ("arrivals", "handling", "agents", "abandoned", "waits", "occupancy"),
    [
        (0.2, 180, 40, 0.0609685, 0.0886769, 0.845128),
        (0.2, 180, 45, 0.0200167, 0.0305426, 0.783987),
        (0.8, 240, 200, 0.0290762, 0.0791883, 0.932087),
    ],
)
def test_callers_who_leave_after_exactly_two_seconds(
    arrivals: float, handling: float, agents: int, abandoned: float, waits: float, occupancy: float
) -> None:
    found = fixed_patience(arrivals, handling, 2, agents)
    assert found.abandoned == to_six_digits(abandoned)
    assert found.waits == to_six_digits(waits)
    assert found.occupancy == to_six_digits(occupancy)


def test_without_patience_the_agents_are_erlang_bs_servers() -> None:
    found = fixed_patience(0.2, 180, 0, 40)
    assert found.abandoned == to_six_digits(0.0653695)
    assert found.abandoned == pytest.approx(erlang_b(40, 36), rel=1e-12)


def test_as_many_arrivals_as_the_agents_can_serve_are_no_exception() -> None:
    at, near = fixed_patience(0.25, 160, 2, 40), fixed_patience(0.25, 160.0001, 2, 40)
    assert at.abandoned == pytest.approx(near.abandoned, rel=1e-4)


@pytest.mark.parametrize(
    ("dialled", "answer_rate", "free", "abandoned"),
    [(10, 0.3, 5, 0.01989), (30, 0.3, 10, 0.06442), (3, 0.3, 1, 0.27), (5, 0.3, 5, 0), (0, 0.3, 5, 0)],
)
def test_one_batch(dialled: int, answer_rate: float, free: int, abandoned: float) -> None:
    assert batch_abandonment(dialled, answer_rate, free) == pytest.approx(abandoned, abs=5e-6)


def test_the_larger_the_team_the_higher_the_ratio() -> None:
    ratios = {free: batch_ratio(free, 0.2, 0.03) for free in (1, 2, 5, 10, 20, 50)}
    assert ratios == {1: 1.0, 2: 1.5, 5: 3.0, 10: 3.7, 20: 4.3, 50: 4.74}


def test_the_load_of_trunks() -> None:
    dials = 50 * 0.85 / 240 / 0.25
    load = trunk_load(dials, 0.25, 12 + 180, 22)
    assert (round(dials, 3), round(load, 1)) == (0.708, 45.7)
    assert round(erlang_b(50, load), 3) == 0.060
    assert round(erlang_b(60, load), 4) == 0.0068
