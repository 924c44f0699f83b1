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


class Added(NamedTuple):
    """A record that was added, and what it is looked for by."""

    place: Place
    code: str | None
    contact_id: Any
    text: str


class CallLog:
    """One campaign's calls in order of their start, each with its contact's latest disposition."""

    def __init__(self, seed: int, campaign: Campaign) -> None:
        """Start with the generated calls alone."""
        self.calls = CampaignCalls(seed, campaign)
        self._added: list[Added] = []
        self._disposed: dict[int, str] = {}

    def add(self, start: int, record: Any) -> None:
        """Add a record, of any shape, to those that started at `start` (microseconds)."""
        insort(self._added, _added(Place(start, 1, len(self._added)), record), key=lambda one: one.place)

    def last_call(self, contact: int, now: int) -> Place | None:
        """Return the place of the contact's last call until `now` (microseconds), None without any."""
        contact_id = self.calls.contacts.id_of(contact)
        places = [one.place for one in self._added if one.contact_id == contact_id and one.place.start <= now]
        index = self.calls.last_of(contact, self.calls.index_at(now // _SECOND + 1))
        return max([*places, *([] if index is None else [self._place(index)])], default=None)

    def dispose(self, place: Place, code: str) -> None:
        """Give the call at `place` another disposition code; a record that is no object stays as it is."""
        if not place.added:
            self._disposed[place.number] = code
            return
        at = next(n for n, one in enumerate(self._added) if one.place == place)
        self._added[at] = _added(place, _with_code(json.loads(self._added[at].text), code))

    def page(
        self, start: int, end: int, codes: Collection[str], after: Place, limit: int
    ) -> tuple[list[str], Place | None]:
        """Return up to `limit` records, and the place to go on after if there are more.

        `start` and `end` are microseconds, and calls at both of them are included.
        """
        first = max(self.calls.index_at(-(-start // _SECOND)), self._index_after(after))
        beyond = self.calls.index_at(end // _SECOND + 1)
        added = [one for one in self._added if start <= one.place.start <= end and one.place > after]
        if not added and not codes:
            return self._generated_page(first, beyond, limit)
        return _first(heapq.merge(self._matching(first, beyond, codes), _of(added, codes)), limit)

    def _generated_page(self, first: int, beyond: int, limit: int) -> tuple[list[str], Place | None]:
        last = min(first + limit, beyond)
        return self._rendered(first, last), self._place(last - 1) if last < beyond else None

    def _matching(self, first: int, beyond: int, codes: Collection[str]) -> Iterator[tuple[Place, str]]:
        for index in range(first, beyond):
            if not codes or self._code_of(index) in codes:
                yield self._place(index), self._rendered(index, index + 1)[0]

    def _rendered(self, first: int, beyond: int) -> list[str]:
        records = self.calls.render(first, beyond)
        if self._disposed:
            for index in range(first, beyond):
                if index in self._disposed:
                    record = json.loads(records[index - first])
                    records[index - first] = json.dumps(_with_code(record, self._disposed[index]))
        return records

    def _code_of(self, index: int) -> str | None:
        if index not in self._disposed or self.calls.kind_of(index) == "not_an_object":
            return self.calls.code_of(index)
        return self._disposed[index]

    def _place(self, index: int) -> Place:
        return Place(self.calls.start_of(index) * _SECOND, 0, index)

    def _index_after(self, place: Place) -> int:
        if place.added:
            return self.calls.index_at(place.start // _SECOND + 1)
        return place.number + 1 if place != BEFORE_ALL else 0


def _added(place: Place, record: Any) -> Added:
    known = record if isinstance(record, dict) else {}
    return Added(place, known.get("dispositionCode"), known.get("contactId"), json.dumps(record))


def _with_code(record: Any, code: str) -> Any:
    return {**record, "dispositionCode": code} if isinstance(record, dict) else record


def _of(added: list[Added], codes: Collection[str]) -> Iterator[tuple[Place, str]]:
    return ((one.place, one.text) for one in added if not codes or one.code in codes)


def _first(found: Iterator[tuple[Place, str]], limit: int) -> tuple[list[str], Place | None]:
    page = list(islice(found, limit))
    more = next(found, None) is not None
    return [text for _, text in page], page[-1][0] if more else None
