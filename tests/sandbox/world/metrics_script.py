"""A campaign's health as it follows a script: stages with rates, out of which windows of metrics are counted.

What a window holds follows from the script, the moments of its ends and when the campaign dialled, and from
nothing else: the same window asked for twice answers the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import floor, inf
from typing import Any

#: Moments between which a campaign dialled, in Unix seconds.
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Stage:
    """How a campaign does for `seconds` (None: from then on).

    `success` is of the calls, `answered` likewise, `abandoned` of those that were answered. While it dials it
    makes `calls_per_minute`; its agents make `manual_calls_per_minute`, such as callbacks, whether it dials
    or not. A silent stage measures nothing; one without counts names rates alone.
    """

    seconds: float | None = None
    calls_per_minute: float = 60.0
    manual_calls_per_minute: float = 0.0
    success: float = 0.25
    answered: float = 0.5
    abandoned: float = 0.01
    agents: int = 8
    calls_under_way: int = 12
    counts: bool = True
    silent: bool = False

    def __post_init__(self) -> None:
        """Refuse what could not be played."""
        for name in ("success", "answered", "abandoned"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share from 0 to 1")
        for name in ("calls_per_minute", "manual_calls_per_minute", "agents", "calls_under_way"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is from 0")
        if self.seconds is not None and self.seconds <= 0:
            raise ValueError("seconds is above 0, or null for ever")


#: Scripts by name, as the story of a primary and its backup needs them.
STAGES: Mapping[str, Mapping[str, Any]] = {
    "healthy": {},
    "dip": {"success": 0.16},
    "collapse": {"success": 0.02},
    "recovery": {"success": 0.3, "manual_calls_per_minute": 60.0},
    "silence": {"silent": True},
    "counts_missing": {"counts": False},
}


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened in a window."""

    calls: int
    successes: int
    answered: int
    abandoned: int


@dataclass(frozen=True, slots=True)
class MetricsScript:
    """A script that began at `began` (Unix seconds).

    With a `speed` above 1 the campaign's time runs faster than ours: a window of 30 minutes is half a minute
    at a speed of 60, and `calls_per_minute` of its minutes.
    """

    began: float
    stages: tuple[Stage, ...]
    speed: float = 1.0

    def stage_at(self, at: float) -> Stage:
        """Return the stage of a moment; the last one goes on."""
        for stage, (_, end) in self._placed():
            if at < end:
                return stage
        return self.stages[-1]

    def measured_at(self, at: float) -> float | None:
        """Return when metrics were measured last before a moment, None where they never were."""
        last = None
        for stage, (start, end) in self._placed():
            if start <= at and not stage.silent:
                last = min(at, end)
        return last

    def counts(self, start: float, end: float, dialled: Sequence[Interval]) -> Counts:
        """Return what happened from `start` on and before `end`."""
        before, after = self._totals(start, dialled), self._totals(end, dialled)
        return Counts(*(floor(late) - floor(early) for early, late in zip(before, after, strict=True)))

    def _totals(self, until: float, dialled: Sequence[Interval]) -> tuple[float, float, float, float]:
        calls = successes = answered = abandoned = 0.0
        for stage, (start, end) in self._placed():
            if stage.silent:
                continue
            within = (start, min(end, until))
            seconds = sum(_shared(within, each) for each in dialled)
            manual = max(0.0, within[1] - within[0])
            made = (
                (seconds * stage.calls_per_minute + manual * stage.manual_calls_per_minute) / 60 * self.speed
            )
            calls += made
            successes += made * stage.success
            answered += made * stage.answered
            abandoned += made * stage.answered * stage.abandoned
        return calls, successes, answered, abandoned

    def _placed(self) -> list[tuple[Stage, Interval]]:
        """Return the stages with when each begins and ends."""
        placed, start = [], self.began
        for number, stage in enumerate(self.stages, 1):
            last = number == len(self.stages) or stage.seconds is None
            end = inf if last else start + (stage.seconds or 0.0)
            placed.append((stage, (start, end)))
            start = end
        return placed


def read_script(document: Mapping[str, Any], now: float) -> MetricsScript:
    """Return the script that a document asks for: `stages` with a `name` of STAGES or fields, and `speed`."""
    if unknown := set(document) - {"stages", "speed"}:
        raise ValueError(f"no such part {sorted(unknown)}")
    stages = tuple(_stage(each) for each in document["stages"])
    speed = float(document.get("speed", 1))
    if not stages or not 0 < speed <= 600:
        raise ValueError("a script has a stage at least, and a speed above 0 and up to 600")
    return MetricsScript(now, stages, speed)


def _stage(given: Mapping[str, Any]) -> Stage:
    said = {name: value for name, value in given.items() if name != "name"}
    if unknown := set(said) - {each.name for each in fields(Stage)}:
        raise ValueError(f"a stage has no {sorted(unknown)}")
    return Stage(**{**STAGES[given.get("name", "healthy")], **said})


def _shared(one: Interval, other: Interval) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
