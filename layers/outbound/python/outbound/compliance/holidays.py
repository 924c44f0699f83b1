"""Holidays by rule, not by list: of the federal government, and of states that close on further days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

from dateutil.easter import easter  # type: ignore[import-untyped]

_MONDAY, _TUESDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 1, 3, 5, 6

Rule = Callable[[int], date]


def _nth(month: int, weekday: int, number: int) -> Rule:
    """The number-th weekday of a month; of -1, the last."""

    def day(year: int) -> date:
        if number > 0:
            first = date(year, month, 1)
            return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7)

    return day


def _fixed(month: int, number: int) -> Rule:
    return lambda year: date(year, month, number)


def _easter(days: int) -> Rule:
    def day(year: int) -> date:
        sunday: date = easter(year)
        return sunday + timedelta(days=days)

    return day


def _election_day(year: int) -> date:
    """The Tuesday after the first Monday of November."""
    return _nth(11, _MONDAY, 1)(year) + timedelta(days=1)


_FEDERAL: dict[str, Rule] = {
    "New Year's Day": _fixed(1, 1),
    "Martin Luther King Day": _nth(1, _MONDAY, 3),
    "Presidents' Day": _nth(2, _MONDAY, 3),
    "Memorial Day": _nth(5, _MONDAY, -1),
    "Juneteenth": _fixed(6, 19),
    "Independence Day": _fixed(7, 4),
    "Labor Day": _nth(9, _MONDAY, 1),
    "Columbus Day": _nth(10, _MONDAY, 2),
    "Veterans Day": _fixed(11, 11),
    "Thanksgiving": _nth(11, _THURSDAY, 4),
    "Christmas Day": _fixed(12, 25),
}
_MORE: dict[str, dict[str, Rule]] = {
    "AL": {
        "Mardi Gras": _easter(-47),
        "Confederate Memorial Day": _nth(4, _MONDAY, 4),
        "Jefferson Davis's Birthday": _nth(6, _MONDAY, 1),
    },
    "LA": {"Mardi Gras": _easter(-47), "Good Friday": _easter(-2), "All Saints' Day": _fixed(11, 1)},
    "PA": {"Good Friday": _easter(-2), "Flag Day": _fixed(6, 14), "Election Day": _election_day},
    "RI": {"Victory Day": _nth(8, _MONDAY, 2), "Election Day": _election_day},
    "UT": {"Pioneer Day": _fixed(7, 24)},
}


def holiday(day: date, state: str) -> str:
    """Return the name of the holiday that a day is in a state, an empty text where it is none.

    A holiday at a weekend counts on its own day and on the weekday on which it is observed.
    """
    return _of_year(day.year, state).get(day, "")


@cache
def _of_year(year: int, state: str) -> dict[date, str]:
    # The first of January of the next year may be observed on the last day of this one.
    found: dict[date, str] = {}
    for each in (year, year + 1):
        for name, rule in {**_FEDERAL, **_MORE.get(state, {})}.items():
            day = rule(each)
            found.setdefault(day, name)
            found.setdefault(_observed(day), name)
    return {day: name for day, name in found.items() if day.year == year}


def _observed(day: date) -> date:
    if day.weekday() == _SATURDAY:
        return day - timedelta(days=1)
    return day + timedelta(days=1) if day.weekday() == _SUNDAY else day
