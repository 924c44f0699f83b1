"""What the model of the dialer takes: an hour of 200 agents, and a search for the highest ratio."""

from __future__ import annotations

from collections.abc import Iterator

from bench.handlers import handlers
from bench.measured import Measured, Target
from bench.processes import run
from bench.stage import Stage

NAME = "dialer-model"

HOUR = Target("at most", 0.2, "s")
# One short call of a function.
SEARCH = Target("at most", 30, "s")


def measure(_: Stage) -> Iterator[Measured]:
    """Simulate with the code of the layer, in a fresh process; any function has that layer."""
    handler = handlers()[0]
    found = run("simulating", handler.path, handler.environment)
    yield Measured(
        "CPU of a simulated hour of 200 agents, warm-up included",
        found["hour_seconds"],
        HOUR,
        note=f"{found['hour_events']:,} events, {found['hour_events'] / found['hour_seconds']:,.0f} a second",
        detail=found,
    )
    ratios = ", ".join(f"{ratio} for {agents} agents" for agents, ratio in found["ratios"].items())
    yield Measured(
        "CPU of a search, 50 replications, 200 agents and 120",
        found["search_seconds"],
        SEARCH,
        note=f"{found['replications']:,} hours simulated; found {ratios}",
    )
