"""A campaign's health: samples of its metrics, newest by time, and what they prove of its success rate.

Samples come by webhook, by the schedule and from pulled outcomes, late, twice and in any order. A history is
the same whichever way they came: in each slot of time the newest sample of each source stays.

    counts are named     -> the newest fresh window with counts: Wilson's bounds against the threshold
    a rate alone         -> so many windows in a row agree, none overlapping another by more than half
    old, or none         -> stale, missing: they prove nothing
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import isfinite

from outbound.clock import CLOCK_TOLERANCE
from outbound.steering.proportions import NOTHING_KNOWN, Bounds, wilson_bounds

KEPT = timedelta(days=2)
"""How far back a history goes."""

# Charts and proofs look closely at the last hours; before them a sample every five minutes is enough.
_CLOSE = timedelta(hours=4)
_FINE_SECONDS, _COARSE_SECONDS = 60, 300
_MOMENTS = ("start", "end", "measured_at")


class Source(StrEnum):
    """Where a sample comes from."""

    WEBHOOK = "webhook"
    POLL = "poll"
    OUTCOMES = "outcomes"


class InvalidSample(ValueError):
    """Metrics that cannot be: the field, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured of a campaign in one window; None where it is not said. Raises InvalidSample.

    `rate` and `abandonment_rate` are as reported, from 0 to 1. `answered` counts calls that a person
    answered, the abandoned ones too. `calls_under_way` and `agents_at_work` are of the moment, not of
    the window.
    """

    start: datetime
    end: datetime
    measured_at: datetime
    source: Source
    calls: int | None = None
    successes: int | None = None
    rate: float | None = None
    answered: int | None = None
    abandoned: int | None = None
    abandonment_rate: float | None = None
    calls_under_way: int | None = None
    agents_at_work: int | None = None

    def __post_init__(self) -> None:
        """Object to what cannot be."""
        for problem in (*_wrong_moments(self), *_wrong_shares(self), *_wrong_counts(self)):
            raise InvalidSample(problem)

    @property
    def counted_successes(self) -> float | None:
        """How many calls succeeded: as counted, or what the reported rate comes to; None without counts."""
        if self.calls is None:
            return None
        if self.successes is not None:
            return self.successes
        return None if self.rate is None else self.rate * self.calls

    @property
    def success_rate(self) -> float | None:
        """The share of successes: by the counts where there are any, else as reported."""
        if self.calls and self.successes is not None:
            return self.successes / self.calls
        return self.rate

    @property
    def bounds(self) -> Bounds:
        """What the counts prove of the rate."""
        successes = self.counted_successes
        return NOTHING_KNOWN if successes is None else wilson_bounds(successes, self.calls or 0)

    @property
    def is_unattended(self) -> bool:
        """Whether calls are under way with no agent at work, where both are known."""
        return bool(self.calls_under_way) and self.agents_at_work == 0

    def is_fresh(self, now: datetime, stale_after: timedelta) -> bool:
        """Return True if both the measurement and its window say something of the present."""
        return now - min(self.measured_at, self.end) <= stale_after


def sample_problem(sample: Sample, now: datetime) -> str:
    """Return why a sample is not kept: `future`, `window_to_come` or `too_old`; empty if it is."""
    if sample.measured_at > now + CLOCK_TOLERANCE:
        return "future"
    if sample.end > sample.measured_at + CLOCK_TOLERANCE:
        return "window_to_come"
    return "too_old" if sample.end <= now - KEPT else ""


def merged(samples: Iterable[Sample], now: datetime) -> tuple[Sample, ...]:
    """Return a history of two days out of samples in any order, the oldest first.

    Of one source one sample a minute is kept, and before the last hours one in five minutes: at most 2,500
    together. The newest measurement wins its slot, and of equal ones always the same. What `sample_problem`
    names is left out: ask it before, where that has to be heard.
    """
    slots: dict[tuple[bool, int, Source], Sample] = {}
    for sample in samples:
        if sample_problem(sample, now):
            continue
        slot = _slot(sample, now)
        kept = slots.get(slot)
        if kept is None or _age_order(sample) > _age_order(kept):
            slots[slot] = sample
    return tuple(sorted(slots.values(), key=_age_order))


def newest(history: Iterable[Sample]) -> Sample | None:
    """Return the sample that was measured last, None if there is none."""
    return max(history, key=_age_order, default=None)


def independent(samples: Iterable[Sample], most: int) -> list[Sample]:
    """Return the newest so many windows of which no two overlap by more than half of the shorter one."""
    chosen: list[Sample] = []
    for sample in sorted(samples, key=lambda each: (each.end, _age_order(each)), reverse=True):
        if len(chosen) == most:
            break
        if all(_overlap(sample, other) <= 0.5 for other in chosen):
            chosen.append(sample)
    return chosen


def disjoint(samples: Iterable[Sample], since: datetime) -> list[Sample]:
    """Return windows that share no moment and begin at `since` or later, the oldest first: to be added up."""
    chosen: list[Sample] = []
    for sample in sorted(samples, key=lambda each: (each.end, each.start, _age_order(each))):
        if sample.start >= since:
            chosen.append(sample)
            since = sample.end
    return chosen


def _overlap(one: Sample, other: Sample) -> float:
    shared = min(one.end, other.end) - max(one.start, other.start)
    return shared / min(one.end - one.start, other.end - other.start)


def _slot(sample: Sample, now: datetime) -> tuple[bool, int, Source]:
    seconds = int(sample.end.timestamp())
    coarse = seconds // _COARSE_SECONDS
    # A whole slot is close or not, so that no sample of it is compared with some of the others only.
    is_close = (coarse + 1) * _COARSE_SECONDS > (now - _CLOSE).timestamp()
    return is_close, seconds // _FINE_SECONDS if is_close else coarse, sample.source


def _age_order(sample: Sample) -> tuple[object, ...]:
    """Order samples by their measurement, and equal ones by all that they say: the order is total."""
    said = (
        sample.calls,
        sample.successes,
        sample.rate,
        sample.answered,
        sample.abandoned,
        sample.abandonment_rate,
        sample.calls_under_way,
        sample.agents_at_work,
    )
    known = tuple(-1.0 if value is None else float(value) for value in said)
    moments = (sample.measured_at.astimezone(UTC), sample.end.astimezone(UTC), sample.start.astimezone(UTC))
    return (*moments, sample.source.value, known)


def _wrong_moments(sample: Sample) -> Iterator[str]:
    naive = [name for name in _MOMENTS if getattr(sample, name).tzinfo is None]
    yield from (f"{name}: has no UTC offset" for name in naive)
    if not naive and sample.end <= sample.start:
        yield "end: is not after start"


def _wrong_shares(sample: Sample) -> Iterator[str]:
    for name in ("rate", "abandonment_rate"):
        share = getattr(sample, name)
        if share is not None and not (isfinite(share) and 0 <= share <= 1):
            yield f"{name}: is not a share from 0 to 1"


def _wrong_counts(sample: Sample) -> Iterator[str]:
    for name in ("calls", "successes", "answered", "abandoned", "calls_under_way", "agents_at_work"):
        if (getattr(sample, name) or 0) < 0:
            yield f"{name}: is below 0"
    for part, whole in (("successes", "calls"), ("abandoned", "answered")):
        most = getattr(sample, whole)
        if most is not None and (getattr(sample, part) or 0) > most:
            yield f"{part}: is above {whole}"
