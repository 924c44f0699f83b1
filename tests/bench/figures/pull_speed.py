"""What a pull takes, beside getting the same pages and doing nothing with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.measured import Measured, Target
from bench.pulls import Pull, Pulls, pulls_from
from bench.rounds import rounds
from bench.stage import Stage

NAME = "pull-speed"

TARGET = Target("at most", 1.3)
CALLS = 500_000
# The registration's default, and the largest page that CXone gives.
PAGE_SIZES = (1000, 5000)
_ROUNDS, _SECONDS = 3, 30
# Places that take less than this of a record's time (microseconds) are not worth a line.
_LEAST_SHOWN = 0.2


def measure(stage: Stage) -> Iterator[Measured]:
    """Pull one window as one job, in turn with the bare loop; the fastest of each counts.

    Where the figure is missed, one more pull is sampled.
    """
    names = {f"pages-of-{size}-{n}": CALLS for size in PAGE_SIZES for n in range(_ROUNDS + 1)}
    with pulls_from(stage, names) as pulls:
        for size in PAGE_SIZES:
            yield _measured(pulls, size)


def _measured(pulls: Pulls, size: int) -> Measured:
    pairs = [
        (pulls.pull(f"pages-of-{size}-{n}", size), pulls.bare_loop(f"pages-of-{size}-{n}", size))
        for n in rounds(_ROUNDS, _SECONDS)
    ]
    pull = min((pair[0] for pair in pairs), key=lambda one: one.seconds)
    bare = min((pair[1] for pair in pairs), key=lambda one: one["seconds"])
    ratio = pull.seconds / bare["seconds"]
    sampled = None
    if not TARGET.met_by(ratio):
        sampled = pulls.pull(f"pages-of-{size}-{_ROUNDS}", size, profile=True)
    return Measured(
        f"pull of {CALLS:,} records / bare loop, {size:,} a page",
        ratio,
        TARGET,
        note=f"{_each(pull.seconds):.1f} µs / {_each(bare['seconds']):.1f} µs a record",
        detail=_detail(pull, bare, pairs),
        profile=_profile(sampled) if sampled else (),
    )


def _detail(
    pull: Pull, bare: Mapping[str, Any], pairs: list[tuple[Pull, Mapping[str, Any]]]
) -> dict[str, Any]:
    return {
        "pull_us_per_record": round(_each(pull.seconds), 2),
        "pull_cpu_us_per_record": round(_each(pull.cpu_seconds), 2),
        "bare_us_per_record": round(_each(bare["seconds"]), 2),
        "bare_cpu_us_per_record": round(_each(bare["cpu_seconds"]), 2),
        "ratios": [round(one.seconds / other["seconds"], 3) for one, other in pairs],
        "others_share": [round(one.others, 2) for one, _ in pairs],
    }


def _profile(pull: Pull) -> tuple[tuple[str, ...], ...]:
    """Give the lines of the table that says where a record's time goes, thread by thread."""
    lines: list[tuple[str, ...]] = [("thread", "where", "µs a record")]
    for thread, places in pull.profile.items():
        for place, seconds in places.items():
            if _each(seconds) >= _LEAST_SHOWN:
                lines.append((thread, place, f"{_each(seconds):.2f}"))
    return tuple(lines)


def _each(seconds: float) -> float:
    return seconds / CALLS * 1e6
