"""What the outcomes of calls amount to, computed while they stream past and mergeable across parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from outbound.outcomes.records import Row
from outbound.outcomes.settings import CATEGORIES, OutcomeSettings

# Calls and conversions are kept for so many agents; those beyond share one entry. A part's analysis is
# an attribute of a DynamoDB item, and a summary travels as an event.
_MAX_AGENTS = 1000
_REPORTED_AGENTS = 50
OTHER_AGENTS = "(others)"
_MAX_CODES = 500
OTHER_CODES = "(others)"


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

    def add(self, row: Row) -> None:
        """Count one call."""
        category = row["mapped_category"]
        converted = category == "success"
        self.calls += 1
        self.categories[category] += 1
        self.codes[row["disposition_code"]] += 1
        self.duration_seconds += row["duration_seconds"]
        started = row["start_time"]
        _count(self.hours, f"{started.date()}T{started.hour:02}", 1, converted)
        agent = row["agent_id"]
        if agent is not None:
            known = agent in self.agents or len(self.agents) < _MAX_AGENTS
            _count(self.agents, str(agent) if known else OTHER_AGENTS, 1, converted)

    def merge(self, other: Analysis) -> None:
        """Add what another analysis counted."""
        self.calls += other.calls
        self.categories.update(other.categories)
        for code, count in other.codes.items():
            known = code in self.codes or len(self.codes) < _MAX_CODES
            self.codes[code if known else OTHER_CODES] += count
        self.duration_seconds += other.duration_seconds
        for hour, (calls, conversions) in other.hours.items():
            _count(self.hours, hour, calls, conversions)
        for agent, (calls, conversions) in other.agents.items():
            known = agent in self.agents or len(self.agents) < _MAX_AGENTS
            _count(self.agents, agent if known else OTHER_AGENTS, calls, conversions)

    @property
    def conversion_rate_percent(self) -> float:
        """Calls of the category success, of a hundred; 0 where there were no calls."""
        return 100.0 * self.categories["success"] / self.calls if self.calls else 0.0

    def summary(self, settings: OutcomeSettings) -> dict[str, Any]:
        """Give the summary that a report carries, with the agents who had the most calls."""
        rate = self.conversion_rate_percent
        busiest = sorted(self.agents.items(), key=lambda entry: (-entry[1][0], entry[0]))[:_REPORTED_AGENTS]
        return {
            "total_calls": self.calls,
            "conversion_rate_percent": round(rate, 2),
            "category_distribution": {category: self.categories[category] for category in CATEGORIES},
            "performance_trend": "positive" if rate > settings.trend_threshold_percent else "negative",
            "code_distribution": dict(sorted(self.codes.items())),
            "unknown_codes": {
                code: n for code, n in sorted(self.codes.items()) if code not in settings.categories
            },
            "average_duration_seconds": round(self.duration_seconds / self.calls, 2) if self.calls else 0.0,
            "by_hour": {hour: _pair(pair) for hour, pair in sorted(self.hours.items())},
            "by_agent": {agent: _pair(pair) for agent, pair in busiest},
            "agents": len(self.agents),
        }

    def to_json(self) -> str:
        """The counts as compact JSON, from which `from_json` makes an equal analysis."""
        return orjson.dumps(
            {
                "calls": self.calls,
                "categories": dict(self.categories),
                "codes": dict(self.codes),
                "duration_seconds": self.duration_seconds,
                "hours": self.hours,
                "agents": self.agents,
            }
        ).decode()

    @classmethod
    def from_json(cls, text: str) -> Analysis:
        """Read back what `to_json` wrote."""
        counts: Mapping[str, Any] = orjson.loads(text)
        return cls(
            calls=counts["calls"],
            categories=Counter(counts["categories"]),
            codes=Counter(counts["codes"]),
            duration_seconds=counts["duration_seconds"],
            hours=counts["hours"],
            agents=counts["agents"],
        )


def _count(counts: dict[str, list[int]], name: str, calls: int, conversions: int) -> None:
    pair = counts.get(name)
    if pair is None:
        counts[name] = [calls, int(conversions)]
    else:
        pair[0] += calls
        pair[1] += conversions


def _pair(pair: list[int]) -> dict[str, int]:
    return {"calls": pair[0], "conversions": pair[1]}
