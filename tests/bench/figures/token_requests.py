"""How many token requests many cold starts at once cost."""

from __future__ import annotations

from collections.abc import Iterator

from bench.handlers import handler_named
from bench.measured import Measured, Target
from bench.processes import run_at_once
from bench.stage import Stage

NAME = "tokens"

TARGET = Target("exactly", 1)
PROCESSES, CACHES = 4, 50
# An endpoint that answers at once, and one so slow that all caches find a refresh under way (seconds).
_DELAYS = (0.0, 1.0)


def measure(stage: Stage) -> Iterator[Measured]:
    """Fill 200 fresh token caches at once; the tenant counts the requests, the worst round is reported."""
    rounds = [_round(stage, delay) for delay in _DELAYS]
    requests = max(found for found, _ in rounds)
    slowest = max(seconds for _, seconds in rounds)
    yield Measured(
        f"token requests of {PROCESSES * CACHES} fresh caches at once",
        requests,
        TARGET,
        note=f"answered at once, and after {_DELAYS[-1]:.0f} s; all had it within {slowest:.1f} s",
        detail={"requests": [found for found, _ in rounds], "slowest_seconds": round(slowest, 2)},
    )


def _round(stage: Stage, delay: float) -> tuple[int, float]:
    """Give the number of token requests, and the time until the last cache had the token."""
    with stage.tenant({}) as (tenant, _):
        if delay:
            tenant.add_fault({"delay": delay}, path="/oauth/token", times=None)
        handler = handler_named("pull_outcomes")
        environment = {**handler.environment, **stage.environment}
        answers = run_at_once(PROCESSES, "filling_caches", handler.path, environment, caches=CACHES)
        tokens = {token for answer in answers for token in answer["tokens"]}
        if len(tokens) != 1:
            raise RuntimeError(f"the caches hold {len(tokens)} different tokens")
        return tenant.stats().token_requests, max(answer["seconds"] for answer in answers)
