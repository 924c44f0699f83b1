"""Outcomes that change after they were pulled: their windows are pulled anew, once for many changes.

    a disposition was applied -> is its call pulled already? -> the window is marked, due in a while
    the sweeper finds it due  -> asks for the window's pull with `refresh`, takes the mark away

What is pulled anew has its parts, its manifest and its summary made anew from what CXone says then, and the
CRM gets it like the first time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from outbound.clock import Clock, format_time, parse_time
from outbound.events import Bus, Event, EventType, event_of_type
from outbound.outcomes.job import Job
from outbound.outcomes.jobs import Jobs
from outbound.outcomes.query import retained_since
from outbound.store.table import Item, Key, Table

if TYPE_CHECKING:
    # The sweeper needs no settings, and loads nothing that it does not need.
    from outbound.outcomes.settings import OutcomeSettings

DUE_CORRECTIONS = "corrections"

# No job is longer, so the one that holds a call starts within a day before it.
_LONGEST_JOB = timedelta(days=1)
# A job that waits reads the changed outcome anyway.
_READ_ALREADY = frozenset({"running", "completed"})
_REMEMBERED = timedelta(days=30)


class Corrections:
    """Remembers which windows have to be pulled anew."""

    def __init__(self, table: Table, jobs: Jobs, bus: Bus, tenant: str, clock: Clock) -> None:
        """Keep marks in the state table, ask on this bus."""
        self._table = table
        self._jobs = jobs
        self._bus = bus
        self._tenant = tenant
        self._clock = clock

    def note(self, event: Event, settings: OutcomeSettings) -> None:
        """Mark the window of the call whose outcome a disposition changed, if it was pulled already."""
        data = event.data
        moment = _moment(data)
        changed = data.get("outcome_before") != data.get("outcome_code")
        campaign_id = data.get("campaign_id")
        if moment is None or not changed or not isinstance(campaign_id, str):
            return
        job = self._job_at(campaign_id, moment)
        now = self._clock.now()
        if job and job.status in _READ_ALREADY and job.start >= retained_since(settings, now):
            self._mark(job, now, now + timedelta(seconds=settings.correction_seconds))

    def request(self, item: Item) -> None:
        """Ask for the pull of a marked window, and take the mark away unless it was renewed meanwhile."""
        start, end = parse_time(item["start"]), parse_time(item["end"])
        job = self._jobs.get(self._jobs.key(item["campaign_id"], start, end))
        if job and job.status == "running":
            # Its run may have read the call before it changed; once it has ended, it is pulled anew.
            return
        data = {
            "campaign_id": item["campaign_id"],
            "start": item["start"],
            "end": item["end"],
            "refresh": True,
        }
        now, effect = self._clock.now(), (item["campaign_id"], item["sk"], item["marked_at"])
        self._bus.publish([event_of_type(EventType.PULL_REQUESTED, self._tenant, now, effect, data)])
        seen = {":seen": item["marked_at"]}
        self._table.update(
            Key(item["pk"], item["sk"]), "REMOVE #due_kind, #due_at", seen, "#marked_at = :seen"
        )

    def _mark(self, job: Job, now: datetime, due: datetime) -> None:
        start, end = format_time(job.start), format_time(job.end)
        self._table.update(
            Key(f"{self._tenant}#correction#{job.campaign_id}", f"{start}-{end}"),
            "SET #campaign_id = :campaign, #start = :start, #end = :end, #marked_at = :now, #ttl = :ttl,"
            " #due_kind = :kind, #due_at = if_not_exists(#due_at, :due)",
            {
                ":campaign": job.campaign_id,
                ":start": start,
                ":end": end,
                ":now": format_time(now),
                ":ttl": int((now + _REMEMBERED).timestamp()),
                ":kind": DUE_CORRECTIONS,
                ":due": int(due.timestamp()),
            },
        )

    def _job_at(self, campaign_id: str, moment: datetime) -> Job | None:
        for job in self._jobs.of_campaign(campaign_id, moment - _LONGEST_JOB):
            if job.start > moment:
                break
            if moment < job.end:
                return job
        return None


def _moment(data: Mapping[str, Any]) -> datetime | None:
    given = data.get("last_attempt_at")
    try:
        return parse_time(given) if isinstance(given, str) else None
    except ValueError:
        return None
