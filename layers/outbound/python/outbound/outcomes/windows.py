"""Windows of time: half-open, cut where storage wants it, and subtracted from each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from outbound.clock import format_time, midnight_after


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The time from `start` up to, but not including, `end`."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        """Show both ends in ISO 8601."""
        return f"[{format_time(self.start)}, {format_time(self.end)})"


def cut(window: Window, longest: timedelta) -> Iterator[Window]:
    """Return the pieces of a window: none crosses a UTC midnight, none is longer than `longest`.

    A part of the lake then has one date.
    """
    start = window.start
    while start < window.end:
        end = min(window.end, midnight_after(start), start + longest)
        yield Window(start, end)
        start = end


def uncovered(window: Window, covered: Iterable[Window]) -> Iterator[Window]:
    """Return the parts of a window that none of the covered windows covers, in order."""
    start = window.start
    for other in sorted(covered):
        if other.end <= start:
            continue
        if other.start >= window.end:
            break
        if other.start > start:
            yield Window(start, other.start)
        start = max(start, other.end)
    if start < window.end:
        yield Window(start, window.end)
