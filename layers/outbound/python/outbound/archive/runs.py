"""Archive runs: one at a time per campaign, each with its progress.

    planned -> running -> complete, empty, incomplete, stopped or failed
                 |  ^
                 v  | (the next execution, with the next attempt)
             interrupted

`current` names the run that has a campaign. Every write carries the revision that it was made from, so of two
executions of one run the slower one writes nothing: it gets RunChanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from outbound.clock import format_time, parse_time
from outbound.events import Event
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table

_REMEMBERED = timedelta(days=400)
_UNCHANGED = "#revision = :revision"
# Fields of the progress that items store under another name.
_STORED_NAMES = {"classified_pages": "sorted_pages", "classified": "sorted"}


class RunChanged(Exception):
    """The run was changed by another execution since it was read: read it again."""


class RunStatus(StrEnum):
    """How far a run is, or how it ended."""

    PLANNED = "planned"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    """Its execution ended before it did; the next start resumes it."""

    COMPLETE = "complete"
    """Everything that could be archived is."""

    EMPTY = "empty"
    """There was nothing to archive."""

    INCOMPLETE = "incomplete"
    """Some attempts are left that should have been archived."""

    STOPPED = "stopped"
    """An attempt was not anonymised, and the settings say that a run stops then."""

    FAILED = "failed"
    """It could not continue."""


OPEN = frozenset({RunStatus.PLANNED, RunStatus.RUNNING, RunStatus.INTERRUPTED})


@dataclass(frozen=True, slots=True)
class ListCursor:
    """How far a list is read: which reading of it, and the page that comes next.

    `tail` is a digest of the last record: the next page begins with it, or the list has moved.
    """

    reading: int = 0
    page: int = 0
    offset: int = 0
    tail: str = ""
    done: bool = False
    unstable: bool = False
    truncated: bool = False

    @property
    def complete(self) -> bool:
        """Whether what was not seen is not on the list: read to its end, and not changed meanwhile."""
        return self.done and not self.unstable and not self.truncated


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run has come; every step continues from here, in whatever execution."""

    collected: ListCursor = ListCursor()
    classified_pages: int = 0
    classified: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)
    """What collected attempts turned out to be: `archivable`, `duplicate`, `skipped.<reason>`, ..."""

    batches: int = 0
    copied: int = 0
    copies_done: bool = False
    pauses: int = 0
    round: int = 0
    sent: int = 0
    """Batches of this round that are sent."""

    round_began: float = 0.0
    checked: ListCursor = ListCursor()
    failures: int = 0
    """Of CXone, in a row."""

    ending: str = ""
    reason: str = ""
    message: str = ""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> RunProgress:
        """Read progress back as an item stores it."""
        names = {stored_name: name for name, stored_name in _STORED_NAMES.items()}
        values = {names.get(name, name): value for name, value in stored.items()}
        for name in ("collected", "checked"):
            if name in values:
                values[name] = ListCursor(**values[name])
        return cls(**values)

    def stored(self) -> dict[str, Any]:
        """Return the progress as an item stores it."""
        return {_STORED_NAMES.get(name, name): value for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class ArchiveRun:
    """One run over one campaign. `attempt` counts its executions; `revision` grows with every write."""

    campaign_id: str
    run_id: str
    status: RunStatus
    attempt: int
    revision: int
    planned_at: datetime
    correlation_id: str
    outcomes: tuple[str, ...] = ()
    """Only these, of those that are approved; empty: all of them."""

    retention_days: int | None = None
    """Of attempts that name none themselves."""

    progress: RunProgress = RunProgress()
    finished_at: str = ""
    summary: Mapping[str, Any] = field(default_factory=dict)

    @property
    def execution(self) -> str:
        """The name of its execution."""
        return f"{self.run_id}-{self.attempt}"


class ArchiveRuns:
    """Reads and writes the archive runs of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep runs in the state table."""
        self._table = table
        self._tenant = tenant

    def key(self, campaign_id: str, run_id: str) -> Key:
        """The key of a run; runs of a campaign sort by the time of their planning."""
        return Key(f"{self._tenant}#archive#{campaign_id}", f"run#{run_id}")

    def get(self, campaign_id: str, run_id: str) -> ArchiveRun | None:
        """Return a run, or None."""
        item = self._table.get(self.key(campaign_id, run_id))
        return _run(item) if item else None

    def current(self, campaign_id: str) -> ArchiveRun | None:
        """Return the run that has a campaign, or None where the campaign is free."""
        item = self._table.get(self._current(campaign_id))
        return self.get(campaign_id, item["run_id"]) if item and item.get("run_id") else None

    def of_campaign(self, campaign_id: str, limit: int = 0) -> Iterator[ArchiveRun]:
        """Yield a campaign's runs, the latest first."""
        pk = self.key(campaign_id, "").pk
        for item in self._table.query(pk, "run#", descending=True, limit=limit):
            yield _run(item)

    def plan(self, run: ArchiveRun, now: datetime) -> bool:
        """Assign a campaign to a new run; False where another has it, or this one was planned before."""
        item = _stored(run) | {"ttl": int((now + _REMEMBERED).timestamp())}
        return self._table.transact(
            [
                self._table.putting(self.key(run.campaign_id, run.run_id), item, "attribute_not_exists(#pk)"),
                self._table.updating(
                    self._current(run.campaign_id),
                    "SET #run_id = :run",
                    {":run": run.run_id},
                    "attribute_not_exists(#run_id)",
                ),
            ]
        )

    def next_attempt(self, run: ArchiveRun) -> ArchiveRun:
        """Hand a run over to its next execution. Raises RunChanged where it was changed since it was read."""
        return self._write(run, replace(run, status=RunStatus.PLANNED, attempt=run.attempt + 1))

    def advance(self, run: ArchiveRun, **changes: Any) -> ArchiveRun:
        """Write down how far a run has come; `changes` are fields of its progress.

        Raises RunChanged where it was changed since it was read.
        """
        progress = replace(run.progress, **changes)
        return self._write(run, replace(run, status=RunStatus.RUNNING, progress=progress))

    def interrupt(self, run: ArchiveRun) -> ArchiveRun:
        """Note that a run's execution ended before it did.

        Raises RunChanged where it was changed since it was read.
        """
        return self._write(run, replace(run, status=RunStatus.INTERRUPTED))

    def finish(
        self,
        run: ArchiveRun,
        status: RunStatus,
        summary: Mapping[str, Any],
        facts: Sequence[Event],
        now: datetime,
    ) -> Item:
        """End a run with its facts and free its campaign.

        Args:
            run: The run as it was read.
            status: The end that it comes to.
            summary: The figures of its report.
            facts: What is to be published.
            now: When it ended.

        Returns:
            The run's item, with what is to be published.

        Raises:
            RunChanged: It was changed since it was read.
        """
        key = self.key(run.campaign_id, run.run_id)
        ended = self._table.updating(
            key,
            "SET #status = :status, #revision = :next, #finished_at = :now, #summary = :summary,"
            f" {SET_FACTS}",
            {
                ":status": status.value,
                ":next": run.revision + 1,
                ":revision": run.revision,
                ":now": format_time(now),
                ":summary": dict(summary),
                **facts_values(facts, now),
            },
            _UNCHANGED,
        )
        freed = self._table.updating(
            self._current(run.campaign_id), "REMOVE #run_id", {":run": run.run_id}, "#run_id = :run"
        )
        item = self._table.get(key) if self._table.transact([ended, freed]) else None
        if item is None:
            raise RunChanged(run.run_id)
        return item

    def _write(self, run: ArchiveRun, changed: ArchiveRun) -> ArchiveRun:
        written = self._table.update(
            self.key(run.campaign_id, run.run_id),
            "SET #status = :status, #attempt = :attempt, #revision = :next, #progress = :progress",
            {
                ":status": changed.status.value,
                ":attempt": changed.attempt,
                ":next": run.revision + 1,
                ":revision": run.revision,
                ":progress": changed.progress.stored(),
            },
            _UNCHANGED,
        )
        if not written.done:
            raise RunChanged(run.run_id)
        return replace(changed, revision=run.revision + 1)

    def _current(self, campaign_id: str) -> Key:
        return Key(f"{self._tenant}#archive#{campaign_id}", "current")


def _stored(run: ArchiveRun) -> Item:
    return {
        "campaign_id": run.campaign_id,
        "run_id": run.run_id,
        "status": run.status.value,
        "attempt": run.attempt,
        "revision": run.revision,
        "planned_at": format_time(run.planned_at),
        "correlation_id": run.correlation_id,
        "outcomes": list(run.outcomes),
        "retention_days": run.retention_days,
        "progress": run.progress.stored(),
    }


def _run(item: Item) -> ArchiveRun:
    return ArchiveRun(
        campaign_id=item["campaign_id"],
        run_id=item["run_id"],
        status=RunStatus(item["status"]),
        attempt=int(item["attempt"]),
        revision=int(item["revision"]),
        planned_at=parse_time(item["planned_at"]),
        correlation_id=item["correlation_id"],
        outcomes=tuple(item.get("outcomes", ())),
        retention_days=item.get("retention_days"),
        progress=RunProgress.of(item["progress"]),
        finished_at=item.get("finished_at", ""),
        summary=item.get("summary", {}),
    )
