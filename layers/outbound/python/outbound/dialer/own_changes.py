"""Which changes of the dialer's settings are this stack's own: what the ledger of rollouts knows of them.

A rollout writes down that it asks CXone before it does, and the version and the operation that CXone answers
with. Where an answer was lost it is in doubt: a change of its time may be its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from outbound.clock import CLOCK_TOLERANCE, parse_time
from outbound.store.table import Item, Table

# The partition of rollouts, which sort by the time of their request.
_ROLLOUTS, _ROLLOUT = "dialer", "rollout#"
# A rollout may change settings so long after its request: its guard's longest watch, its waits, an outage.
_LONGEST = timedelta(days=7)
_STEPS = ("activation", "restoration")


@dataclass(frozen=True, slots=True)
class Doubt:
    """A span of time in which a rollout may have changed settings of which it knows no version."""

    start: datetime
    end: datetime | None = None
    """None: it is not over."""

    def covers(self, moment: datetime) -> bool:
        """Return True if a moment, of a clock that differs a little, lies in it."""
        if moment < self.start - CLOCK_TOLERANCE:
            return False
        return self.end is None or moment <= self.end + CLOCK_TOLERANCE


@dataclass(frozen=True, slots=True)
class KnownChanges:
    """The changes that rollouts asked CXone for, and when there may have been others of theirs."""

    versions: Mapping[str, str] = field(default_factory=dict)
    """The rollout by the version that CXone gave to its change."""

    operations: Mapping[str, str] = field(default_factory=dict)
    """The rollout by the operation that carries out its change."""

    doubts: Sequence[Doubt] = ()

    def asked_by(self, version: str, operation_id: str) -> str:
        """Return the rollout whose change has this operation or version; empty where it is not ours."""
        return self.operations.get(operation_id, "") or self.versions.get(version, "")

    def may_be_ours(self, moment: datetime) -> bool:
        """Return True if a change of that moment can be one of which the answer was lost."""
        return any(doubt.covers(moment) for doubt in self.doubts)


class OwnChanges:
    """Reads which changes of one tenant's dialer this stack asked for."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Read them in the state table."""
        self._table = table
        self._tenant = tenant

    def known(self, since: datetime) -> KnownChanges:
        """Return the changes of rollouts that may have changed anything since a moment."""
        versions: dict[str, str] = {}
        operations: dict[str, str] = {}
        doubts: list[Doubt] = []
        for item in self._rollouts(since - _LONGEST):
            rollout_id, progress = item["rollout_id"], item.get("progress", {})
            steps = [progress.get(name, {}) for name in _STEPS]
            versions.update((version, rollout_id) for version in _versions(progress, steps))
            operations.update((operation, rollout_id) for operation in _named(steps, "operation_id"))
            if progress.get("in_doubt") or any(map(_is_open, steps)):
                doubts.append(_doubt(item))
        return KnownChanges(versions, operations, doubts)

    def _rollouts(self, requested_since: datetime) -> Iterator[Item]:
        for item in self._table.query(f"{self._tenant}#{_ROLLOUTS}", _ROLLOUT, descending=True):
            if parse_time(item["requested_at"]) < requested_since:
                return
            yield item


def _versions(progress: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> set[str]:
    return {*progress.get("own_versions", ()), *_named(steps, "version")}


def _named(steps: Sequence[Mapping[str, Any]], name: str) -> set[str]:
    """Return what CXone answered the steps with, as far as it did."""
    return {str(step[name]) for step in steps if step.get(name)}


def _is_open(step: Mapping[str, Any]) -> bool:
    """Return True if CXone was asked, or is about to be, and did not answer yet."""
    return bool(step.get("sent")) and not step.get("version")


def _doubt(item: Item) -> Doubt:
    finished = item.get("finished_at")
    return Doubt(parse_time(item["requested_at"]), parse_time(finished) if finished else None)
