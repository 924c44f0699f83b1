"""What the model expects of dialer settings: the settings read as a team, its calls and its pacing.

The settings do not say how long people talk, or how many answer: that is assumed, and named with the answer.
Predictive dialling is simulated at its dial ratio, as if the dialer never stayed below it; the others as one
call for each free agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from outbound.complaints import complaints
from outbound.dialer.configuration import Settings
from outbound.dialer.model.capacity import Capacity, simulate_capacity
from outbound.dialer.model.document import ModelDocument
from outbound.dialer.settings import Assumed, DialerSettings

# The model takes ratios of 0 to 10, and dials are given up after 15 seconds at least.
_MOST_RATIO = 10.0
_LEAST_NO_ANSWER = 15.0
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "concurrency": ("max_agents", "max_simultaneous_calls", "call_spacing_ms"),
    "algorithm": ("agent_availability_estimate", "dial_ratio", "abandonment_rate_target"),
}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the model makes of settings, or why it makes nothing of them."""

    document: Mapping[str, Any]
    capacity: Capacity | None
    reason: str = ""

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        if self.capacity is None:
            return {"reason": self.reason}
        return self.capacity.as_document()


def expected(settings: Settings, configured: DialerSettings) -> Expectation:
    """Return what the model expects of settings; the same settings, the same answer."""
    if wrong := _not_numbers(settings):
        said = f"the settings cannot be read as a team: no number is {', '.join(wrong)}"
        return Expectation({}, None, said)
    document = model_document(settings, configured)
    try:
        return Expectation(document, simulate_capacity(ModelDocument.model_validate(document)))
    except ValueError as error:
        return Expectation(document, None, complaints(error))


def model_document(settings: Settings, configured: DialerSettings) -> dict[str, Any]:
    """Return the document of the model that settings come to, whose numbers are there."""
    concurrency, algorithm, assumed = settings["concurrency"], settings["algorithm"], configured.assumed
    calls = int(concurrency["max_simultaneous_calls"])
    trunks = calls if configured.trunks is None else min(calls, configured.trunks.free)
    agents = int(concurrency["max_agents"] * algorithm["agent_availability_estimate"])
    return {
        "agents": max(1, agents),
        "talk_seconds": {"mean": float(assumed.talk_seconds), "distribution": "lognormal"},
        "wrap_seconds": {"mean": float(assumed.wrap_seconds), "distribution": "exponential"},
        "answer_rate": float(assumed.answer_rate),
        "machine_rate": float(assumed.machine_rate),
        "ring_seconds": float(assumed.ring_seconds),
        "no_answer_seconds": _no_answer_seconds(algorithm, assumed),
        "spacing_ms": float(concurrency["call_spacing_ms"]),
        "trunks": max(1, trunks),
        "pacing": _pacing(settings),
        "hours": float(assumed.hours),
        "replications": assumed.replications,
    }


def _not_numbers(settings: Settings) -> list[str]:
    """Return the fields that a team needs, and that are missing or are no numbers."""
    return [
        f"{block}.{name}"
        for block, names in _NEEDED.items()
        for name in names
        if not (isinstance(settings.get(block), Mapping) and _is_number(settings[block].get(name)))
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def assumptions(configured: DialerSettings) -> dict[str, Any]:
    """Return what is assumed of calls and trunks, by name."""
    trunks = configured.trunks
    return {**configured.assumed.model_dump(), "trunks_free": None if trunks is None else trunks.free}


def _no_answer_seconds(algorithm: Mapping[str, Any], assumed: Assumed) -> float:
    given = algorithm.get("ring_timeout_sec")
    seconds = float(given) if given is not None and _is_number(given) else assumed.no_answer_seconds
    return max(_LEAST_NO_ANSWER, float(assumed.ring_seconds), float(seconds))


def _pacing(settings: Settings) -> dict[str, Any]:
    algorithm = settings["algorithm"]
    # A target of nothing at all is not one that a model can search for.
    target = min(0.99, max(0.001, float(algorithm["abandonment_rate_target"])))
    if settings.get("type") != "predictive":
        return {"policy": "progressive", "target": target}
    ratio = min(_MOST_RATIO, float(algorithm["dial_ratio"]))
    return {"policy": "fixed_ratio", "ratio": ratio, "target": target}
