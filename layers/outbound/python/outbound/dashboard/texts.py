"""How the page says numbers and moments: `None` is unknown and is said so, never shown as nothing."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from outbound.clock import format_time
from outbound.dashboard.markup import Markup, tag

UNKNOWN = "unknown"

# Between a number and its unit: a line never breaks there.
_CLOSE = "\N{NO-BREAK SPACE}"


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share as a percentage that no line breaks before its sign."""
    return UNKNOWN if share is None else f"{100 * share:.{digits}f}{_CLOSE}%"


def number(count: int | None) -> str:
    """Return a count with separators."""
    return UNKNOWN if count is None else f"{count:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def lasting(seconds: float) -> str:
    """Return how long something lasts, in the largest unit of which it has two or more."""
    seconds = max(0.0, seconds)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def ago(moment: datetime, now: datetime, suffix: str = " ago") -> Markup:
    """Return how long ago a moment was, with the moment itself for machines and under the pointer."""
    written = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    said = f"{lasting((now - moment).total_seconds())}{suffix}"
    return tag("time", said, datetime=format_time(moment.replace(microsecond=0)), title=written)


def at(moment: datetime, now: datetime, zone: tzinfo = UTC) -> Markup:
    """Return a moment by the clock of a zone, with its day where that is another than today's."""
    there, today = moment.astimezone(zone), now.astimezone(zone).date()
    said = f"{there:%H:%M}" if there.date() == today else f"{there:%a %d %b, %H:%M}"
    return tag("time", said, datetime=format_time(moment.replace(microsecond=0)))


@lru_cache(maxsize=128)
def zone_named(name: str) -> tzinfo | None:
    """Return a zone by its name, None where there is none of that name."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, LookupError):
        return None
