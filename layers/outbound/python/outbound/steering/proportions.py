"""What a count of calls proves of the rate behind it: Wilson's bounds, one-sided at 95 %.

A share of few calls says little: with a true rate of 0.18, a window of 20 calls is below 0.15 in every fourth
case. Below a threshold is proven by the upper bound, above it by the lower one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

_Z = 1.645
"""Of the normal distribution, 95 % lie below it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which rates the true one lies; each bound alone holds in 95 % of cases."""

    lower: float
    upper: float

    def proves_below(self, threshold: float) -> bool:
        """Return True if the true rate is below a threshold."""
        return self.upper < threshold

    def proves_above(self, threshold: float) -> bool:
        """Return True if the true rate is above a threshold."""
        return self.lower > threshold


NOTHING_KNOWN = Bounds(0.0, 1.0)


def wilson_bounds(successes: float, calls: int) -> Bounds:
    """Return the bounds of the rate behind these counts; of no calls nothing is known.

    Args:
        successes: How many of the calls succeeded; a fraction where it comes from a rate that was reported.
        calls: How many calls there were.

    Raises:
        ValueError: There are fewer than none of either, or more successes than calls.
    """
    if not 0 <= successes <= calls:
        raise ValueError(f"{successes} of {calls} calls is not a share")
    if not calls:
        return NOTHING_KNOWN
    rate, squared = successes / calls, _Z * _Z
    middle = rate + squared / (2 * calls)
    spread = _Z * sqrt(rate * (1 - rate) / calls + squared / (4 * calls * calls))
    scale = 1 + squared / calls
    # None and all of the calls prove nothing on their own side, whatever the rounding of floats makes of it.
    lower = max(0.0, (middle - spread) / scale) if successes else 0.0
    upper = min(1.0, (middle + spread) / scale) if successes < calls else 1.0
    return Bounds(lower, upper)
