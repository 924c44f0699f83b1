"""Rollouts: one at a time for the tenant, each with its progress.

    planned -> checked -> snapshotted -> activating -> guarding -> active
       |          |            |             |            |
       |          |       unchanged          `-----+------'
       `----------+--> refused                     v
                                             rolling_back -> rolled_back
                    from anywhere, where a person has to look -> failed

`current` is the lock: it names the rollout that has the dialer, and stands in the due index until that has
ended. Every write of a rollout carries the revision that it was made from, so of two that write the slower
one writes nothing: it gets RolloutChanged. Facts are stored in the same write.

Settings are kept as canonical JSON: what is read back is, byte for byte, what was there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from outbound.clock import format_time, parse_time
from outbound.events import Event
from outbound.store.outbox import SET_FACTS, facts_attributes, facts_values
from outbound.store.table import Item, Key, Table

DUE_ROLLOUTS = "dialer_rollout"

_REMEMBERED = timedelta(days=400)
# The lock is due when its rollout has taken no step for so long: longer than a step waits, or works.
_ABANDONED = timedelta(minutes=20)
_UNCHANGED = "#revision = :revision"


class RolloutChanged(Exception):
    """The rollout was changed by another invocation since it was read: read it again."""


class Stage(StrEnum):
    """How far a rollout is, or how it ended."""

    PLANNED = "planned"
    CHECKED = "checked"
    SNAPSHOTTED = "snapshotted"
    ACTIVATING = "activating"
    """The change was sent, or may have been."""

    GUARDING = "guarding"
    """The settings are in force, and verified."""

    ROLLING_BACK = "rolling_back"

    ACTIVE = "active"
    UNCHANGED = "unchanged"
    """What was asked for was in force already."""

    REFUSED = "refused"
    """Nothing was changed."""

    ROLLED_BACK = "rolled_back"
    """What was in force before is in force again, or still."""

    FAILED = "failed"
    """It was left as it is, and a person was called."""


OPEN = frozenset(
    {
        Stage.PLANNED,
        Stage.CHECKED,
        Stage.SNAPSHOTTED,
        Stage.ACTIVATING,
        Stage.GUARDING,
        Stage.ROLLING_BACK,
    }
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A change that was sent to CXone: upon which version, and what was answered.

    `sent` is written before it leaves: without an answer (`version` is empty) it may have arrived. `ended` is
    how its operation ended, empty while that is not known.
    """

    sent: bool = False
    based_on: str = ""
    version: str = ""
    operation_id: str = ""
    ended: str = ""
    looks: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rollout has come; every step continues from here, in whatever execution."""

    target: str = ""
    """What is to be in force, as canonical JSON."""

    snapshot: str = ""
    """What was in force before, as canonical JSON."""

    snapshot_version: str = ""
    snapshot_key: str = ""
    snapshots: int = 0
    merges: int = 0
    activation: Sent = Sent()
    restoration: Sent = Sent()
    restores: int = 0
    own_versions: tuple[str, ...] = ()
    """Versions that CXone gave to changes of this rollout."""

    in_doubt: bool = False
    """Whether the answer to a change was lost: a version that is not known may be our own."""

    readings: int = 0
    """Of settings that are not as they should be, in a row."""

    failures: int = 0
    """Of CXone, in a row."""

    lingering: int = 0
    """Looks at an operation that was given up, after what it did was undone."""

    activated_at: str = ""
    blind_at: str = ""
    """When the guard last said that it has no metrics."""

    undo: str = ""
    """Why what was changed is to be undone, as a short name; empty while it is not."""

    undo_message: str = ""
    undo_request: str = ""
    """The event that asked for it, where one did."""

    ending: str = ""
    reason: str = ""
    message: str = ""
    complaints: Sequence[Mapping[str, str]] = ()
    warnings: Sequence[Mapping[str, str]] = ()
    version_found: str = ""
    """The version in force that is not ours, where that ended the rollout."""

    operation_open: bool = False
    """Whether CXone had, or may have had, a change of ours under way when the rollout ended."""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Progress:
        """Read progress back as an item stores it."""
        values = dict(stored)
        for name in ("activation", "restoration"):
            values[name] = Sent(**values.get(name, {}))
        values["own_versions"] = tuple(values.get("own_versions", ()))
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Rollout:
    """One rollout. `attempt` counts its executions; `revision` grows with every write."""

    rollout_id: str
    stage: Stage
    attempt: int
    revision: int
    requested_at: datetime
    request_id: str
    correlation_id: str
    requested_by: str
    reason: str
    campaigns: tuple[str, ...]
    asked: str
    """The settings that were asked for, as canonical JSON."""

    restore: str = ""
    """The rollout whose snapshot was asked for, empty for a document."""

    override: Mapping[str, Any] | None = None
    guard: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress = Progress()
    finished_at: str = ""

    @property
    def execution(self) -> str:
        """The name of its execution."""
        return f"{self.rollout_id}-{self.attempt}"

    @property
    def is_open(self) -> bool:
        """Whether it has the dialer."""
        return self.stage in OPEN


class Rollouts:
    """Reads and writes the rollouts of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep rollouts in the state table."""
        self._table = table
        self._tenant = tenant

    def key(self, rollout_id: str) -> Key:
        """The key of a rollout; they sort by the time of their request."""
        return Key(f"{self._tenant}#dialer", f"rollout#{rollout_id}")

    def get(self, rollout_id: str) -> Rollout | None:
        """Return a rollout, or None."""
        item = self._table.get(self.key(rollout_id))
        return _rollout(item) if item else None

    def item(self, rollout_id: str) -> Item:
        """Return a rollout's item, with the facts that it still carries; empty where there is none."""
        return self._table.get(self.key(rollout_id)) or {}

    def current(self) -> Rollout | None:
        """Return the rollout that has the dialer, or None where it is free."""
        item = self._table.get(self._lock)
        return self.get(item["rollout_id"]) if item and item.get("rollout_id") else None

    def all(self, limit: int = 0) -> Iterator[Rollout]:
        """Yield the rollouts, the latest first."""
        for item in self._table.query(self._lock.pk, "rollout#", descending=True, limit=limit):
            yield _rollout(item)

    def plan(self, rollout: Rollout, facts: Sequence[Event], now: datetime) -> bool:
        """Assign the dialer to a new rollout; False where another has it, or this one was planned before."""
        item = _stored(rollout) | facts_attributes(facts, now)
        item["ttl"] = int((now + _REMEMBERED).timestamp())
        return self._table.transact(
            [
                self._table.putting(self.key(rollout.rollout_id), item, "attribute_not_exists(#pk)"),
                self._table.updating(
                    self._lock,
                    "SET #rollout_id = :rollout, #due_kind = :kind, #due_at = :due",
                    {":rollout": rollout.rollout_id, ":kind": DUE_ROLLOUTS, ":due": _abandoned_at(now)},
                    "attribute_not_exists(#rollout_id)",
                ),
            ]
        )

    def renew(self, rollout: Rollout, now: datetime) -> None:
        """Note that a rollout is at work and will free the dialer itself."""
        self._table.update(
            self._lock,
            "SET #due_at = :due",
            {":due": _abandoned_at(now), ":rollout": rollout.rollout_id},
            "#rollout_id = :rollout",
        )

    def advance(
        self,
        rollout: Rollout,
        now: datetime,
        stage: Stage | None = None,
        facts: Sequence[Event] = (),
        **changes: Any,
    ) -> Rollout:
        """Write down how far a rollout has come, with the facts that this makes.

        Args:
            rollout: The rollout as it was read.
            now: The present moment.
            stage: Its stage from now on; as it was unless given.
            facts: What is to be published.
            changes: Fields of its progress. Failures in a row end with any other progress.

        Raises:
            RolloutChanged: It was changed since it was read.
        """
        progress = replace(rollout.progress, **{"failures": 0, **changes})
        changed = replace(rollout, stage=stage or rollout.stage, progress=progress)
        return self._write(rollout, changed, facts, now)

    def next_attempt(
        self, rollout: Rollout, now: datetime, facts: Sequence[Event] = (), **changes: Any
    ) -> Rollout:
        """Hand a rollout over to its next execution, which is not started yet.

        Raises RolloutChanged where it was changed since it was read.
        """
        progress = replace(rollout.progress, **changes)
        changed = replace(rollout, attempt=rollout.attempt + 1, progress=progress)
        return self._write(rollout, changed, facts, now)

    def finish(self, rollout: Rollout, stage: Stage, facts: Sequence[Event], now: datetime) -> None:
        """End a rollout with its facts and free the dialer.

        Raises RolloutChanged where it was changed since it was read.
        """
        ended = self._table.updating(
            self.key(rollout.rollout_id),
            "SET #stage = :stage, #revision = :next, #finished_at = :now, #progress = :progress,"
            f" {SET_FACTS}",
            {
                ":stage": stage.value,
                ":next": rollout.revision + 1,
                ":revision": rollout.revision,
                ":now": format_time(now),
                ":progress": asdict(rollout.progress),
                **facts_values(facts, now),
            },
            _UNCHANGED,
        )
        freed = self._table.updating(
            self._lock,
            "REMOVE #rollout_id, #due_kind, #due_at",
            {":rollout": rollout.rollout_id},
            "#rollout_id = :rollout",
        )
        if not self._table.transact([ended, freed]):
            raise RolloutChanged(rollout.rollout_id)

    def _write(self, rollout: Rollout, changed: Rollout, facts: Sequence[Event], now: datetime) -> Rollout:
        expression = "SET #stage = :stage, #attempt = :attempt, #revision = :next, #progress = :progress"
        written = self._table.update(
            self.key(rollout.rollout_id),
            f"{expression}, {SET_FACTS}" if facts else expression,
            {
                ":stage": changed.stage.value,
                ":attempt": changed.attempt,
                ":next": rollout.revision + 1,
                ":revision": rollout.revision,
                ":progress": asdict(changed.progress),
                **(facts_values(facts, now) if facts else {}),
            },
            _UNCHANGED,
        )
        if not written.done:
            raise RolloutChanged(rollout.rollout_id)
        return replace(changed, revision=rollout.revision + 1)

    @property
    def _lock(self) -> Key:
        return Key(f"{self._tenant}#dialer", "current")


