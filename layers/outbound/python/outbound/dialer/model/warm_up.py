"""How long a simulation runs before it is measured: it starts without a call."""

from __future__ import annotations

from math import sqrt

# So many handling times after the start a dialer has forgotten it; at least so many seconds.
_HANDLINGS, _LEAST_SECONDS, _MOST_SECONDS = 5, 300.0, 72_000.0
# A queue in which callers wait for ever forgets its start in so many of its relaxation times.
_RELAXATIONS = 4


def warm_up_seconds(
    agents: int, handling: float, arrivals: float | None = None, patience: float | None = None
) -> float:
    """Return the seconds that are left out.

    Args:
        agents: Those who are logged in at the start.
        handling: Mean of talk and wrap-up.
        arrivals: Calls a second that arrive; None for a dialer.
        patience: Mean patience of those callers; None if they wait for ever.
    """
    forgotten = _HANDLINGS * (handling + (patience or 0.0))
    if arrivals and patience is None:
        forgotten = max(forgotten, _RELAXATIONS * _relaxation(arrivals, handling, agents))
    return min(_MOST_SECONDS, max(_LEAST_SECONDS, forgotten))


def _relaxation(arrivals: float, handling: float, agents: int) -> float:
    """Return the relaxation time of M/M/c; of a queue that only grows, none."""
    if not handling or arrivals * handling >= agents:
        return 0.0
    return float((sqrt(agents / handling) - sqrt(arrivals)) ** -2)
