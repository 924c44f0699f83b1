"""How long to wait before the next try: full jitter of our own, or what the answer asks for, clamped."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import random

_FIRST_SECONDS = 0.5
_LONGEST_SECONDS = 8.0
_ABSURD_SECONDS = 1e9
_ONE_YEAR_SECONDS = 366 * 86400
_LONGEST_UNIX_TIME = 16  # digits


def pause(attempt: int) -> float:
    """Return a random wait (seconds) that grows with the number of the failed attempt, counted from 0."""
    return random() * min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** (attempt + 1))  # noqa: S311 - jitter


def retry_after(header: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, or None where it is missing or makes no sense.

    Both forms of RFC 9110 are read: a number of seconds, and a date. A date in the past is 0. A number that
    is a Unix time, as some limiters write, is neither.
    """
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]+", text):
        if _is_unix_time(text, now):
            return None
        # However many digits: the caller clamps it, and infinity is not a time to wait.
        return min(float(text), _ABSURD_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _is_unix_time(digits: str, now: datetime) -> bool:
    """Return True if a number is a moment within a year of now, in seconds or in milliseconds."""
    if len(digits) > _LONGEST_UNIX_TIME:
        return False
    present = now.timestamp()
    return any(abs(int(digits) / unit - present) < _ONE_YEAR_SECONDS for unit in (1, 1000))
