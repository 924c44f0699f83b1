"""Hours of the day as rules and people write them, and their intervals in the time of a zone, in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, reset_tzpath

# Zones change several times a year: the pinned package `tzdata` answers, never what the machine has.
reset_tzpath(to=())

_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_MIDNIGHT = time(0, 0)

Interval = tuple[float, float]
"""From and to as Unix times in seconds, half-open."""


class UnknownZone(ValueError):
    """A name that is not a zone of the IANA database."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of one day, half-open: from `start` on and before `end`. An end of midnight is the day's end."""

    start: time
    end: time

    def narrowed(self, other: Hours) -> Hours | None:
        """Return what both leave open, None if nothing."""
        start = max(self.start, other.start)
        if _MIDNIGHT in (self.end, other.end):
            end = other.end if self.end == _MIDNIGHT else self.end
        else:
            end = min(self.end, other.end)
        return Hours(start, end) if end == _MIDNIGHT or start < end else None

    def as_text(self) -> str:
        """Return the hours as 08:00-21:00."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


FEDERAL = Hours(time(8, 0), time(21, 0))
"""No telephone solicitation before or after that at the called person's location."""


def read_time(text: str) -> time:
    """Return the time of day that `9:00`, `09:00` or `09:00:00` names; `24:00` is midnight.

    Raises ValueError where the text names none.
    """
    found = _TIME.fullmatch(text.strip())
    if not found:
        raise ValueError("write a time of day like 09:00")
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    return _MIDNIGHT if (hour, minute, second) == (24, 0, 0) else time(hour, minute, second)


def read_hours(start: str, end: str) -> Hours:
    """Return the hours between two times of day. Raises ValueError where the end is not after the start."""
    hours = Hours(read_time(start), read_time(end))
    if hours.end != _MIDNIGHT and hours.end <= hours.start:
        raise ValueError(f"{end} is not after {start}: hours do not reach over midnight")
    return hours


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name. Raises UnknownZone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone(f"{name[:64]!r} is not a time zone of the IANA database") from None


def local_date(moment: float, zone_name: str) -> date:
    """Return the date in a zone at a Unix time."""
    return datetime.fromtimestamp(moment, zone(zone_name)).date()


@lru_cache(maxsize=16384)
def interval(day: date, hours: Hours, zone_name: str) -> Interval:
    """Return the hours of a day in a zone as Unix times.

    Where a change of clocks skips a time or brings it twice, the narrower of both readings counts.
    """
    tz = zone(zone_name)
    last = day + timedelta(days=1) if hours.end == _MIDNIGHT else day
    starts = [datetime.combine(day, hours.start, tz).replace(fold=fold).timestamp() for fold in (0, 1)]
    ends = [datetime.combine(last, hours.end, tz).replace(fold=fold).timestamp() for fold in (0, 1)]
    return max(starts), min(ends)
