"""The calls of a campaign as the tenant serves them: generated ones and those added at run time."""

import heapq
import json
from bisect import insort
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, NamedTuple

from sandbox.world.calls import CampaignCalls
from sandbox.world.shape import Campaign

_SECOND = 10**6


class Place(NamedTuple):
    """Where a call stands in the order: its start in microseconds, generated before added.

    A page ends at a place, not at a number of calls, so a record that is added between two pages
    moves no other across their border.
    """

    start: int
    added: int
    number: int


BEFORE_ALL = Place(-(2**63), 0, 0)


class CallLog:
    """One campaign's calls in order of their start."""

    def __init__(self, seed: int, campaign: Campaign) -> None:
        """Start with the generated calls alone."""
        self._calls = CampaignCalls(seed, campaign)
        self._added: list[tuple[Place, str | None, str]] = []

    def add(self, start: int, record: Any) -> None:
        """Add a record, of any shape, to those that started at `start` (microseconds)."""
        code = record.get("dispositionCode") if isinstance(record, dict) else None
        place = Place(start, 1, len(self._added))
        insort(self._added, (place, code, json.dumps(record)), key=lambda one: one[0])

    def page(
        self, start: int, end: int, codes: Collection[str], after: Place, limit: int
    ) -> tuple[list[str], Place | None]:
        """Return up to `limit` records, and the place to go on after if there are more.

        `start` and `end` are microseconds, and calls at both of them are included.
        """
        first = max(self._calls.index_at(-(-start // _SECOND)), self._index_after(after))
        beyond = self._calls.index_at(end // _SECOND + 1)
        added = [one for one in self._added if start <= one[0].start <= end and one[0] > after]
        if not added and not codes:
            return self._generated_page(first, beyond, limit)
        return _first(heapq.merge(self._matching(first, beyond, codes), _of(added, codes)), limit)

    def _generated_page(self, first: int, beyond: int, limit: int) -> tuple[list[str], Place | None]:
        last = min(first + limit, beyond)
        return self._calls.render(first, last), self._place(last - 1) if last < beyond else None

    def _matching(self, first: int, beyond: int, codes: Collection[str]) -> Iterator[tuple[Place, str]]:
        for index in range(first, beyond):
            if not codes or self._calls.code_of(index) in codes:
                yield self._place(index), self._calls.render(index, index + 1)[0]

    def _place(self, index: int) -> Place:
        return Place(self._calls.start_of(index) * _SECOND, 0, index)

    def _index_after(self, place: Place) -> int:
        if place.added:
            return self._calls.index_at(place.start // _SECOND + 1)
        return place.number + 1 if place != BEFORE_ALL else 0


def _of(added: list[tuple[Place, str | None, str]], codes: Collection[str]) -> Iterator[tuple[Place, str]]:
    return ((place, text) for place, code, text in added if not codes or code in codes)


def _first(found: Iterator[tuple[Place, str]], limit: int) -> tuple[list[str], Place | None]:
    page = list(islice(found, limit))
    more = next(found, None) is not None
    return [text for _, text in page], page[-1][0] if more else None
