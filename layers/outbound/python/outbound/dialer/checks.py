"""Whether dialer settings may be rolled out: every complaint at once, with field, rule and citation.

Pure: limits (`DialerLimits` in the settings), trunks and what is assumed of calls are passed in. Warnings
hold nothing up. Not legal advice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from outbound.complaints import Complaint, each_complaint
from outbound.dialer.configuration import DialerConfiguration, Settings
from outbound.dialer.settings import DialerSettings, Limit
from outbound.dialer.trunk_load import TrunkLoad, trunk_load

ABANDONMENT_TARGET, RING_SECONDS = "abandonment_target", "ring_seconds"
RULES = (ABANDONMENT_TARGET, RING_SECONDS)
"""The rules that an override can name."""

# What rings, or keeps a line warm, for so long at least.
_RINGING = ("ring_timeout_sec", "warm_line_timeout_sec")
_PLACE = "settings"


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check."""

    complaints: tuple[Complaint, ...] = ()
    warnings: tuple[Complaint, ...] = ()


def form_complaints(document: object) -> tuple[Complaint, ...]:
    """Return what is wrong with the form of settings: types, ranges, missing and unknown fields."""
    try:
        DialerConfiguration.model_validate(document)
    except ValueError as error:
        return tuple(each_complaint(error, _PLACE))
    return ()


def check(settings: Settings, configured: DialerSettings, overridden: Collection[str] = ()) -> Checked:
    """Judge settings by the limits, and warn of what they will run into.

    Args:
        settings: As they are to be in force; what cannot be read of them is not judged.
        configured: Limits with their sources, trunks, and what is assumed of calls.
        overridden: The rules that the document overrides by their names; going beyond one of them is a
            warning.
    """
    complaints: list[Complaint] = []
    warnings: list[Complaint] = []
    for found in _beyond_limits(settings, configured):
        (warnings if found.rule in overridden else complaints).append(found)
    reading = _Reading.of(settings)
    warnings += [] if reading is None else _warnings(reading, configured)
    return Checked(tuple(complaints), tuple(warnings))


def messages(complaints: Sequence[Complaint]) -> str:
    """Return complaints as one text."""
    return "; ".join(str(complaint) for complaint in complaints)


def _beyond_limits(settings: Settings, configured: DialerSettings) -> Iterator[Complaint]:
    limits, algorithm = configured.limits, _block(settings, "algorithm")
    target = _number(algorithm, "abandonment_rate_target")
    if target is not None and target > limits.abandonment_target.value:
        said = f"is {target:g}; at most {limits.abandonment_target.value:g} of the calls may be abandoned"
        yield _beyond("abandonment_rate_target", ABANDONMENT_TARGET, said, limits.abandonment_target)
    for name in _RINGING:
        seconds = _number(algorithm, name)
        if seconds is not None and seconds < limits.ring_seconds.value:
            said = f"is {seconds:g} s; at least {limits.ring_seconds.value:g} s are required"
            yield _beyond(name, RING_SECONDS, said, limits.ring_seconds)


def _beyond(name: str, rule: str, said: str, limit: Limit) -> Complaint:
    return Complaint(f"{_PLACE}.algorithm.{name}", rule, said, limit.source)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The numbers of settings that warnings are about."""

    agents: int
    calls: int
    spacing_ms: float
    occupancy: float
    ratio: float

    @classmethod
    def of(cls, settings: Settings) -> _Reading | None:
        """Read settings; None where one of the numbers is missing or cannot be."""
        concurrency, algorithm = _block(settings, "concurrency"), _block(settings, "algorithm")
        numbers = (
            _number(concurrency, "max_agents"),
            _number(concurrency, "max_simultaneous_calls"),
            _number(concurrency, "call_spacing_ms"),
            _number(algorithm, "agent_availability_estimate"),
            _number(algorithm, "dial_ratio"),
        )
        agents, calls, spacing, occupancy, ratio = numbers
        if agents is None or calls is None or occupancy is None or ratio is None or not spacing:
            return None
        return cls(int(agents), int(calls), spacing, min(1.0, occupancy), ratio)


def _warnings(reading: _Reading, configured: DialerSettings) -> Iterator[Complaint]:
    load = trunk_load(reading.agents, reading.occupancy, configured.assumed)
    yield from _trunk_warnings(reading, load, configured)
    yield from _spacing_warnings(reading, load)
    yield from _team_warnings(reading, configured)


def _trunk_warnings(reading: _Reading, load: TrunkLoad, configured: DialerSettings) -> Iterator[Complaint]:
    field = f"{_PLACE}.concurrency.max_simultaneous_calls"
    trunks = configured.trunks
    if trunks is None:
        yield Complaint(field, "trunks_unknown", "is not judged: the settings name no trunks")
        return
    if reading.calls > trunks.free:
        of = f"{trunks.count} trunks of which {trunks.used:.0%} are used leave {trunks.free}"
        yield Complaint(field, "trunk_capacity", f"{reading.calls} calls at once do not fit: {of}")
    usable = min(trunks.free, reading.calls)
    blocked = load.blocking(usable)
    if blocked > configured.max_trunk_blocking:
        said = f"the team offers {load.erlang:.1f} erlang to {usable} trunks, which block {blocked:.1%} of it"
        yield Complaint(field, "trunk_blocking", said)


def _spacing_warnings(reading: _Reading, load: TrunkLoad) -> Iterator[Complaint]:
    allowed = 1000 / reading.spacing_ms
    if load.dials_per_second > allowed:
        said = f"lets {allowed:.2f} dials a second pass; the team needs {load.dials_per_second:.2f}"
        yield Complaint(f"{_PLACE}.concurrency.call_spacing_ms", "spacing", said)


def _team_warnings(reading: _Reading, configured: DialerSettings) -> Iterator[Complaint]:
    field = f"{_PLACE}.algorithm.dial_ratio"
    if reading.agents >= configured.few_agents:
        return
    if reading.ratio > 1:
        said = f"is {reading.ratio:g} for {reading.agents} agents: a small team abandons calls above 1"
        yield Complaint(field, "small_team", said)
    answers = configured.assumed.answer_rate * reading.ratio
    if answers > 1:
        said = f"brings {answers:g} answered calls to each agent at a time, with {reading.agents} agents"
        yield Complaint(field, "answers_per_agent", said)


def _block(settings: Settings, name: str) -> Mapping[str, Any]:
    block = settings.get(name)
    return block if isinstance(block, Mapping) else {}


def _number(block: Mapping[str, Any], name: str) -> float | None:
    value = block.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
