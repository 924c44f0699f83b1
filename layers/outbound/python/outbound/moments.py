"""The times that senders write: ISO 8601 with an offset, or Unix time in seconds or milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from outbound.clock import parse_time

# Digits are a Unix time only where they name a moment of these years: 20260310 is a date, 5 is a counter.
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)
_DIGITS = re.compile(r"[0-9]{1,16}")


class NoMoment(ValueError):
    """A value that names no moment."""


def moment_in(value: Any) -> datetime:
    """Return the moment that a value names. Raises NoMoment, which does not repeat the value."""
    if isinstance(value, str):
        return _from_number(int(value)) if _DIGITS.fullmatch(value) else _from_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    raise NoMoment("must be a time")


def moment_of_refusal(value: Any, received_at: datetime) -> datetime:
    """Return when a contact refused to be called, whatever a sender wrote as its time.

    Where that names no moment, or one that lies in the future or before 2000, it is the moment of receipt:
    a refusal needs no time, and neither an early clock nor an empty field may take its place in the order.
    """
    try:
        moment = moment_in(value)
    except NoMoment:
        return received_at
    return moment if _FIRST <= moment <= received_at else received_at


def _from_number(number: float) -> datetime:
    for seconds in (number, number / 1000 if abs(number) < 1e18 else 0):
        if _FIRST.timestamp() <= seconds < _LAST.timestamp():
            return datetime.fromtimestamp(seconds, UTC)
    raise NoMoment("is not a Unix time of the years 2000 to 2099, in seconds or milliseconds")


def _from_text(text: str) -> datetime:
    try:
        return parse_time(text.strip())
    except ValueError:
        raise NoMoment("must be ISO 8601 with an offset, like 2026-01-31T08:00:00Z") from None
