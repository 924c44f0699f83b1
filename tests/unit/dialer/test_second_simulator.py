"""Where no closed form exists: a simulator that others wrote has the same queue."""

from __future__ import annotations

from math import hypot
from typing import Any

import pytest

from outbound.dialer.model.capacity import simulate_capacity
from outbound.dialer.model.document import ModelDocument
from outbound.dialer.model.estimates import Estimate, estimate, share

ciw = pytest.importorskip("ciw", reason="the tests' requirements of before it were installed")

# Some 14 % more work than agents, so that callers wait; talk is long for few, wrap-up always the same.
ARRIVALS, TALK, WRAP, AGENTS = 0.19, 210.0, 60.0, 45
WARM_UP, SECONDS, REPLICATIONS = 3_600.0, 10 * 3_600.0, 8
PATIENCE = {"exponential": 60.0, "fixed": 20.0}


def by_ciw(kind: str) -> dict[str, Estimate]:
    patience = (
        ciw.dists.Deterministic(PATIENCE[kind])
        if kind == "fixed"
        else ciw.dists.Exponential(1 / PATIENCE[kind])
    )
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(ARRIVALS)],
        # A standard deviation of the mean, as the model has it.
        service_distributions=[_lognormal(TALK) + ciw.dists.Deterministic(WRAP)],
        number_of_servers=[AGENTS],
        reneging_time_distributions=[patience],
    )
    runs = [_run(network, seed) for seed in range(REPLICATIONS)]
    return {
        "abandonment": share([(len(gone), len(taken) + len(gone)) for taken, gone in runs]),
        "caller_wait_seconds": estimate(
            [(sum(one.waiting_time for one in taken + gone), len(taken) + len(gone)) for taken, gone in runs]
        ),
        "occupancy": share([(sum(one.service_time for one in taken), AGENTS * SECONDS) for taken, _ in runs]),
    }


def _lognormal(mean: float) -> Any:
    from math import log, sqrt

    return ciw.dists.Lognormal(log(mean) - log(2) / 2, sqrt(log(2)))


def _run(network: Any, seed: int) -> tuple[list[Any], list[Any]]:
    """Return the records of the callers of the measured time: those who were served, those who left."""
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(WARM_UP + SECONDS + 3_600)
    records = [
        record
        for record in simulation.get_all_records()
        if WARM_UP <= record.arrival_date < WARM_UP + SECONDS
    ]
    return (
        [record for record in records if record.record_type == "service"],
        [record for record in records if record.record_type == "renege"],
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", PATIENCE)
def test_both_simulators_agree(kind: str) -> None:
    other = by_ciw(kind)
    ours = simulate_capacity(
        ModelDocument.model_validate(
            {
                "arrivals_per_second": ARRIVALS,
                "agents": AGENTS,
                "talk_seconds": {"mean": TALK, "distribution": "lognormal"},
                "wrap_seconds": WRAP,
                "patience": {kind: PATIENCE[kind]},
                "hours": 20,
                "replications": 20,
            }
        )
    )
    for name, theirs in other.items():
        found: Estimate = getattr(ours, name)
        # Of two estimates that are independent, the difference has both errors.
        error = hypot(found.high - found.mean, theirs.high - theirs.mean)
        assert abs(found.mean - theirs.mean) <= error, name
        assert error < 0.15 * found.mean
