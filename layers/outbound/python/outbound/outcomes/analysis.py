"""What the outcomes of calls amount to, computed while they stream past and mergeable across parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import orjson

from outbound.outcomes.rows import Calls
from outbound.outcomes.settings import CATEGORIES, OutcomeSettings

# Calls and conversions are kept for so many agents and codes; those beyond share one entry. A part's
# analysis is an attribute of a DynamoDB item (400 KB), and a summary travels as an event (256 KB).
MAX_AGENTS = 1000
MAX_CODES = 500
OTHERS = "(others)"
# Bytes of a name as JSON; a longer one is counted with the others, so that all of them together have a bound.
_LONGEST_NAME = 130
_REPORTED_AGENTS = 50
# Characters of a moment as the lake has it, up to its hour: "2026-03-10T14".
_HOUR = 13


@dataclass(slots=True)
class Analysis:
    """Counts over calls. Two of them merged give what one over all their calls would have given."""

    calls: int = 0
    categories: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    duration_seconds: int = 0
    # Calls and conversions per hour ("2026-03-10T14") and per agent.
    hours: dict[str, list[int]] = field(default_factory=dict)
    agents: dict[str, list[int]] = field(default_factory=dict)

    def add(self, calls: Calls) -> None:
        """Count calls, a column at a time."""
        won = [category == "success" for category in calls.categories]
        hours = [started[:_HOUR] for started in calls.started]
        self.calls += len(hours)
        self.categories.update(calls.categories)
        self.duration_seconds += sum(calls.seconds)
        self._add_codes(Counter(calls.codes))
        self._add_hours(Counter(hours), Counter(compress(hours, won)))
        by_agent = Counter(calls.agents)
        del by_agent[None]
        self._add_agents(by_agent, Counter(compress(calls.agents, won)))

    def merge(self, other: Analysis) -> None:
        """Add what another analysis counted."""
        self.calls += other.calls
        self.categories.update(other.categories)
        self.duration_seconds += other.duration_seconds
        self._add_codes(other.codes)
        self._add_hours(*_apart(other.hours))
        self._add_agents(*_apart(other.agents))

    def _add_codes(self, counts: Mapping[str, int]) -> None:
        for code, count in counts.items():
            self.codes[_within(self.codes, code, MAX_CODES)] += count

    def _add_hours(self, calls: Mapping[str, int], conversions: Mapping[str, int]) -> None:
        for hour, count in calls.items():
            _count(self.hours, hour, count, conversions.get(hour, 0))

    def _add_agents(self, calls: Mapping[Any, int], conversions: Mapping[Any, int]) -> None:
        for agent, count in calls.items():
            _count(self.agents, _within(self.agents, agent, MAX_AGENTS), count, conversions.get(agent, 0))

    @property
    def conversion_rate_percent(self) -> float:
        """Calls of the category success, of a hundred; 0 where there were no calls."""
        return 100.0 * self.categories["success"] / self.calls if self.calls else 0.0

    def summary(self, settings: OutcomeSettings) -> dict[str, Any]:
        """Return the summary that a report carries, with the agents who had the most calls."""
        rate = self.conversion_rate_percent
        busiest = sorted(self.agents.items(), key=lambda entry: (-entry[1][0], entry[0]))[:_REPORTED_AGENTS]
        codes = sorted(self.codes.items())
        return {
            "total_calls": self.calls,
            "conversion_rate_percent": round(rate, 2),
            "category_distribution": {category: self.categories[category] for category in CATEGORIES},
            "performance_trend": "positive" if rate > settings.trend_threshold_percent else "negative",
            "code_distribution": dict(codes),
            "unknown_codes": {code: count for code, count in codes if code not in settings.categories},
            "average_duration_seconds": round(self.duration_seconds / self.calls, 2) if self.calls else 0.0,
            "by_hour": {hour: _named(counted) for hour, counted in sorted(self.hours.items())},
            "by_agent": {agent: _named(counted) for agent, counted in busiest},
            "agents": len(self.agents),
        }

    def to_json(self) -> str:
        """The counts as compact JSON, from which `from_json` makes an equal analysis."""
        return orjson.dumps({name: getattr(self, name) for name in Analysis.__slots__}).decode()

    @classmethod
    def from_json(cls, text: str) -> Analysis:
        """Read back what `to_json` wrote."""
        counts: dict[str, Any] = orjson.loads(text)
        counts["categories"] = Counter(counts["categories"])
        counts["codes"] = Counter(counts["codes"])
        return cls(**counts)


def _within(known: Mapping[str, object], name: str, most: int) -> str:
    """Return the name under which something is counted."""
    if name in known or (len(known) < most and len(orjson.dumps(name)) <= _LONGEST_NAME):
        return name
    return OTHERS


def _count(counted: dict[str, list[int]], name: str, calls: int, conversions: int) -> None:
    pair = counted.setdefault(name, [0, 0])
    pair[0] += calls
    pair[1] += conversions


def _apart(counted: Mapping[str, list[int]]) -> tuple[dict[str, int], dict[str, int]]:
    calls = {name: pair[0] for name, pair in counted.items()}
    return calls, {name: pair[1] for name, pair in counted.items()}


def _named(pair: list[int]) -> dict[str, int]:
    return {"calls": pair[0], "conversions": pair[1]}
