"""An archive run as a value: what was asked for, how far it has come, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from outbound.clock import format_time, parse_time
from outbound.store.table import Item


class RunStatus(StrEnum):
    """Where a run stands."""

    PLANNED = "planned"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    """Its execution ended before it did; the next start goes on with it."""

    COMPLETE = "complete"
    """Everything that could be archived is."""

    EMPTY = "empty"
    """There was nothing to archive."""

    INCOMPLETE = "incomplete"
    """Some attempts are left that should have been archived."""

    STOPPED = "stopped"
    """An attempt was not anonymised, and a run is to stop then."""

    FAILED = "failed"
    """It could not go on."""


OPEN = frozenset({RunStatus.PLANNED, RunStatus.RUNNING, RunStatus.INTERRUPTED})


@dataclass(frozen=True, slots=True)
class ListPlace:
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
        """Whether what was not seen is not on the list: it was read to its end, and stood still meanwhile."""
        return self.done and not self.unstable and not self.truncated


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come; every step goes on from here, in whatever execution."""

    collected: ListPlace = ListPlace()
    sorted_pages: int = 0
    sorted: bool = False
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
    checked: ListPlace = ListPlace()
    failures: int = 0
    """Of CXone, in a row."""

    ending: str = ""
    reason: str = ""
    message: str = ""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Progress:
        """Read progress back as an item stores it."""
        lists = {name: ListPlace(**stored[name]) for name in ("collected", "checked") if name in stored}
        return cls(**{**stored, **lists})


@dataclass(frozen=True, slots=True)
class Run:
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

    progress: Progress = Progress()
    finished_at: str = ""
    summary: Mapping[str, Any] = field(default_factory=dict)

    @property
    def execution(self) -> str:
        """The name of its execution."""
        return f"{self.run_id}-{self.attempt}"


def stored_run(run: Run) -> Item:
    """Give the attributes that a run is stored as."""
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
        "progress": asdict(run.progress),
    }


def run_of(item: Item) -> Run:
    """Read a run back from its item."""
    return Run(
        campaign_id=item["campaign_id"],
        run_id=item["run_id"],
        status=RunStatus(item["status"]),
        attempt=int(item["attempt"]),
        revision=int(item["revision"]),
        planned_at=parse_time(item["planned_at"]),
        correlation_id=item["correlation_id"],
        outcomes=tuple(item.get("outcomes", ())),
        retention_days=item.get("retention_days"),
        progress=Progress.of(item["progress"]),
        finished_at=item.get("finished_at", ""),
        summary=item.get("summary", {}),
    )
