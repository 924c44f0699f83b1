"""Pull jobs: one per campaign and window, its lease, its checkpoint, and the parts that it wrote.

    planned -> queued -> running -> completed
                  ^         |
                  +-- failed (planned again later, until it is pulled or out of CXone's retention)

A job that is not completed stands in the due index with the moment at which its message is (again) to
be sent, so that a lost message is no lost window. A run holds a lease that outlives the function's
time-out: while it lasts no other run can be at work, and every write carries the lease's fence, so a run
that lost it cannot write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from outbound.clock import format_time, parse_time
from outbound.events import Event
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table, Written

DUE_DISPATCH = "dispatch"

# A queued job that has not ended by then is sent again: its message may be lost or dead-lettered.
_WATCHDOG = timedelta(hours=6)
_JOB_TTL = timedelta(days=400)
# Parts are needed until the manifest stands; afterwards they serve looking into a job.
_PART_TTL = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run stands: the next page's number and token, and what detects a token that comes round again.

    `landmark` is a token seen earlier; it moves forward after 1, 2, 4, 8, ... pages (Brent's cycle
    detection), so a repeating token is noticed within twice the length of its cycle, at constant size.
    """

    page: int = 0
    token: str = ""
    landmark: str = ""
    landmark_reach: int = 1
    since_landmark: int = 0
    failed_tries: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A pull job as it is stored."""

    job_id: str
    campaign_id: str
    start: datetime
    end: datetime
    status: str
    origin: str
    generation: int
    correlation_id: str
    initiated_at: str
    fence: int
    failures: int
    pages_before: int
    position: Position
    result: Item


@dataclass(frozen=True, slots=True)
class Part:
    """One written page: its object, what it holds, and its analysis as JSON."""

    page: int
    key: str
    sha256: str
    records: int
    size: int
    set_aside: dict[str, int]
    analysis: str


class Jobs:
    """Reads and writes the pull jobs of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep jobs in the state table."""
        self._table = table
        self._tenant = tenant

    def key(self, campaign_id: str, start: datetime, end: datetime) -> Key:
        """The key of a campaign's job over a window; jobs of a campaign sort by time."""
        return Key(f"{self._tenant}#job#{campaign_id}", f"{_compact(start)}-{_compact(end)}")

    def get(self, key: Key) -> Job | None:
        """Give a job, or None."""
        item = self._table.get(key)
        return _job(item) if item else None

    def of_campaign(self, campaign_id: str, since: datetime | None = None) -> Iterator[Job]:
        """Give a campaign's jobs in the order of their windows, those that start at `since` or later."""
        after = _compact(since) if since else ""
        for item in self._table.query(f"{self._tenant}#job#{campaign_id}", after=after):
            yield _job(item)

    def unfinished(self, limit: int) -> Iterator[Job]:
        """Give jobs that wait to be pulled, those first whose message is due first."""
        for item in self._table.due(DUE_DISPATCH, _FAR_FUTURE, limit):
            yield _job(item)

    def planning(
        self,
        campaign_id: str,
        start: datetime,
        end: datetime,
        origin: str,
        now: datetime,
        send_at: datetime,
        correlation_id: str,
    ) -> Item:
        """Make the write of a new job, to go into the same transaction as the watermark."""
        key = self.key(campaign_id, start, end)
        item = {
            "job_id": f"{campaign_id}-{key.sk}",
            "campaign_id": campaign_id,
            "start": format_time(start),
            "end": format_time(end),
            "status": "planned",
            "origin": origin,
            "generation": 1,
            "correlation_id": correlation_id,
            "initiated_at": format_time(now),
            "ttl": int((now + _JOB_TTL).timestamp()),
            **_due(send_at),
        }
        return self._table.putting(key, item, "attribute_not_exists(#pk)")

    def again(self, job: Job, now: datetime, correlation_id: str) -> bool:
        """Plan a job anew that has ended: its pages are read again and its parts are overwritten."""
        written = self._table.update(
            self._key_of(job),
            "SET #status = :planned, #generation = :next, #initiated_at = :now, #correlation_id = :correlation,"
            " #pages_before = :pages, #failures = :zero, #due_kind = :kind, #due_at = :at REMOVE #position, #result, #facts",
            {
                ":planned": "planned",
                ":next": job.generation + 1,
                ":generation": job.generation,
                ":now": format_time(now),
                ":correlation": correlation_id,
                ":pages": max(job.position.page, job.pages_before),
                ":zero": 0,
                ":kind": DUE_DISPATCH,
                ":at": int(now.timestamp()),
                ":completed": "completed",
                ":failed": "failed",
            },
            "#generation = :generation AND #status IN (:completed, :failed) AND attribute_not_exists(#facts)",
        )
        return written.done

    def dispatched(self, job: Job, now: datetime) -> None:
        """Note that a job's message is on the queue; should it get lost, it is sent again later."""
        self._table.update(
            self._key_of(job),
            "SET #status = :queued, #due_at = :at",
            {":queued": "queued", ":at": int((now + _WATCHDOG).timestamp()), ":kind": DUE_DISPATCH},
            # Only a job that still waits for its message stands in the index under this kind.
            "#due_kind = :kind",
        )

    def claim(self, key: Key, now: datetime, lease_seconds: float) -> Written:
        """Take a job's lease, if nobody holds it, the job is not completed, and it owes no fact."""
        return self._table.update(
            key,
            "SET #status = :running, #lease_until = :until ADD #fence :one, #failures :one",
            {
                ":running": "running",
                ":until": now.timestamp() + lease_seconds,
                ":now": now.timestamp(),
                ":one": 1,
                ":completed": "completed",
            },
            "attribute_exists(#pk) AND #status <> :completed AND attribute_not_exists(#facts)"
            " AND (attribute_not_exists(#lease_until) OR #lease_until <= :now)",
        )

    def checkpoint(self, job: Job, position: Position, part: Part | None, now: datetime) -> Job | None:
        """Write down a page and where the run stands after it, both or neither.

        Gives the job at its new position, or None where the lease was lost. Progress forgives earlier
        failures: only runs in a row that get nowhere count.
        """
        values = {":position": _position_item(position), ":fence": job.fence, ":one": 1}
        moved = self._table.updating(
            self._key_of(job), "SET #position = :position, #failures = :one", values, "#fence = :fence"
        )
        writes = [moved]
        if part is not None:
            item = {name: getattr(part, name) for name in Part.__slots__} | {
                "ttl": int((now + _PART_TTL).timestamp())
            }
            writes.append(self._table.putting(self._part_key(job, part.page), item))
        return replace(job, position=position, failures=1) if self._table.transact(writes) else None

    def release(self, job: Job, failed: bool) -> None:
        """Give the lease back, so that the next run need not wait for its end."""
        expression = "REMOVE #lease_until" if failed else "SET #failures = :zero REMOVE #lease_until"
        values: dict[str, Any] = {":fence": job.fence} | ({} if failed else {":zero": 0})
        self._table.update(self._key_of(job), expression, values, "#fence = :fence")

    def complete(self, job: Job, result: Item, fact: Event, now: datetime) -> Item | None:
        """End a job well, with its fact; give its item, or None where the lease was lost."""
        expression = f"SET #status = :status, #result = :result, {SET_FACTS} REMOVE #lease_until"
        values = {":status": "completed", ":result": result, ":fence": job.fence, **facts_values([fact], now)}
        written = self._table.update(self._key_of(job), expression, values, "#fence = :fence")
        return written.item if written.done else None

    def fail(
        self, job: Job, result: Item, fact: Event, now: datetime, again_at: datetime | None
    ) -> Item | None:
        """End a job badly, with its fact, and say when it is tried again, if ever; None where the lease was lost."""
        expression = f"SET #status = :status, #result = :result, #failures = :zero, {SET_FACTS}"
        values = {
            ":status": "failed",
            ":result": result,
            ":zero": 0,
            ":fence": job.fence,
            **facts_values([fact], now),
        }
        if again_at is not None:
            expression += ", #next_due = :next_due"
            values[":next_due"] = {"kind": DUE_DISPATCH, "at": int(again_at.timestamp())}
        written = self._table.update(
            self._key_of(job), f"{expression} REMOVE #lease_until", values, "#fence = :fence"
        )
        return written.item if written.done else None

    def parts(self, job: Job) -> Iterator[Part]:
        """Give the parts that a job has written, in the order of their pages."""
        for item in self._table.query(self._part_key(job, 0).pk):
            yield Part(**{name: item[name] for name in Part.__slots__})

    def forget_parts(self, job: Job, parts: Sequence[Part]) -> None:
        """Forget parts whose objects were removed."""
        for part in parts:
            self._table.delete(self._part_key(job, part.page))

    def _key_of(self, job: Job) -> Key:
        return self.key(job.campaign_id, job.start, job.end)

    def _part_key(self, job: Job, page: int) -> Key:
        return Key(f"{self._tenant}#part#{job.job_id}", f"{page:06}")


# The year 2200: every due moment lies before it.
_FAR_FUTURE = 7_258_118_400


def job_of(item: Item) -> Job:
    """Read a job from its item."""
    return _job(item)


def _due(send_at: datetime) -> Item:
    return {"due_kind": DUE_DISPATCH, "due_at": int(send_at.timestamp())}


def _compact(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _position_item(position: Position) -> Item:
    return {name: getattr(position, name) for name in Position.__slots__}


def _job(item: Item) -> Job:
    return Job(
        job_id=item["job_id"],
        campaign_id=item["campaign_id"],
        start=parse_time(item["start"]),
        end=parse_time(item["end"]),
        status=item["status"],
        origin=item["origin"],
        generation=int(item["generation"]),
        correlation_id=item["correlation_id"],
        initiated_at=item["initiated_at"],
        fence=int(item.get("fence", 0)),
        failures=int(item.get("failures", 0)),
        pages_before=int(item.get("pages_before", 0)),
        position=Position(**item.get("position", {})),
        result=item.get("result", {}),
    )
