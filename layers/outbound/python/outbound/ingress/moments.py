"""The times that senders write: ISO 8601 with an offset, or Unix time in seconds or milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from outbound.clock import parse_time

# Unix time in seconds passes this in the year 5138, in milliseconds it did in 1973.
_SECONDS_END = 100_000_000_000
_DIGITS = re.compile(r"[0-9]{1,16}")


class NoMoment(ValueError):
    """A value that names no moment."""


def moment_in(value: Any) -> datetime:
    """Give the moment that a value names. Raises NoMoment, which does not repeat the value."""
    if isinstance(value, str):
        return _from_number(int(value)) if _DIGITS.fullmatch(value) else _from_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    raise NoMoment("must be a time")


def _from_number(number: float) -> datetime:
    try:
        return datetime.fromtimestamp(number if abs(number) < _SECONDS_END else number / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise NoMoment("is no Unix time") from None


def _from_text(text: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError:
        raise NoMoment("must be ISO 8601 with an offset, like 2026-01-31T08:00:00Z") from None
