"""When a campaign dials by its own clock: its days and hours, in the zone that its registration names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from outbound.calling.profile import CallingProfile
from outbound.compliance.contact import Window
from outbound.compliance.hours import FEDERAL, Interval, interval, local_date

# Without hours of its own a campaign dials within those of the federal rule, every day.
_LAWFUL = Window((FEDERAL,) * 7)
# A window that opens at all opens within a week; a change of clocks may skip the hours of a day.
_DAYS_AHEAD = 15


@dataclass(frozen=True, slots=True)
class WindowState:
    """Whether a campaign's window is open, since when it is so, and when that changes.

    All is None where the campaign names no zone. `opened_at` is None while the window is closed.
    """

    is_open: bool | None = None
    opened_at: datetime | None = None
    changes_at: datetime | None = None
    time_zone: str = ""


def window_at(profile: CallingProfile, now: datetime) -> WindowState:
    """Return how the window of a campaign stands at a moment."""
    if not profile.time_zone:
        return WindowState()
    window = profile.hours.window() if profile.hours else _LAWFUL
    moment = now.timestamp()
    for start, end in _intervals(window, local_date(moment, profile.time_zone), profile.time_zone):
        if start <= moment < end:
            return WindowState(True, _at(start), _at(end), profile.time_zone)
        if moment < start:
            return WindowState(False, None, _at(start), profile.time_zone)
    return WindowState(False, time_zone=profile.time_zone)


def _intervals(window: Window, today: date, zone_name: str) -> list[Interval]:
    """Return the window's intervals from yesterday on, in order, those joined that follow without a gap."""
    joined: list[Interval] = []
    for number in range(-1, _DAYS_AHEAD):
        day = today + timedelta(days=number)
        hours = window.week[day.weekday()]
        if hours is None:
            continue
        start, end = interval(day, hours, zone_name)
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif start < end:
            joined.append((start, end))
    return joined


def _at(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)
