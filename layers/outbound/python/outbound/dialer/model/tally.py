"""What is counted in a simulation, up to a moment."""

from __future__ import annotations

from typing import NamedTuple


class Tally(NamedTuple):
    """Counts, and times in seconds summed over those who spent them."""

    answered: float = 0
    abandoned: float = 0
    waited: float = 0
    caller_wait: float = 0
    connected: float = 0
    agent_wait: float = 0
    busy_seconds: float = 0
    agent_seconds: float = 0
    trunk_seconds: float = 0
    attempts: float = 0
    blocked: float = 0
    seconds: float = 0

    def since(self, earlier: Tally) -> Tally:
        """Return what was counted between two moments."""
        return Tally(*(now - then for now, then in zip(self, earlier, strict=True)))
