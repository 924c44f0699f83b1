"""The highest ratio that keeps abandonment under the target, by the number of agents.

A ratio is accepted if the *upper* bound of its abandonment is under the target: that a measured mean is
under it proves nothing. All ratios are tried on the same people (common random numbers), so that what
differs between two of them is the ratio. Abandonment grows with the ratio,
so the range is halved again and again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from outbound.dialer.model.assumptions import ASSUMPTIONS, Assumptions
from outbound.dialer.model.capacity import Capacity, Trial
from outbound.dialer.model.document import WITH_RATIO, ModelDocument, Pacing

FEWER = 0.6
"""Teams shrink in pauses and at the end of a day: a ratio that is right for all is too high for the rest."""

_STEPS_IN_ONE = 100
_MOST_RATIO = 5
# One line per agent is progressive dialling; a ratio per busy agent begins at next to none.
_LEAST_STEP = {"fixed_ratio": _STEPS_IN_ONE, "free_plus_busy": 1}
# So many replications show whether a ratio is worth the rest of them.
_BLOCK = 10
# A ratio that is surely so far under the target is only a step on the way to a higher one.
_FAR_BELOW = 1 / 3


class NothingToSearch(ValueError):
    """The document has no ratio that could be searched for; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Point:
    """What one ratio came to."""

    ratio: float
    capacity: Capacity
    replications: int


@dataclass(frozen=True, slots=True)
class HighestRatio:
    """What was found for a number of agents; no ratio where even the lowest abandons too many."""

    agents: int
    found: Point | None
    points: tuple[Point, ...]

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        found = self.found
        return {
            "agents": self.agents,
            "ratio": found.ratio if found else None,
            "abandonment": found.capacity.abandonment.as_document() if found else None,
            "occupancy": found.capacity.occupancy.as_document() if found else None,
            "points": [
                {
                    "ratio": point.ratio,
                    "abandonment": point.capacity.abandonment.as_document(),
                    "replications": point.replications,
                }
                for point in self.points
            ],
        }


def search(
    document: ModelDocument,
    shares: Sequence[float] = (FEWER, 1.0),
    assumed: Assumptions = ASSUMPTIONS,
    cpu_seconds: Callable[[], float] = time.process_time,
) -> list[HighestRatio]:
    """Return the highest ratio for shares of the document's agents, the smallest team first.

    Raises:
        NothingToSearch: The pacing of the document has no ratio.
    """
    pacing = document.pacing
    if pacing is None or pacing.policy not in WITH_RATIO:
        raise NothingToSearch(f"pacing.policy: a ratio is searched for with {' or '.join(WITH_RATIO)}")
    teams = sorted({ceil(document.agents * part): part for part in sorted(shares)}.items())
    return [
        _Search(_team(document, agents, part), pacing, assumed, cpu_seconds).highest()
        for agents, part in teams
    ]


def _team(document: ModelDocument, agents: int, part: float) -> ModelDocument:
    """Return a document with a part of its agents, in its changes of staff too."""
    staffing = tuple(
        change.model_copy(update={"agents": ceil(change.agents * part)}) for change in document.staffing
    )
    return document.model_copy(update={"agents": agents, "staffing": staffing})


class _Search:
    """Ratios of one team; each is a whole number of steps."""

    def __init__(
        self,
        document: ModelDocument,
        pacing: Pacing,
        assumed: Assumptions,
        cpu_seconds: Callable[[], float],
    ) -> None:
        self._document, self._pacing = document, pacing
        self._assumed, self._cpu_seconds = assumed, cpu_seconds
        self._trials: dict[int, Trial] = {}

    def highest(self) -> HighestRatio:
        least = _LEAST_STEP[self._pacing.policy]
        kept, broken = least - 1, _MOST_RATIO * _STEPS_IN_ONE + 1
        step = least
        while broken - kept > 1:
            if self._is_kept(step):
                kept = step
            else:
                broken = step
            step = (kept + broken) // 2
        # What was accepted by some replications has to stand by all.
        while kept >= least and not self._is_kept(kept, entirely=True):
            kept -= 1
        points = {step: self._point(step) for step in sorted(self._trials)}
        return HighestRatio(self._document.agents, points.get(kept), tuple(points.values()))

    def _is_kept(self, step: int, *, entirely: bool = False) -> bool:
        """Return True if the upper bound of abandonment is under the target."""
        trial, target = self._trial(step), self._pacing.target
        while True:
            if trial.replications:
                abandonment = trial.capacity().abandonment
                if trial.is_complete or abandonment.low > target:
                    return abandonment.high < target
                if not entirely and abandonment.high < target * _FAR_BELOW:
                    return True
            trial.run(trial.replications + _BLOCK)

    def _trial(self, step: int) -> Trial:
        if step not in self._trials:
            pacing = self._pacing.model_copy(update={"ratio": step / _STEPS_IN_ONE})
            document = self._document.model_copy(update={"pacing": pacing})
            self._trials[step] = Trial(document, self._assumed, self._cpu_seconds)
        return self._trials[step]

    def _point(self, step: int) -> Point:
        trial = self._trials[step]
        return Point(step / _STEPS_IN_ONE, trial.capacity(), trial.replications)
