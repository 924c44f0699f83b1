"""The maintenance window: the time of day in which a campaign that dials may be paused."""

from __future__ import annotations

from datetime import datetime, timedelta

from outbound.archive.settings import ArchiveSettings


def seconds_until_open(settings: ArchiveSettings, now: datetime) -> float:
    """Give how long it is until the window opens: 0 while it is open, or where there is none.

    A window may reach over midnight; one that ends when it begins is open all day.
    """
    if settings.maintenance_window is None:
        return 0.0
    start, end = (_on(now, text) for text in settings.maintenance_window)
    inside = start <= now < end if start < end else now >= start or now < end
    if inside or start == end:
        return 0.0
    return (start - now).total_seconds() if start > now else (start + timedelta(days=1) - now).total_seconds()


def _on(day: datetime, text: str) -> datetime:
    hour, minute = text.split(":")
    return day.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
