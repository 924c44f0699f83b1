"""Which calls of a window were written already: some sixteen bytes a call, however long its id is.

A call comes again on the next page where pages overlap, or pages later where CXone's list shifts while it
is read. What is remembered is a number of 64 bits: the id's bytes as one number, modulo a prime without any
pattern. Among a million calls two share one with a probability of one in thirty million.

    shard (4 bits)   slot (the others, modulo its size), or the next one that is free
    0                |0|n|0|n|n|0|0|n|...            at most two thirds are taken, then it grows fourfold
    1                ...
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from outbound.logs import logger

_PRIME = 13_084_920_775_954_197_713
# Scatters ids that count up, whose numbers would lie side by side.
_FACTOR = 11_400_714_819_323_198_485
_SHARDS = 16
_FIRST_SIZE = 1024
_GROWTH = 4
# Windows are not expected to have more calls than this; later ones are compared with these.
_MOST = 4_000_000


class SeenCalls:
    """The ids of the calls that a pull has written, whichever run of it wrote them."""

    def __init__(self, earlier: Iterable[bytes] = ()) -> None:
        """Begin with the numbers that earlier runs wrote down with their parts."""
        self._shards = [_empty(_FIRST_SIZE) for _ in range(_SHARDS)]
        self._counts = [0] * _SHARDS
        self._room = _MOST
        for numbers in earlier:
            self._add(array("Q", numbers))

    def add(self, ids: Sequence[str]) -> list[int]:
        """Remember ids; return the number of each that is new, and 0 for each that was seen."""
        from_bytes = int.from_bytes
        try:
            encoded = [call_id.encode() for call_id in ids]
        except UnicodeEncodeError:
            encoded = [call_id.encode(errors="surrogatepass") for call_id in ids]
        # With the length, because a number has no leading zeros; so none is 0 either.
        return self._add([from_bytes(text, "big") * _FACTOR % _PRIME + len(text) for text in encoded])

    def _add(self, numbers: Iterable[int]) -> list[int]:
        # In one loop, with local names: this is done for every call of a pull.
        shards, counts, room, found = self._shards, self._counts, self._room, []
        for number in numbers:
            index = number & 15
            shard = shards[index]
            mask = len(shard) - 1
            slot = (number >> 4) & mask
            while (there := shard[slot]) and there != number:
                slot = (slot + 1) & mask
            if there:
                found.append(0)
                continue
            found.append(number)
            if room:
                room -= 1
                shard[slot] = number
                counts[index] = count = counts[index] + 1
                if 3 * count > 2 * mask:
                    shards[index] = _grown(shard)
        if self._room and not room:
            logger.warning("a window has more calls than are looked at for doubles", extra={"calls": _MOST})
        self._room = room
        return found


def _empty(size: int) -> array[int]:
    return array("Q", bytes(8 * size))


def _grown(shard: array[int]) -> array[int]:
    larger = _empty(_GROWTH * len(shard))
    mask = len(larger) - 1
    for number in filter(None, shard):
        slot = (number >> 4) & mask
        while larger[slot]:
            slot = (slot + 1) & mask
        larger[slot] = number
    return larger
