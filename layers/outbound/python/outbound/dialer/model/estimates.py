"""What replications say: a mean, and the interval in which the truth lies with 95 %.

Every measure is a ratio of two sums (abandoned calls to answered calls, busy time to time logged in). A
replication with few calls would count as much as one with many in a mean of ratios; so the sums are
divided, and the interval comes from the residuals of the replications, with Student's distribution: their
number is small, and their spread is estimated from themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from statistics import NormalDist
from typing import NamedTuple

_NORMAL = NormalDist().inv_cdf(0.975)
# Student's 97.5 % quantile by degrees of freedom, from 1 on; beyond, the expansion has five digits.
_STUDENT = (
    12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
    2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963,
)  # fmt: skip
# Of an event that never happened in n trials, 3.69 / n is the upper bound: exp(-3.69) is 2.5 %.
_NEVER_SEEN = 3.688879


class Estimate(NamedTuple):
    """A mean with its interval at 95 %."""

    mean: float
    low: float
    high: float

    def as_document(self) -> dict[str, float]:
        """Return the estimate as JSON holds it."""
        return self._asdict()


def student(freedom: int) -> float:
    """Return the quantile that leaves 2.5 % above it."""
    if freedom <= len(_STUDENT):
        return _STUDENT[freedom - 1]
    z, n = _NORMAL, freedom
    first = (z**3 + z) / (4 * n)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    return z + first + second + third


def estimate(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """Return the ratio of two sums that are never negative, such as waits to calls.

    Args:
        pairs: Numerator and denominator of each replication, two replications at least.
    """
    return _estimate(pairs, inf)


def share(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """Return the ratio of a part to its whole; of no data, from 0 to 1."""
    return _estimate(pairs, 1.0)


def share_of_events(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """Return the share of trials in which an event happened; one that was never seen still may happen."""
    found = share(pairs)
    trials = sum(whole for _, whole in pairs)
    if found.mean == 0 and trials:
        return found._replace(high=min(1.0, _NEVER_SEEN / trials))
    return found


def _estimate(pairs: Sequence[tuple[float, float]], most: float) -> Estimate:
    count = len(pairs)
    total, whole = sum(part for part, _ in pairs), sum(whole for _, whole in pairs)
    if not whole:
        return Estimate(0.0, 0.0, most if most < inf else 0.0)
    if whole == inf:
        return Estimate(0.0, 0.0, 0.0)
    ratio = total / whole
    squares = sum((part - ratio * of) ** 2 for part, of in pairs)
    half = student(count - 1) * sqrt(squares / (count * (count - 1))) / (whole / count)
    return Estimate(ratio, max(0.0, ratio - half), min(most, ratio + half))
