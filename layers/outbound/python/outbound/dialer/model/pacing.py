"""How many calls a dialer wants to place, by what its agents and calls are doing.

    progressive     free agents, less calls that ring
    fixed_ratio     agents x ratio, less calls in flight (from the dial to the end of wrap-up)
    free_plus_busy  free agents + ratio x busy agents, less calls that ring
    adaptive        as fixed_ratio; every 15 seconds the ratio is tuned towards the target

With a ratio of 1, fixed_ratio is progressive: an agent in wrap-up is not dialled for. A ratio leaves
fractions of a call; a fraction is wanted for that part of the time, or a small team would dial by another
ratio than the one it was given.
"""

from __future__ import annotations

from typing import Protocol

TUNE_SECONDS = 15.0
LEAST_RATIO, MOST_RATIO = 1.0, 3.0
# Of what was counted 15 seconds ago so much still counts: half of it after ten minutes.
_REMEMBERED = 0.5 ** (TUNE_SECONDS / 600)
# Small steps: what they do is seen minutes later, and larger ones swing between too many calls and too few.
_RAISE, _LOWER, _LOWER_MOST = 0.01, 0.02, 0.06
# Steps of this share of 1 fall evenly between 0 and 1.
_GOLDEN = (5**0.5 - 1) / 2
# A product such as 10 x 1.1 must not lose a call to its last digit.
_ROUNDING = 1e-9


class State(Protocol):
    """What a policy sees: agents without those who leave, free agents, and calls by what they do."""

    agents: int
    free: int
    ringing: int
    in_flight: int
    wrapping: int
    answered: int
    abandoned: int


class Policy(Protocol):
    """Says how many calls to place, and is told every 15 seconds that time goes by."""

    def wanted(self, state: State) -> int:
        """Return how many more calls to place; 0 or less for none."""

    def tune(self, state: State) -> None:
        """Learn from what happened in the last 15 seconds."""


class Progressive:
    """One call a free agent."""

    def wanted(self, state: State) -> int:
        """Return free agents less calls that ring."""
        return state.free - state.ringing

    def tune(self, state: State) -> None:
        """There is nothing to tune."""


class _Rationed:
    """A policy with a ratio, and the part of a call that counts as a whole one for the next 15 seconds."""

    def __init__(self, ratio: float) -> None:
        self.ratio = ratio
        self._rounding = 0.5

    def _whole(self, calls: float) -> int:
        return int(calls + self._rounding + _ROUNDING)

    def tune(self, state: State) -> None:  # noqa: ARG002 - others learn from it
        """Let the fraction of a call come or go."""
        self._rounding = (self._rounding + _GOLDEN) % 1


class FixedRatio(_Rationed):
    """So many calls in flight for each agent who is logged in."""

    def wanted(self, state: State) -> int:
        """Return agents times ratio, less calls in flight."""
        return self._whole(state.agents * self.ratio) - state.in_flight - state.wrapping


class FreePlusBusy(_Rationed):
    """One call a free agent, and some for those who will be free."""

    def wanted(self, state: State) -> int:
        """Return free agents and the ratio's share of busy ones, less calls that ring."""
        return state.free + self._whole(self.ratio * (state.agents - state.free)) - state.ringing


class Adaptive(FixedRatio):
    """A ratio that is raised while agents wait, and lowered fast when too many calls are abandoned."""

    def __init__(self, ratio: float, target: float) -> None:
        """Start with a ratio; between 1 and 3 it goes its own way."""
        super().__init__(_within(ratio))
        self._target = target
        self._answered = self._abandoned = 0.0
        self._seen = (0, 0)

    def tune(self, state: State) -> None:
        """Move the ratio by the abandonment of the last minutes."""
        super().tune(state)
        answered, abandoned = self._seen
        self._seen = (state.answered, state.abandoned)
        self._answered = self._answered * _REMEMBERED + state.answered - answered
        self._abandoned = self._abandoned * _REMEMBERED + state.abandoned - abandoned
        # In units of the target: 1 is just allowed.
        used = self._abandoned / (self._target * self._answered) if self._answered else 0.0
        if used > 1:
            self.ratio = _within(self.ratio - min(_LOWER_MOST, _LOWER * used))
        elif state.free:
            self.ratio = _within(self.ratio + _RAISE * (1 - used))


def _within(ratio: float) -> float:
    return min(MOST_RATIO, max(LEAST_RATIO, ratio))


def policy_of(name: str, ratio: float, target: float) -> Policy:
    """Return the policy of a name, with a state of its own."""
    if name == "progressive":
        return Progressive()
    if name == "fixed_ratio":
        return FixedRatio(ratio)
    if name == "free_plus_busy":
        return FreePlusBusy(ratio)
    return Adaptive(ratio, target)
