"""Random times from uniform numbers alone.

Python promises the same `random()` of a seed in every version, and no other of its distributions: so
they are made from it here, by the inverse of each.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, log1p, sqrt
from random import Random
from statistics import NormalDist

Draw = Callable[[], float]

# The spread of talk in call centres is about its mean (Brown et al., 2005).
_LOGNORMAL_VARIATION = 1.0
_SIGMA = sqrt(log(1 + _LOGNORMAL_VARIATION**2))
# The least that random() gives, other than zero.
_LEAST = 2.0**-53


def fixed(mean: float, _: Random) -> Draw:
    """Return draws that are always the mean."""
    return lambda: mean


def exponential(mean: float, source: Random) -> Draw:
    """Return draws without memory."""
    uniform = source.random
    return lambda: -mean * log1p(-uniform())


def lognormal(mean: float, source: Random) -> Draw:
    """Return draws as talk has them: many short, few long, a standard deviation of the mean."""
    if not mean:
        return fixed(mean, source)
    uniform, quantile = source.random, NormalDist(log(mean) - _SIGMA**2 / 2, _SIGMA).inv_cdf
    return lambda: exp(quantile(uniform() or _LEAST))


DISTRIBUTIONS: dict[str, Callable[[float, Random], Draw]] = {
    "fixed": fixed,
    "exponential": exponential,
    "lognormal": lognormal,
}
