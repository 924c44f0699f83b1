"""What the requests of a delivery or of a file amount to; one request at a time, so that any number fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import ceil, floor, log
from typing import Any

from outbound.dispositions.ledger import ENDED, DispositionStatus
from outbound.store.table import Item

# A latency is counted in a class whose bounds lie one per cent apart: a percentile is right within that.
_RATIO = log(1.01)
_SHORTEST_MS = 0.01


class Tally:
    """Counts how requests ended."""

    def __init__(self, counted: Mapping[str, Any] | None = None) -> None:
        """Begin with what was counted before, as `to_json` gave it."""
        counted = counted or {}
        self.outcomes: Counter[str] = Counter(counted.get("outcomes", {}))
        self.rejections: Counter[str] = Counter(counted.get("rejections", {}))
        self._measured = int(counted.get("measured", 0))
        self._milliseconds = float(counted.get("milliseconds", 0.0))
        self._classes = Counter({int(name): number for name, number in counted.get("classes", {}).items()})

    def add(self, item: Item) -> None:
        """Count one request as the ledger has it; one that has not ended waits."""
        status = outcome_of(item)
        self.outcomes[status] += 1
        about = item.get("about", {})
        if status == DispositionStatus.REJECTED:
            self.rejections[about.get("reason", "")] += 1
        if "latency_ms" in about:
            self._measure(float(about["latency_ms"]))

    def _measure(self, milliseconds: float) -> None:
        self._measured += 1
        self._milliseconds += milliseconds
        self._classes[floor(log(max(milliseconds, _SHORTEST_MS)) / _RATIO)] += 1

    def to_json(self) -> dict[str, Any]:
        """Return what was counted, for a tally that begins with it."""
        return {
            "outcomes": dict(self.outcomes),
            "rejections": dict(self.rejections),
            "measured": self._measured,
            "milliseconds": self._milliseconds,
            "classes": {str(name): number for name, number in self._classes.items()},
        }

    def report(self) -> dict[str, Any]:
        """Return the figures of all requests counted so far.

        `successful` are those whose disposition CXone has, `failed` those that were rejected; the accuracy
        is the share of applied ones among those that were applied or failed. What was not measured is null.
        """
        applied, failed = self.outcomes[DispositionStatus.APPLIED], self.outcomes[DispositionStatus.REJECTED]
        return {
            "processed": sum(self.outcomes[status] for status in ENDED),
            "successful": applied + self.outcomes[DispositionStatus.UNCHANGED],
            "failed": failed,
            "accuracy_rate_percent": round(100 * applied / (applied + failed), 2)
            if applied + failed
            else None,
            "average_latency_ms": round(self._milliseconds / self._measured, 2) if self._measured else None,
            "p95_latency_ms": self._percentile(0.95),
            "outcomes": {status.value: self.outcomes[status] for status in DispositionStatus},
            "rejections": dict(sorted(self.rejections.items())),
        }

    def _percentile(self, share: float) -> float | None:
        """Return the latency that so many stay below, within one per cent."""
        left = ceil(share * self._measured)
        for name, number in sorted(self._classes.items()):
            left -= number
            if left <= 0:
                return round(float(1.01 ** (name + 0.5)), 2)
        return None


def outcome_of(item: Item) -> str:
    """Return how a request ended, or that it waits."""
    status: str = item.get("status", "")
    return status or DispositionStatus.WAITING.value
