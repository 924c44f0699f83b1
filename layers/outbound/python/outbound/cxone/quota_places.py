"""The places of a quota: how many a budget has, and when each is free for the next call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from outbound.cxone.settings import Budget

Priority = Literal["normal", "high"]
SECOND = 1000
"""Moments and windows are in milliseconds."""

# Share of the quota that is used. The rest absorbs jitter between leaving here and arriving there.
_USED = 0.97
# So many places fit into an item that is still cheap to write (6 KB). A larger quota is taken as that many
# places in a shorter window.
_MOST_PLACES = 500
_NEVER = -(10**15)


@dataclass(frozen=True, slots=True)
class Shape:
    """A budget as places, the first `reserved` of them kept for high priority, and times in milliseconds.

    `margin` is how much longer all windows of the budget are than the quota's own, `apart` how long after
    one another calls leave that have to wait.
    """

    places: int
    reserved: int
    window: int
    margin: int
    apart: int

    @classmethod
    def of(cls, budget: Budget) -> Shape:
        """Return a budget's places: more calls than may be places are more windows, each so much shorter."""
        parts = ceil(budget.calls / _MOST_PLACES)
        places = budget.calls // parts
        seconds = max(budget.per_seconds / _USED, budget.per_seconds + budget.jitter_seconds)
        reserved = min(max(1, round(places * budget.reserved)), places - 1) if budget.reserved else 0
        margin = seconds - budget.per_seconds
        window = ceil(SECOND * seconds / parts)
        apart = window // (2 * places) if budget.jitter_seconds else 0
        return cls(places, reserved, window, int(SECOND * margin), apart)


@dataclass(frozen=True, slots=True)
class Place:
    """A place and the moment at which a call may leave on it."""

    number: int
    leaves: int


@dataclass(frozen=True, slots=True)
class PlaceLog:
    """What the item of a quota says: when the latest call of each place leaves, and until when 429s hold."""

    left: Mapping[int, int]
    held: int
    held_by_campaigns: int

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> PlaceLog:
        """Read the item of a quota, empty for one that was not used yet."""
        left = {
            int(name[1:]): int(value)
            for name, value in item.items()
            if name[:1] == "p" and name[1:].isdecimal()
        }
        return cls(left, int(item.get("held", 0)), int(item.get("held_by_campaigns", 0)))

    def next_places(self, shape: Shape, priority: Priority, earliest: int) -> list[Place]:
        """Return the places of a priority with when they are free, soonest first.

        The n-th newest call decides, n being the priority's places: where settings had more places a moment
        ago, those count too, though none of them is used any more.

        Args:
            shape: The budget as places.
            priority: A high one may use the places that are kept for it, too.
            earliest: No place is free before this moment, in milliseconds.
        """
        first = 0 if priority == "high" else shape.reserved
        numbers = sorted(range(first, shape.places), key=lambda number: self.left.get(number, _NEVER))
        newest = sorted((moment for number, moment in self.left.items() if number >= first), reverse=True)
        newest += [_NEVER] * (len(numbers) - len(newest))
        oldest_first = reversed(newest[: len(numbers)])
        return [
            Place(number, max(earliest, moment + shape.window))
            for number, moment in zip(numbers, oldest_first, strict=True)
        ]

    def one_by_one(self, places: list[Place], shape: Shape) -> list[Place]:
        """The same places, none at the time of a call that has its place already."""
        moments = sorted(self.left.values())
        apart = [Place(place.number, _clear_of(moments, place.leaves, shape.apart)) for place in places]
        return sorted(apart, key=lambda place: place.leaves)


def _clear_of(moments: list[int], moment: int, apart: int) -> int:
    """The first moment, from this one on, that is so far from all of those in order."""
    for other in moments:
        if abs(other - moment) < apart:
            moment = other + apart
    return moment
