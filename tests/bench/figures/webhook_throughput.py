"""How many webhooks a second come through the local stack, from the sender to the copy in the lake."""

from __future__ import annotations

from collections.abc import Iterator

from bench.measured import Measured, Target
from bench.stage import Stage
from bench.webhook_flood import flooded

NAME = "webhook-throughput"

_SENDERS = 4
_SECONDS = 12.0
# The machine and the emulator say how many there are, more than this project does.
_TOLD = Target("none", unit="a second")


def measure(stage: Stage) -> Iterator[Measured]:
    """Let four senders send for twelve seconds, then wait until every delivery that was taken is kept."""
    flood = flooded(_SENDERS, _SECONDS)
    p50, p95 = (round(flood.answered_within(share) * 1000) for share in (0.5, 0.95))
    yield Measured(
        f"webhooks through the local stack, {_SENDERS} senders",
        flood.kept / flood.seconds,
        _TOLD,
        note=f"{flood.kept} kept, {flood.refused} not taken; answered within {p50} ms (p50), {p95} ms (p95)",
        detail={
            "kept": flood.kept,
            "refused": flood.refused,
            "seconds": round(flood.seconds, 1),
            "answer_p50_milliseconds": p50,
            "answer_p95_milliseconds": p95,
        },
    )
