"""Whether a pull's memory grows with its records."""

from __future__ import annotations

from collections.abc import Iterator

from bench.measured import Measured, Target
from bench.pulls import pulls_from
from bench.stage import Stage

NAME = "pull-memory"

TARGET = Target("at most", 1.15)
LARGE, SMALL = 500_000, 10_000
PAGE_SIZES = (1000, 5000)


def measure(stage: Stage) -> Iterator[Measured]:
    """Compare the most resident memory of a large pull with that of a small one, each in a fresh process."""
    names = {f"memory-{size}-{calls}": calls for size in PAGE_SIZES for calls in (LARGE, SMALL)}
    with pulls_from(stage, names) as pulls:
        for size in PAGE_SIZES:
            small, large = (
                pulls.pull(f"memory-{size}-{calls}", size).peak_kib / 1024 for calls in (SMALL, LARGE)
            )
            yield Measured(
                f"memory of {LARGE:,} records / of {SMALL:,}, {size:,} a page",
                large / small,
                TARGET,
                note=f"{large:.0f} MiB / {small:.0f} MiB",
                detail={"large_mib": round(large, 1), "small_mib": round(small, 1)},
            )
