"""Pull jobs: one per campaign and window, its lease, and its checkpoint.

    planned -> queued -> running -> completed
                  ^         |-----> lost     (the window is out of CXone's retention)
                  +------ failed             (tried again later)

A job that has not ended stands in the due index with the moment at which its message is (again) to be
sent, so that a lost message does not lose its window. One that has ended stands there until its window is
pulled once more after the longest call. A run holds a lease that outlives the function's
time-out: while it lasts no other run can be at work, and every write carries the lease's fence, so a run
that lost it cannot write: it gets `Superseded` instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from outbound.clock import format_time
from outbound.events import Event
from outbound.outcomes.errors import Superseded
from outbound.outcomes.job import Job, Part, Position, Switch, compact, job_of
from outbound.outcomes.parts import Parts
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table, Written

DUE_DISPATCH = "dispatch"
DUE_LONG_CALLS = "long_calls"

# A queued job that has not ended by then is sent again: its message may be lost or dead-lettered.
_WATCHDOG = timedelta(hours=6)
_JOB_TTL = timedelta(days=400)
# Characters of a reason; what CXone says may be long.
_LONGEST_REASON = 500
# A switch that was cut off is half done: its message is sent again once the run's lease has ended.
_SWITCH_WATCHDOG = timedelta(minutes=4)
# More requests for one window than arrive within the time in which one could arrive again.
_REQUESTS_REMEMBERED = 100
# What a job carries while a pull of it is at work.
_OF_A_PULL = "#lease_until, #interruption, #staged, #quiet, #switch"
# The year 2200: every due moment lies before it.
_FAR_FUTURE = 7_258_118_400


class Jobs:
    """Reads and writes the pull jobs of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep jobs in the state table."""
        self._table = table
        self._tenant = tenant
        self.parts = Parts(table, tenant)

    def key(self, campaign_id: str, start: datetime, end: datetime) -> Key:
        """The key of a campaign's job over a window; jobs of a campaign sort by time."""
        return Key(f"{self._tenant}#job#{campaign_id}", f"{compact(start)}-{compact(end)}")

    def get(self, key: Key) -> Job | None:
        """Return a job, or None."""
        item = self._table.get(key)
        return job_of(item) if item else None

    def of_campaign(self, campaign_id: str, since: datetime | None = None) -> Iterator[Job]:
        """Return a campaign's jobs in the order of their windows, those that start at `since` or later."""
        after = compact(since) if since else ""
        for item in self._table.query(f"{self._tenant}#job#{campaign_id}", after=after):
            yield job_of(item)

    def unfinished(self, limit: int) -> Iterator[Job]:
        """Return jobs that wait to be pulled, those first whose message is due first."""
        for item in self._table.due(DUE_DISPATCH, _FAR_FUTURE, limit):
            yield job_of(item)

    def planning(self, job: Job, now: datetime) -> Item:
        """Make the write of a new job, to go into the same transaction as the watermark."""
        item = {
            "job_id": job.job_id,
            "campaign_id": job.campaign_id,
            "start": format_time(job.start),
            "end": format_time(job.end),
            "status": job.status,
            "origin": job.origin,
            "generation": job.generation,
            "correlation_id": job.correlation_id,
            "requests": list(job.requests),
            "planned_at": format_time(now),
            "ttl": int((now + _JOB_TTL).timestamp()),
            "due_kind": DUE_DISPATCH,
            "due_at": job.due_at,
        }
        return self._table.putting(self._key_of(job), item, "attribute_not_exists(#pk)")

    def again(
        self,
        job: Job,
        request_id: str,
        correlation_id: str,
        send_at: datetime,
        now: datetime,
        quiet: bool = False,
    ) -> Written:
        """Plan a job anew that has ended: its pages are read again, beside those that the lake has.

        A request plans a job anew once, however often it arrives and whatever was requested in between.
        What an earlier pull came to stays known, and in the lake.

        Args:
            job: The job as it was read.
            request_id: The request that asks for it; empty where none does.
            correlation_id: Of what asks for it.
            send_at: When its message is to be sent.
            now: The moment of planning.
            quiet: Whether no fact is published unless the new pull differs from the lake's.

        Returns:
            Whether it is planned, and its item: not where it is at work, owes a fact, or had the request.
        """
        requests = (*job.requests, request_id) if request_id else job.requests
        return self._table.update(
            self._key_of(job),
            "SET #status = :planned, #generation = :next, #correlation_id = :correlation,"
            " #requests = :requests, #pages_before = :pages, #failures = :zero,"
            " #staged = :staged, #quiet = :quiet, #due_kind = :kind, #due_at = :at, #ttl = :ttl"
            " REMOVE #position, #initiated_at, #interruptions, #failed_pulls, #again_at, #interruption,"
            " #asked_by",
            {
                ":planned": "planned",
                ":next": job.generation + 1,
                ":generation": job.generation,
                ":correlation": correlation_id,
                ":request": request_id,
                ":requests": list(requests[-_REQUESTS_REMEMBERED:]),
                ":pages": _most_pages(job),
                ":staged": job.in_the_lake,
                ":quiet": quiet,
                ":zero": 0,
                ":kind": DUE_DISPATCH,
                ":at": int(send_at.timestamp()),
                ":ttl": int((now + _JOB_TTL).timestamp()),
                ":completed": "completed",
                ":failed": "failed",
                ":lost": "lost",
            },
            "#generation = :generation AND #status IN (:completed, :failed, :lost)"
            " AND attribute_not_exists(#facts)"
            " AND NOT contains(#requests, :request)"
            " AND (attribute_not_exists(#asked_by) OR #asked_by <> :request)",
        )

    def make_heard(self, job: Job, request_id: str) -> bool:
        """Let a quiet pull that is at work tell what it comes to, for a request; False if there is none."""
        requests = (*job.requests, request_id)[-_REQUESTS_REMEMBERED:]
        written = self._table.update(
            self._key_of(job),
            "SET #quiet = :no, #requests = :requests",
            {":no": False, ":yes": True, ":requests": list(requests), ":generation": job.generation},
            "#generation = :generation AND #quiet = :yes",
        )
        return written.done

    def dispatched(self, job: Job, now: datetime) -> None:
        """Note that a job's message is on the queue; should it get lost, it is sent again later."""
        watchdog = int((now + _WATCHDOG).timestamp())
        self._table.update(
            self._key_of(job),
            "SET #status = :queued, #due_at = :at",
            {":queued": "queued", ":at": watchdog, ":kind": DUE_DISPATCH, ":seen": job.due_at},
            # A run that was faster than this note has moved the due moment, and is not to be disturbed.
            "#due_kind = :kind AND #due_at = :seen",
        )

    def claim(self, key: Key, now: datetime, lease_seconds: float) -> Written:
        """Take a job's lease, if no run holds it, the job waits to be pulled, and it owes no fact."""
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
                ":watchdog": int((now + _WATCHDOG).timestamp()),
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
        pages = _most_pages(job)
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

    def let_go(self, job: Job, now: datetime) -> Written:
        """Let a job that waits after a failure be pulled now, unless it is at work or has ended well.

        Its failures so far count no more. The caller sends its message.
        """
        return self._table.update(
            self._key_of(job),
            "SET #failures = :zero REMOVE #again_at",
            {
                ":zero": 0,
                ":now": now.timestamp(),
                ":completed": "completed",
                ":lost": "lost",
            },
            "attribute_exists(#pk) AND NOT #status IN (:completed, :lost)"
            " AND (attribute_not_exists(#lease_until) OR #lease_until <= :now)",
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

    def _key_of(self, job: Job) -> Key:
        return self.key(job.campaign_id, job.start, job.end)


def _most_pages(job: Job) -> int:
    """Pages that the job may have written: a run may have been cut off between a page and its checkpoint."""
    return max(job.position.page + 1, job.pages_before)


def _position_item(position: Position) -> Item:
    return {name: getattr(position, name) for name in Position.__slots__}