def _abandoned_at(now: datetime) -> int:
    return int((now + _ABANDONED).timestamp())


def _stored(rollout: Rollout) -> Item:
    return {
        "rollout_id": rollout.rollout_id,
        "stage": rollout.stage.value,
        "attempt": rollout.attempt,
        "revision": rollout.revision,
        "requested_at": format_time(rollout.requested_at),
        "request_id": rollout.request_id,
        "correlation_id": rollout.correlation_id,
        "requested_by": rollout.requested_by,
        "reason": rollout.reason,
        "campaigns": list(rollout.campaigns),
        "asked": rollout.asked,
        "restore": rollout.restore,
        "override": rollout.override,
        "guard": dict(rollout.guard),
        "progress": asdict(rollout.progress),
    }


def _rollout(item: Item) -> Rollout:
    return Rollout(
        rollout_id=item["rollout_id"],
        stage=Stage(item["stage"]),
        attempt=int(item["attempt"]),
        revision=int(item["revision"]),
        requested_at=parse_time(item["requested_at"]),
        request_id=item["request_id"],
        correlation_id=item["correlation_id"],
        requested_by=item["requested_by"],
        reason=item["reason"],
        campaigns=tuple(item["campaigns"]),
        asked=item["asked"],
        restore=item.get("restore", ""),
        override=item.get("override"),
        guard=item.get("guard", {}),
        progress=Progress.of(item["progress"]),
        finished_at=item.get("finished_at", ""),
    )
