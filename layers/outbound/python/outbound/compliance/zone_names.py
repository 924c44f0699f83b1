"""The zones that a person may have meant who wrote a name that is none."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from zoneinfo import available_timezones

_LIKENESS = 0.75


def zone_near(name: str) -> str:
    """Return the zone that a name is nearest to, empty where it is near none.

    Compared without case and blanks; a city alone, or with a wrong region before it, is found, too.
    """
    wanted = name.strip().replace(" ", "_").lower()
    by_lower, by_city = _names()
    if near := get_close_matches(wanted, by_lower, 1, _LIKENESS):
        return by_lower[near[0]]
    near = get_close_matches(wanted.rpartition("/")[2], by_city, 1, _LIKENESS)
    return by_city[near[0]] if near else ""


@cache
def _names() -> tuple[Mapping[str, str], Mapping[str, str]]:
    by_lower = {each.lower(): each for each in sorted(available_timezones())}
    by_city = {lower.rpartition("/")[2]: each for lower, each in by_lower.items() if "/" in lower}
    return by_lower, by_city
