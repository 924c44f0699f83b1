"""The list of a campaign's completed attempts as it is now: it shrinks, and it grows at its front."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from sandbox.world import CampaignAttempts

_BLOCK = 1000


class AttemptList:
    """Attempts by place. Blocks of places that nobody touched are ranges, and cost no memory."""

    def __init__(self, attempts: CampaignAttempts) -> None:
        """Start with the first list."""
        count = len(attempts)
        self._attempts = attempts
        self._first = 0
        self._blocks: dict[int, Sequence[int]] = {
            start // _BLOCK: range(start, min(start + _BLOCK, count)) for start in range(0, count, _BLOCK)
        }

    def page(self, offset: int, limit: int) -> list[dict[str, Any]]:
        """Return the attempts from `offset` on, as they are listed."""
        return [self._attempts.record(number) for number in islice(self._from(offset), limit)]

    def numbers(self) -> Iterator[int]:
        """Yield the attempts in the order of the list, repeated ones repeatedly."""
        return self._from(0)

    def has(self, number: int) -> bool:
        """Tell whether the attempt is in the list."""
        place = self._place_of(number)
        block = self._blocks.get(place // _BLOCK, ())
        at = bisect_left(block, place)
        return at < len(block) and block[at] == place and self._number_at(place) == number

    def remove(self, number: int) -> None:
        """Take an attempt off the list, from all its places."""
        for place in (self._place_of(number), *self._repeats.get(number, ())):
            self._drop(place)

    def grow(self, count: int) -> list[int]:
        """Put new attempts before all others and return them."""
        grown = []
        for _ in range(count):
            self._first -= 1
            block = list(self._blocks.get(self._first // _BLOCK, ()))
            self._blocks[self._first // _BLOCK] = [self._first, *block]
            grown.append(self._number_at(self._first))
        return grown

    def shrink(self, count: int) -> list[int]:
        """Take the attempts at the front off the list and return them."""
        gone = list(dict.fromkeys(islice(self.numbers(), count)))
        for number in gone:
            self.remove(number)
        return gone

    def _from(self, offset: int) -> Iterator[int]:
        for key in sorted(self._blocks):
            block = self._blocks[key]
            for place in block[offset:]:
                yield self._number_at(place)
            offset = max(0, offset - len(block))

    def _drop(self, place: int) -> None:
        block = list(self._blocks.get(place // _BLOCK, ()))
        at = bisect_left(block, place)
        if at < len(block) and block[at] == place:
            del block[at]
            self._blocks[place // _BLOCK] = block

    def _place_of(self, number: int) -> int:
        """Return where the attempt is first listed; what came later stands before place 0."""
        count = len(self._attempts)
        return number if number < count else count - 1 - number

    def _number_at(self, place: int) -> int:
        return self._attempts.number_at(place) if place >= 0 else len(self._attempts) - 1 - place

    @cached_property
    def _repeats(self) -> dict[int, list[int]]:
        """The further places of the attempts that are listed more than once."""
        repeats: dict[int, list[int]] = {}
        if self._attempts.repeats_any:
            for place in range(len(self._attempts)):
                if (number := self._attempts.number_at(place)) != place:
                    repeats.setdefault(number, []).append(place)
        return repeats
