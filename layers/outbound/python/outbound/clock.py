"""Time, passed in: everything that asks for the time or waits does it through a `Clock`."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the clocks of honest senders differ from ours at most; for CXone's reports see `CXONE_CLOCK_SKEW`.

Of consent and of dispositions the newest counts, so one from further ahead would win over all later ones.
The signed time of a webhook may lie as far ahead or behind, unless its provider's `tolerance_seconds` differ.
"""

CXONE_CLOCK_SKEW = timedelta(seconds=5)
"""How far CXone's clock and ours differ: a report from just before our request is its echo all the same."""


class Clock(Protocol):
    """What the code may know about time."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go backwards, for measuring durations."""

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Sleep; a negative time returns at once."""
        time.sleep(max(0.0, seconds))


class Invocation(Protocol):
    """What Lambda's context knows of an invocation's time."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the function."""


class Deadline:
    """A moment after which work is handed over instead of continued.

    Made from what a Lambda context says is left, less a margin in which the state of the
    work is written down and the message given back.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        """Start counting now: the deadline is `seconds` away."""
        self._clock = clock
        self._end = clock.monotonic() + seconds

    def left(self) -> float:
        """Seconds until the deadline; negative once it has passed."""
        return self._end - self._clock.monotonic()


def parse_time(text: str) -> datetime:
    """Return the moment that an ISO 8601 text names, in UTC.

    Raises ValueError where the text is not an ISO 8601 date and time, or has no UTC offset: a
    naive time could mean any of two dozen moments.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset; write it like 2026-01-31T08:00:00Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} lies outside of the years 1 to 9999 in UTC") from None


def format_time(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC with `Z`, with fractions only where it has them.

    Raises ValueError for a naive time: Python would take it for the machine's local time.
    """
    if moment.tzinfo is None:
        raise ValueError("a time without UTC offset cannot be written down")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def midnight_after(moment: datetime) -> datetime:
    """The first UTC midnight after a moment."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)
