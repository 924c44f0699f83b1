"""Pull jobs: one per campaign and window, how they are planned and sent.

    planned -> queued -> running -> completed
                  ^         |-----> lost     (the window is out of CXone's retention)
                  +------ failed             (tried again later)

A job that has not ended stands in the due index with the moment at which its message is (again) to be
sent, so that a lost message does not lose its window. One that has ended stands there until its window is
pulled once more after the longest call. What a run writes while it is at work is in `leased_jobs.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from outbound.clock import format_time
from outbound.outcomes.job import Job, compact, job_of
from outbound.store.table import Item, Key, Table, Written

DUE_DISPATCH = "dispatch"
DUE_LONG_CALLS = "long_calls"

# A queued job that has not ended by then is sent again: its message may be lost or dead-lettered.
WATCHDOG = timedelta(hours=6)
_JOB_TTL = timedelta(days=400)
# More requests for one window than arrive within the time in which one could arrive again.
_REQUESTS_REMEMBERED = 100
# The year 2200: every due moment lies before it.
_FAR_FUTURE = 7_258_118_400


class Jobs:
    """Reads and writes the pull jobs of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep jobs in the state table."""
        self._table = table
        self._tenant = tenant

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

    def latest(self, campaign_id: str, limit: int) -> Iterator[Job]:
        """Return at most so many of a campaign's jobs, that of the latest window first."""
        for item in self._table.query(f"{self._tenant}#job#{campaign_id}", descending=True, limit=limit):
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
                ":pages": job.most_pages,
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
        watchdog = int((now + WATCHDOG).timestamp())
        self._table.update(
            self._key_of(job),
            "SET #status = :queued, #due_at = :at",
            {":queued": "queued", ":at": watchdog, ":kind": DUE_DISPATCH, ":seen": job.due_at},
            # A run that was faster than this note has moved the due moment, and is not to be disturbed.
            "#due_kind = :kind AND #due_at = :seen",
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

    def _key_of(self, job: Job) -> Key:
        return self.key(job.campaign_id, job.start, job.end)
