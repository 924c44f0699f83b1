"""What a run writes to a pull job while it is at work: its lease, its checkpoint, the end.

A run holds a lease that outlives the function's time-out: while it lasts no other run can be at work, and
every write carries the lease's fence, so a run that lost it cannot write: it gets `Superseded` instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from outbound.clock import format_time
from outbound.events import Event
from outbound.outcomes.errors import Superseded
from outbound.outcomes.job import Job, Part, Position, Switch
from outbound.outcomes.jobs import DUE_DISPATCH, DUE_LONG_CALLS, WATCHDOG, Jobs
from outbound.outcomes.parts import Parts
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table, Written

# Characters of a reason; what CXone says may be long.
_LONGEST_REASON = 500
# A switch that was cut off is half done: its message is sent again once the run's lease has ended.
_SWITCH_WATCHDOG = timedelta(minutes=4)
# What a job carries while a pull of it is at work.
_OF_A_PULL = "#lease_until, #interruption, #staged, #quiet, #switch"


class LeasedJobs(Jobs):
    """The pull jobs of one tenant, for the runs that pull them."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep jobs and their parts in the state table."""
        super().__init__(table, tenant)
        self.parts = Parts(table, tenant)

    def claim(self, key: Key, now: datetime, lease_seconds: float) -> Written:
        """Take a job's lease, if no run holds it, the job waits to be pulled, and it owes no fact.

        Args:
            key: The job's key.
            now: A lease that has run out by then is free.
            lease_seconds: How long the lease lasts: longer than the run can.

        Returns:
            Whether the lease was taken, and the job's item; an empty one where there is no such job.
        """
        return self._table.update(
            key,
            "SET #status = :running, #lease_until = :until, #due_kind = :kind, #due_at = :watchdog,"
            " #initiated_at = if_not_exists(#initiated_at, :started)"
            " REMOVE #again_at ADD #fence :one, #failures :one",
            {
                ":running": "running",
                ":until": now.timestamp() + lease_seconds,
                ":now": now.timestamp(),
                ":started": format_time(now),
                ":watchdog": int((now + WATCHDOG).timestamp()),
                ":kind": DUE_DISPATCH,
                ":one": 1,
                ":completed": "completed",
                ":lost": "lost",
            },
            "attribute_exists(#pk) AND NOT #status IN (:completed, :lost) AND attribute_not_exists(#facts)"
            " AND (attribute_not_exists(#lease_until) OR #lease_until <= :now)"
            " AND (attribute_not_exists(#again_at) OR #again_at <= :now)",
        )

    def checkpoint(self, job: Job, position: Position, part: Part, now: datetime) -> Job:
        """Write down a part and where the pull stands after it, both or neither; return the job there.

        Progress forgives earlier failures: only runs in a row that get nowhere count. Raises Superseded where
        the lease was lost.
        """
        values = {":position": _position_item(position), ":fence": job.fence, ":one": 1}
        moved = self._table.updating(
            self._key_of(job),
            "SET #position = :position, #failures = :one REMOVE #interruption",
            values,
            "#fence = :fence",
        )
        if not self._table.transact([moved, self.parts.putting(job.job_id, part, now)]):
            raise Superseded
        return replace(job, position=position, failures=1)

    def rewind(self, job: Job) -> Job:
        """Let a job begin at its first page again. Raises Superseded where the lease was lost."""
        pages = job.most_pages
        self._write(job, "SET #pages_before = :pages REMOVE #position", {":pages": pages})
        return replace(job, position=Position(), pages_before=pages)

    def release(self, job: Job, failed: bool, why: str = "") -> None:
        """Release the lease, so that the next run need not wait for its end.

        Args:
            job: The job, whose run holds its lease.
            failed: Whether the run counts as one that failed.
            why: What stopped it, shown to the operator until a run gets further.
        """
        counted = "#interruptions :one" if failed else "#failures :less"
        values: Item = {":fence": job.fence} | ({":one": 1} if failed else {":less": -1})
        noted = ""
        if why:
            noted, values[":why"] = "SET #interruption = :why ", why[:_LONGEST_REASON]
        self._table.update(
            self._key_of(job), f"{noted}REMOVE #lease_until ADD {counted}", values, "#fence = :fence"
        )

    def begin_switch(self, job: Job, changes: Mapping[str, int] | None, now: datetime) -> Job:
        """Write down that the lake's objects are going to be replaced.

        From here on the switch is finished, whatever happens: half of it would be worse than either. Raises
        Superseded where the lease was lost.
        """
        return self._switched(job, Switch(0, changes), now)

    def switched(self, job: Job, pages: int, now: datetime) -> Job:
        """Write down how many pages are replaced. Raises Superseded where the lease was lost."""
        return self._switched(job, Switch(pages, job.switch.changes if job.switch else None), now)

    def _switched(self, job: Job, switch: Switch, now: datetime) -> Job:
        self._write(
            job,
            "SET #switch = :switch, #failures = :one, #due_kind = :kind, #due_at = :due",
            {
                ":switch": {"pages": switch.pages, "changes": switch.changes},
                ":one": 1,
                ":kind": DUE_DISPATCH,
                ":due": int((now + _SWITCH_WATCHDOG).timestamp()),
            },
        )
        return replace(job, switch=switch, failures=1)

    def keep(self, job: Job, result: Item) -> Item:
        """End a quiet pull without a fact and return its item: the lake's generation stays.

        Raises Superseded where the lease was lost, and where the pull is to be heard by now.
        """
        return self._write(
            job,
            "SET #status = :completed, #result = :result, #failures = :zero"
            f" REMOVE {_OF_A_PULL}, #due_kind, #due_at",
            {":completed": "completed", ":result": result, ":zero": 0, ":yes": True},
            # An operator may have requested this window meanwhile, and waits for its fact.
            " AND #quiet = :yes",
        )

    def complete(
        self,
        job: Job,
        result: Item,
        facts: Sequence[Event],
        now: datetime,
        again_at: datetime | None = None,
    ) -> Item:
        """End a job well, with its facts, and return its item.

        Args:
            job: What ends.
            result: What the lake holds of its window now.
            facts: What is to be published.
            now: When it ended.
            again_at: When the window is pulled once more for calls that were still under way, if ever.

        Raises:
            Superseded: The lease was lost.
        """
        if again_at is None:
            return self._end(job, "completed", result, facts, now, "")
        later = {"kind": DUE_LONG_CALLS, "at": int(again_at.timestamp())}
        return self._end(job, "completed", result, facts, now, ", #next_due = :later", {":later": later})

    def fail(
        self,
        job: Job,
        status: str,
        result: Item,
        facts: Sequence[Event],
        now: datetime,
        again_at: datetime | None,
    ) -> Item:
        """End a job badly, with its facts, and return its item.

        Args:
            job: What ends.
            status: `failed`; where CXone no longer has the window `lost`, or `completed` if the lake has it.
            result: What the lake holds of its window, and why the job ended.
            facts: What is to be published.
            now: When it ended.
            again_at: When it is tried again, if ever; until then no message of it has an effect.

        Raises:
            Superseded: The lease was lost.
        """
        if again_at is None:
            return self._end(job, status, result, facts, now, "")
        at = int(again_at.timestamp())
        due = {":again": at, ":next_due": {"kind": DUE_DISPATCH, "at": at}}
        return self._end(job, status, result, facts, now, ", #again_at = :again, #next_due = :next_due", due)

    def _end(
        self,
        job: Job,
        status: str,
        result: Item,
        facts: Sequence[Event],
        now: datetime,
        more: str,
        more_values: Item | None = None,
    ) -> Item:
        values: dict[str, Any] = {":status": status, ":result": result, ":zero": 0}
        bad = "" if status == "completed" else ", #failed_pulls = :failed_pulls"
        if bad:
            values[":failed_pulls"] = job.failed_pulls + 1
        return self._write(
            job,
            f"SET #status = :status, #result = :result, #failures = :zero, {SET_FACTS}{more}{bad}"
            f" REMOVE {'#lease_until, #interruption' if status == 'failed' else _OF_A_PULL}",
            {**values, **facts_values(facts, now), **(more_values or {})},
        )

    def _write(self, job: Job, expression: str, values: Item, and_if: str = "") -> Item:
        """Write to a job under its lease and return its item. Raises Superseded where the lease was lost."""
        under_lease = {":fence": job.fence, **values}
        written = self._table.update(self._key_of(job), expression, under_lease, f"#fence = :fence{and_if}")
        if not written.done:
            raise Superseded
        return written.item


def _position_item(position: Position) -> Item:
    return {name: getattr(position, name) for name in Position.__slots__}
