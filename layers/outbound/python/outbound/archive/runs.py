"""Archive runs: one at a time per campaign, each with its progress.

    planned -> running -> complete, empty, incomplete, stopped or failed
                 |  ^
                 v  | (the next execution, with the next attempt)
             interrupted

`current` names the run that a campaign is given to. Every write carries the revision that it was made from,
so of two executions of one run the slower one writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from outbound.clock import format_time
from outbound.events import Event
from outbound.store.archive_run import OPEN, ListPlace, Progress, Run, RunStatus, run_of, stored_run
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table

__all__ = ["OPEN", "ListPlace", "Progress", "Run", "RunStatus", "Runs", "run_of"]

_REMEMBERED = timedelta(days=400)
_UNCHANGED = "#revision = :revision"


class Runs:
    """Reads and writes the archive runs of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep runs in the state table."""
        self._table = table
        self._tenant = tenant

    def key(self, campaign_id: str, run_id: str) -> Key:
        """The key of a run; runs of a campaign sort by the time of their planning."""
        return Key(f"{self._tenant}#archive#{campaign_id}", f"run#{run_id}")

    def get(self, campaign_id: str, run_id: str) -> Run | None:
        """Give a run, or None."""
        item = self._table.get(self.key(campaign_id, run_id))
        return run_of(item) if item else None

    def current(self, campaign_id: str) -> Run | None:
        """Give the run that a campaign is given to, or None where it is free."""
        item = self._table.get(self._current(campaign_id))
        return self.get(campaign_id, item["run_id"]) if item and item.get("run_id") else None

    def of_campaign(self, campaign_id: str, limit: int = 0) -> Iterator[Run]:
        """Give a campaign's runs, the latest first."""
        pk = self.key(campaign_id, "").pk
        for item in self._table.query(pk, "run#", descending=True, limit=limit):
            yield run_of(item)

    def plan(self, run: Run, now: datetime) -> bool:
        """Give a campaign to a new run; False where another has it, or this one was planned before."""
        item = stored_run(run) | {"ttl": int((now + _REMEMBERED).timestamp())}
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

    def next_attempt(self, run: Run) -> Run | None:
        """Let another execution go on with a run; None where somebody else was faster."""
        following = replace(run, status=RunStatus.PLANNED, attempt=run.attempt + 1)
        return self._write(run, following)

    def advance(self, run: Run, **changes: Any) -> Run | None:
        """Write down how far a run has come; None where it was changed since it was read."""
        progress = replace(run.progress, **changes)
        return self._write(run, replace(run, status=RunStatus.RUNNING, progress=progress))

    def interrupt(self, run: Run) -> Run | None:
        """Note that a run's execution ended before it did; None where it was changed since it was read."""
        return self._write(run, replace(run, status=RunStatus.INTERRUPTED))

    def finish(
        self, run: Run, status: RunStatus, summary: Mapping[str, Any], facts: Sequence[Event], now: datetime
    ) -> Item | None:
        """End a run with its facts and give the campaign free; its item, None where it was changed."""
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
        return self._table.get(key) if self._table.transact([ended, freed]) else None

    def _write(self, run: Run, changed: Run) -> Run | None:
        written = self._table.update(
            self.key(run.campaign_id, run.run_id),
            "SET #status = :status, #attempt = :attempt, #revision = :next, #progress = :progress",
            {
                ":status": changed.status.value,
                ":attempt": changed.attempt,
                ":next": run.revision + 1,
                ":revision": run.revision,
                ":progress": asdict(changed.progress),
            },
            _UNCHANGED,
        )
        return replace(changed, revision=run.revision + 1) if written.done else None

    def _current(self, campaign_id: str) -> Key:
        return Key(f"{self._tenant}#archive#{campaign_id}", "current")
