"""Draws that look random and depend on nothing but a seed, a name and an index."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate

_MASK = 2**64 - 1
_SHARE_UNITS = 2**20
_CODE_SLOTS = 2**12


def mix(index: int, key: int) -> int:
    """Return 64 bits for an index that look drawn at random (the finaliser of SplitMix64)."""
    draw = index * 0x9E3779B97F4A7C15 + key & _MASK
    draw = (draw ^ draw >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    draw = (draw ^ draw >> 27) * 0x94D049BB133111EB & _MASK
    return draw ^ draw >> 31


def key_of(*parts: object) -> int:
    """Return the key of a series of draws, another one for each seed and name."""
    return int.from_bytes(_digest(*parts)[:8], "big")


def uuid_prefix(*parts: object) -> str:
    """Return the first four groups of a version 4 UUID; an index makes the fifth."""
    text = _digest(*parts).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}"


def borders(shares: Mapping[str, float], kinds: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """Return for each kind, in order, the border below which a draw of 20 bits belongs to it."""
    reached = accumulate(shares.get(kind, 0.0) for kind in kinds)
    return tuple((round(border * _SHARE_UNITS), kind) for border, kind in zip(reached, kinds, strict=True))


def slots(weights: Mapping[str, float]) -> tuple[str, ...]:
    """Return a code for each of the slots that a draw of 12 bits hits, as many as its weight asks for."""
    total, reached = sum(weights.values()), 0.0
    codes: list[str] = []
    for code, weight in weights.items():
        reached += weight
        codes += [code] * (round(reached / total * _CODE_SLOTS) - len(codes))
    return tuple(codes)


def _digest(*parts: object) -> bytes:
    return blake2b("\0".join(map(str, parts)).encode(), digest_size=16).digest()
