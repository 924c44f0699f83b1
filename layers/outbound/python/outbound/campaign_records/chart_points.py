"""The points of charts: one each five minutes, made of a history of samples, a gap where there is none."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from outbound.campaign_records.health_records import Point
from outbound.campaign_records.samples import CLOSE
from outbound.steering.health import Sample

_EVERY = timedelta(minutes=5)


def chart_points(history: Iterable[Sample], now: datetime, back: timedelta = CLOSE) -> tuple[Point, ...]:
    """Return the points of the time so far back: the newest sample of each five minutes, else a gap.

    Args:
        history: The samples of a campaign, the oldest first.
        now: The end of the chart.
        back: How much of the time before it the chart has; it begins with the first sample in it.
    """
    seconds = int(_EVERY.total_seconds())
    last = int(now.timestamp()) // seconds
    slots: dict[int, Sample] = {}
    for sample in history:
        slots[int(sample.end.timestamp()) // seconds] = sample
    first = min((slot for slot in slots if slot > last - back // _EVERY), default=last + 1)
    return tuple(_point(slot, slots.get(slot), seconds) for slot in range(first, last + 1))


def _point(slot: int, sample: Sample | None, seconds: int) -> Point:
    if sample is None:
        return Point(datetime.fromtimestamp((slot + 1) * seconds, UTC))
    return Point(sample.end, sample.success_rate, _abandonment_rate(sample))


def _abandonment_rate(sample: Sample) -> float | None:
    if sample.answered and sample.abandoned is not None:
        return sample.abandoned / sample.answered
    return sample.abandonment_rate
