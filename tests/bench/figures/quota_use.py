"""How much of the quota concurrent workers use, and whether they ever ask for more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.handlers import handler_named
from bench.measured import Measured, Target
from bench.processes import run_at_once
from bench.pulls import END, START
from bench.stage import Stage
from sandbox.running import Tenant
from sandbox.world import iso

NAME = "quota"

USED = Target("at least", 95, "%")
REFUSED = Target("exactly", 0)
# An idle quota is spent at once, and again a window later.
TWICE = Target("at most", 1.1, "windows")
CALLS = "/api/v2/outbound/calls"
PROCESSES, THREADS = 4, 4


@dataclass(frozen=True)
class Scale:
    """A quota, and how long it is made use of (seconds)."""

    limit: int
    per_seconds: float
    seconds: float


FULL = Scale(100, 60, 180)
# A third of the time, not less: the share of the quota that is left free is half a second then, and what a
# busy machine adds to the way of a call stays within that.
SHORT = Scale(100, 20, 60)


def measure(stage: Stage) -> Iterator[Measured]:
    """Let 16 workers call as often as the budget lets them; the tenant counts, in a sliding window."""
    from worlds.outcomes import cxone_document  # it reads the environment, which the stage sets

    scale = FULL if stage.full else SHORT
    quota = {"limit": scale.limit, "seconds": scale.per_seconds}
    campaigns = [{"id": "quota", "calls": 1000, "from": iso(START), "to": iso(END)}]
    with stage.tenant({"quotas": {"outbound": quota}, "campaigns": campaigns}) as (tenant, _):
        document = cxone_document(tenant.url)
        document["budgets"] = {"outbound": {"calls": scale.limit, "per_seconds": scale.per_seconds}}
        stage.configure("cxone", document)
        _work(stage, scale)
        yield from _rows(tenant, scale)


def _work(stage: Stage, scale: Scale) -> None:
    handler = handler_named("pull_outcomes")
    run_at_once(
        PROCESSES,
        "taking_places",
        handler.path,
        {**handler.environment, **stage.environment},
        threads=THREADS,
        seconds=scale.seconds,
        campaign_id="quota",
        start=iso(START),
        end=iso(END),
    )


def _rows(tenant: Tenant, scale: Scale) -> Iterator[Measured]:
    arrived = sorted(one.arrived for one in tenant.requests() if one.path == CALLS and one.status == 200)
    counted = sum(moment < arrived[0] + scale.seconds for moment in arrived)
    offered = scale.limit * scale.seconds / scale.per_seconds
    use = tenant.stats().quotas["outbound"]
    how = f"{PROCESSES * THREADS} workers, {scale.limit} per {scale.per_seconds:.0f} s, {scale.seconds:.0f} s"
    yield Measured(
        "quota used by 16 workers",
        100 * counted / offered,
        USED,
        note=f"{counted} of {offered:.0f} calls; {how}",
        detail={"calls": counted, "offered": offered, "fullest_window": use.highest},
    )
    twice = arrived[2 * scale.limit - 1] - arrived[0]
    yield Measured(
        f"{2 * scale.limit} calls, of an idle quota",
        twice / scale.per_seconds,
        TWICE,
        note=f"{twice:.1f} s; the first {scale.limit} within {arrived[scale.limit - 1] - arrived[0]:.1f} s",
        detail={"seconds": twice, "first": arrived[scale.limit - 1] - arrived[0]},
    )
    yield Measured(
        "calls refused with 429 meanwhile",
        use.refused,
        REFUSED,
        note=f"the fullest window had {use.highest} of {scale.limit} calls",
        detail={"refused": use.refused, "fullest_window": use.highest},
    )
