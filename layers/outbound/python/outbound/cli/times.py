"""Times as an operator types them: a moment, or how long ago it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from outbound.clock import parse_time

_AGO = re.compile(r"-(\d{1,6})([smhdw])")
# What was meant to be one, right or wrong: no option begins with a number.
_LIKE_A_NUMBER = re.compile(r"-[\d.].*")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# `now` and what lies before it; anything else is a moment with its offset.
FORMS = "like -1h, now or 2026-01-31T08:00:00Z"


def with_joined_times(arguments: Sequence[str]) -> list[str]:
    """Return a command line in which `--from -1h` reads `--from=-1h`: argparse takes -1h for an option.

    What is not a time is joined, too, so that it is refused as one.
    """
    joined: list[str] = []
    for argument in arguments:
        if (
            joined
            and _LIKE_A_NUMBER.fullmatch(argument)
            and joined[-1].startswith("--")
            and "=" not in joined[-1]
        ):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def moment(option: str, text: str, now: datetime) -> datetime:
    """Return the moment that a text names. Raises ValueError naming the option and the forms there are."""
    if text == "now":
        return now
    if ago := _AGO.fullmatch(text):
        return _before(option, text, now, timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    try:
        return parse_time(text)
    except ValueError:
        raise ValueError(f"{option}: {text!r} is not a time; write one {FORMS}{_hint(text)}") from None


def _before(option: str, text: str, now: datetime, ago: timedelta) -> datetime:
    try:
        return (now - ago).replace(microsecond=0)
    except OverflowError:
        raise ValueError(f"{option}: {text!r} lies before the year 1") from None


def _hint(text: str) -> str:
    if _LIKE_A_NUMBER.fullmatch(text):
        return "; behind a whole number stands s, m, h, d or w"
    return "; it needs a UTC offset" if _is_naive(text) else ""


def _is_naive(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        return False
