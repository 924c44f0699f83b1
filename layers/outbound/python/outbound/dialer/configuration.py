"""Dialer settings as a rollout compares them: field by field, without their version.

    base ── ours ──> target         what the document wants of the fields that it can name
      └──── theirs ──> in force     what another party changed meanwhile

Two sets are the same where their canonical JSON is: keys in order, no blanks, whole numbers without a
fraction. A field is a path into the blocks, like `algorithm.dial_ratio`; a list is a value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Settings = Mapping[str, Any]
Path = tuple[str, ...]

DialerType = Literal["predictive", "progressive", "preview"]
# A float beyond that has no fraction to lose, and more digits than its text shows.
_EXACT = 2**53


class _Strict(BaseModel):
    # A number that is written as a text, or true, is a mistake.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Concurrency(_Strict):
    """How many agents and calls there are at once."""

    max_agents: Annotated[int, Field(ge=1, le=10_000)]
    max_simultaneous_calls: Annotated[int, Field(ge=1, le=100_000)]
    call_spacing_ms: Annotated[int, Field(ge=1, le=60_000)]


class Algorithm(_Strict):
    """How calls are paced. Times are seconds, shares from 0 to 1."""

    type: DialerType
    abandonment_rate_target: Annotated[float, Field(ge=0, le=1)]
    agent_availability_estimate: Annotated[float, Field(gt=0, le=1)]
    dial_ratio: Annotated[float, Field(gt=0, le=20)]
    warm_line_timeout_sec: Annotated[float, Field(ge=0, le=600)] | None = None
    ring_timeout_sec: Annotated[float, Field(ge=0, le=600)] | None = None


class DialerConfiguration(_Strict):
    """The settings of a rollout document, all of them."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    type: DialerType
    concurrency: Concurrency
    algorithm: Algorithm


# The fields that a document can name, by their block; the whole of the settings is the empty one.
_NAMED: Mapping[str, frozenset[str]] = {
    "": frozenset(DialerConfiguration.model_fields),
    "concurrency": frozenset(Concurrency.model_fields),
    "algorithm": frozenset(Algorithm.model_fields),
}


class _Absent:
    """The value of a field that is not there: null would say something else."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field whose value differs; `ABSENT` where one side has no such field."""

    path: Path
    before: Any
    after: Any

    @property
    def field(self) -> str:
        """The field as it is written for a person."""
        return ".".join(self.path)

    def as_document(self) -> dict[str, Any]:
        """Return the change as JSON holds it, without the side that is absent."""
        sides = {"before": self.before, "after": self.after}
        return {"field": self.field} | {
            name: value for name, value in sides.items() if not isinstance(value, _Absent)
        }


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that a rollout changes, and another party changed to another value."""

    path: Path
    ours: Any
    theirs: Any

    @property
    def field(self) -> str:
        """The field as it is written for a person."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Merged:
    """Settings with the changes of both parties, or why there are none."""

    settings: dict[str, Any] | None
    conflicts: tuple[FieldConflict, ...] = ()


def canonical(settings: Settings) -> str:
    """Return the JSON that is the same, byte by byte, for the same settings."""
    return json.dumps(
        _exact(settings), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def read_canonical(text: str) -> dict[str, Any]:
    """Return the settings that a canonical JSON holds."""
    settings: dict[str, Any] = json.loads(text)
    return settings


def changes(before: Settings, after: Settings) -> tuple[FieldChange, ...]:
    """Return every field that differs, in the order of their names."""
    old, new = dict(_fields(before)), dict(_fields(after))
    paths = sorted(old.keys() | new.keys())
    pairs = ((path, old.get(path, ABSENT), new.get(path, ABSENT)) for path in paths)
    return tuple(FieldChange(*each) for each in pairs if not _same(each[1], each[2]))


def target_of(document: Settings, in_force: Settings) -> dict[str, Any]:
    """Return what is to be in force: the document, and of what is in force the fields that it cannot name.

    A document holds all of the fields that it can name: one that it leaves out goes.
    """
    target = {**_not_named("", in_force), **document}
    for block in _NAMED:
        if isinstance(document.get(block), Mapping):
            target[block] = {**_not_named(block, in_force.get(block)), **document[block]}
    return target


def merge(base: Settings, ours: Settings, theirs: Settings) -> Merged:
    """Return what both parties want of the same base, where their changes touch no field in common.

    A field that both changed to the same value is not a conflict.
    """
    our_changes = {each.path: each.after for each in changes(base, ours)}
    their_changes = {each.path: each.after for each in changes(base, theirs)}
    conflicts = tuple(
        FieldConflict(path, value, their_changes.get(other, ABSENT))
        for path, value in our_changes.items()
        for other in their_changes
        if _touch(path, other) and not (path == other and _same(value, their_changes[other]))
    )
    if conflicts:
        return Merged(None, conflicts)
    fields = {**dict(_fields(theirs)), **our_changes}
    return Merged(_settings_of({path: value for path, value in fields.items() if value is not ABSENT}))


def consists_of(settings: Settings, *sources: Settings) -> bool:
    """Return True if every field is as one of the sources has it: no other party chose a value of it."""
    found = dict(_fields(settings))
    known = [dict(_fields(source)) for source in sources]
    paths = found.keys() | {path for each in known for path in each}
    return all(
        any(_same(found.get(path, ABSENT), each.get(path, ABSENT)) for each in known) for path in paths
    )


def _not_named(block: str, in_force: Any) -> dict[str, Any]:
    fields = in_force if isinstance(in_force, Mapping) else {}
    return {name: value for name, value in fields.items() if name not in _NAMED[block]}


def _fields(settings: Settings, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _fields(value, (*path, name))
        else:
            yield (*path, name), value


def _settings_of(fields: Mapping[Path, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for path, value in fields.items():
        block = settings
        for name in path[:-1]:
            block = block.setdefault(name, {})
        block[path[-1]] = value
    return settings


def _touch(one: Path, other: Path) -> bool:
    """Return True if two changes are about the same field, or one is about a part of the other."""
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _same(one: Any, other: Any) -> bool:
    if one is ABSENT or other is ABSENT:
        return one is other
    return json.dumps(_exact(one), sort_keys=True) == json.dumps(_exact(other), sort_keys=True)


def _exact(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, Mapping):
        return {str(name): _exact(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(inner) for inner in value]
    return value
