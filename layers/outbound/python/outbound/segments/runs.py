"""Runs of segmentation: one at a time a campaign, its lease, and its checkpoint.

    (new) --claim--> running --finish--> finished, and the campaign's current segment
             ^         |------ fail ---> failed; the same request begins anew
             |         v
             +---- released, or its lease has ended: resumed behind the last part

A run that has not moved on for half an hour begins anew, with the next attempt: what it judged first would be
older than it says, and changes of consent wait for it no longer. Each attempt writes beside the earlier ones.
Every write carries the fence of its lease, and the campaign's own item, which names the one run that is at
work, is part of the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from outbound.calling.segment_index import Segmented, campaign_key, marks_key, part_key, segmented_of
from outbound.clock import format_time, parse_time
from outbound.events import Event, deterministic_id
from outbound.segments.tally import Tally
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table

STALE = timedelta(minutes=30)
"""A run that has not moved on for so long is not at work any more."""

_REMEMBERED = timedelta(days=400)
# The latest segments of so many queries count for a campaign's contacts.
_MOST_SEEN = 10
_LONGEST_REASON = 500


class RunStatus(StrEnum):
    """How far a run is, or how it ended."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a run has come: which query, the page that comes next, and the parts that are written.

    `read` contacts came of the query so far. `tail` are the fingerprints of the last page, some of which a
    list that grows meanwhile shows again.
    """

    query: int = 0
    page: int = 1
    page_size: int = 0
    parts: int = 0
    read: int = 0
    total: int | None = None
    first_total: int | None = None
    tail: tuple[int, ...] = ()
    done: bool = False


@dataclass(frozen=True, slots=True)
class SegmentRun:
    """One run over one campaign's list. `judged_at` is when it began, and the moment by which it judges."""

    campaign_id: str
    name: str
    request_id: str
    correlation_id: str
    attributes: Mapping[str, str]
    status: RunStatus = RunStatus.RUNNING
    judged_at: datetime | None = None
    fence: int = 0
    failures: int = 0
    lease_until: float = 0.0
    cursor: Cursor = Cursor()
    tally: Tally = field(default_factory=Tally)
    result: Mapping[str, Any] = field(default_factory=dict)
    """What it came to: the data of its fact."""

    interruption: str = ""
    attempt: int = 0

    @property
    def run_id(self) -> str:
        """The id of its rows: what is judged anew has another."""
        return f"{self.name}-{self.attempt}"


@dataclass(frozen=True, slots=True)
class Part:
    """An object of the lake that a run wrote."""

    number: int
    key: str
    sha256: str
    rows: int
    size: int
    offsets: bytes
    marks: bytes


@dataclass(frozen=True, slots=True)
class Claimed:
    """A run that is at work now, or why it is not: `wait` in seconds, or nothing is left to do."""

    run: SegmentRun | None = None
    wait: float = 0.0
    reason: str = ""


class SegmentRuns:
    """Reads and writes the runs of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep runs in the state table."""
        self._table = table
        self._tenant = tenant

    @property
    def tenant(self) -> str:
        """Whose runs they are."""
        return self._tenant

    def name(self, campaign_id: str, request_id: str) -> str:
        """Return the name of the run that a request asks for."""
        return deterministic_id("segment", self._tenant, campaign_id, request_id)

    def key(self, campaign_id: str, name: str) -> Key:
        """Return the key of a run."""
        return Key(f"{self._tenant}#segment#{campaign_id}", f"run#{name}")

    def get(self, campaign_id: str, name: str) -> SegmentRun | None:
        """Return a run, or None."""
        item = self._table.get(self.key(campaign_id, name))
        return run_of(item) if item else None

    def item(self, campaign_id: str, name: str) -> Item:
        """Return the item of a run with the facts that it still carries, empty where there is none."""
        return self._table.get(self.key(campaign_id, name)) or {}

    def current(self, campaign_id: str) -> SegmentRun | None:
        """Return the run that is a campaign's current segment, None where the campaign has none."""
        run_id = self.segmented(campaign_id).run_id
        return self.get(campaign_id, run_id.rpartition("-")[0]) if run_id else None

    def currents(self, campaign_ids: Collection[str]) -> dict[str, SegmentRun]:
        """Return the runs that are current segments, by campaign; campaigns without are left out."""
        found = self._table.get_many(campaign_key(self._tenant, each) for each in campaign_ids)
        segmented = [segmented_of(item) for item in found.values()]
        runs = self._table.get_many(
            self.key(each.campaign_id, each.run_id.rpartition("-")[0]) for each in segmented if each.run_id
        )
        return {run.campaign_id: run for run in map(run_of, runs.values())}

    def segmented(self, campaign_id: str) -> Segmented:
        """Return a campaign's segments."""
        item = self._table.get(campaign_key(self._tenant, campaign_id))
        return segmented_of(item or {"sk": campaign_id})

    def claim(self, asked: SegmentRun, now: datetime, lease_seconds: float) -> Claimed:
        """Take the lease of a run and its campaign's place, or return when to come back."""
        item = self.item(asked.campaign_id, asked.name)
        campaign = self.segmented(asked.campaign_id)
        known = run_of(item) if item else asked
        if item and known.status is RunStatus.FINISHED:
            return Claimed()
        if known.lease_until > now.timestamp():
            return Claimed(wait=known.lease_until - now.timestamp(), reason="another invocation is at work")
        at_work = bool(campaign.open_run) and not _is_stale(campaign, now)
        if at_work and campaign.open_run != asked.name:
            return Claimed(wait=_LEFT_ALONE_SECONDS, reason="another segmentation of the campaign is at work")
        resumed = at_work and bool(item) and known.status is RunStatus.RUNNING
        run = known if resumed else replace(asked, judged_at=now, attempt=known.attempt + 1)
        run = replace(
            run,
            status=RunStatus.RUNNING,
            fence=known.fence + 1,
            failures=(known.failures if known.status is RunStatus.RUNNING else 0) + 1,
            lease_until=now.timestamp() + lease_seconds,
        )
        place = self._opening(run, campaign, now, resumed)
        if not self._table.transact([self._claiming(run, known.fence, now), place]):
            return Claimed(wait=1.0, reason="another invocation was faster")
        return Claimed(run)

    def checkpoint(self, run: SegmentRun, part: Part | None, now: datetime) -> SegmentRun | None:
        """Write down a part and where the run stands behind it, all or nothing; None where it was lost.

        Progress forgives earlier failures: only invocations in a row that get nowhere count.
        """
        values = {
            ":cursor": _stored_cursor(run.cursor),
            ":tally": run.tally.stored(),
            ":one": 1,
            ":fence": run.fence,
        }
        progress = "SET #cursor = :cursor, #tally = :tally, #failures = :one REMOVE #interruption"
        key = self.key(run.campaign_id, run.name)
        moved = self._table.updating(
            campaign_key(self._tenant, run.campaign_id),
            "SET #open_at = :now",
            {":now": format_time(now), ":run": run.name},
            "#open_run = :run",
        )
        written = self._putting(run, part, now) if part else []
        checked = self._table.updating(key, progress, values, "#fence = :fence")
        return replace(run, failures=1) if self._table.transact([checked, moved, *written]) else None

    def _putting(self, run: SegmentRun, part: Part, now: datetime) -> list[Item]:
        number, ttl = f"{part.number:04}", _ttl(now)
        stored = {"key": part.key, "sha256": part.sha256, "rows": part.rows, "size": part.size}
        marks = {"marks": part.marks, "ttl": ttl}
        stored |= {"offsets": part.offsets, "ttl": ttl}
        return [
            self._table.putting(part_key(self._tenant, run.run_id, number), stored),
            self._table.putting(marks_key(self._tenant, run.run_id, number), marks),
        ]

    def release(self, run: SegmentRun, failed: bool, why: str) -> None:
        """Release the lease, so that the next invocation need not wait for its end; a failure counts."""
        values: Item = {":fence": run.fence, ":zero": 0, ":why": why[:_LONGEST_REASON]}
        counted = "" if failed else " ADD #failures :less"
        values |= {} if failed else {":less": -1}
        self._table.update(
            self.key(run.campaign_id, run.name),
            f"SET #lease_until = :zero, #interruption = :why{counted}",
            values,
            "#fence = :fence",
        )

    def finish(self, run: SegmentRun, result: Mapping[str, Any], fact: Event, now: datetime) -> Item | None:
        """End a run with its fact, and make it its campaign's current segment; None where it was lost."""
        campaign = self.segmented(run.campaign_id)
        others = [one for one in campaign.seen if one["query"] != _query_of(run)]
        seen = [{"run_id": run.run_id, "query": _query_of(run)}, *others][:_MOST_SEEN]
        switch = self._table.updating(
            campaign_key(self._tenant, run.campaign_id),
            f"SET #run_id = :id, #seen = :seen, #judged_at = :judged {_CLOSED}",
            {":run": run.name, ":id": run.run_id, ":seen": seen, ":judged": format_time(_moment(run))},
            "#open_run = :run",
        )
        return self._ended(run, RunStatus.FINISHED, result, fact, now, switch)

    def fail(self, run: SegmentRun, result: Mapping[str, Any], fact: Event, now: datetime) -> Item | None:
        """End a run with the fact that it failed; the current segment stays; None where it was lost."""
        closing = self._table.updating(
            campaign_key(self._tenant, run.campaign_id),
            _CLOSED,
            {":run": run.name},
            "#open_run = :run",
        )
        return self._ended(run, RunStatus.FAILED, result, fact, now, closing)

    def _ended(
        self,
        run: SegmentRun,
        status: RunStatus,
        result: Mapping[str, Any],
        fact: Event,
        now: datetime,
        campaign: Item,
    ) -> Item | None:
        key = self.key(run.campaign_id, run.name)
        values = {
            ":status": status.value,
            ":result": dict(result),
            ":tally": run.tally.stored(),
            ":zero": 0,
            ":now": format_time(now),
            ":fence": run.fence,
            **facts_values([fact], now),
        }
        ending = self._table.updating(
            key,
            "SET #status = :status, #result = :result, #tally = :tally, #lease_until = :zero,"
            f" #ended_at = :now, {SET_FACTS} REMOVE #interruption",
            values,
            "#fence = :fence",
        )
        return self._table.get(key) if self._table.transact([ending, campaign]) else None

    def _claiming(self, run: SegmentRun, fence: int, now: datetime) -> Item:
        values = {
            ":status": run.status.value,
            ":request": run.request_id,
            ":correlation": run.correlation_id,
            ":campaign": run.campaign_id,
            ":attributes": dict(run.attributes),
            ":judged": format_time(_moment(run)),
            ":cursor": _stored_cursor(run.cursor),
            ":tally": run.tally.stored(),
            ":failures": run.failures,
            ":attempt": run.attempt,
            ":until": run.lease_until,
            ":next": run.fence,
            ":ttl": _ttl(now),
        }
        expression = (
            "SET #status = :status, #request_id = :request, #correlation_id = :correlation,"
            " #campaign_id = :campaign, #attributes = :attributes, #judged_at = :judged, #cursor = :cursor,"
            " #tally = :tally, #failures = :failures, #attempt = :attempt, #lease_until = :until,"
            " #fence = :next, #ttl = :ttl"
        )
        condition = "attribute_not_exists(#fence)"
        if fence:
            condition, values[":fence"] = "#fence = :fence", fence
        return self._table.updating(self.key(run.campaign_id, run.name), expression, values, condition)

    def _opening(self, run: SegmentRun, campaign: Segmented, now: datetime, resumed: bool) -> Item:
        values = {":run": run.name, ":since": format_time(_moment(run))}
        condition = "attribute_not_exists(#open_run)"
        if campaign.open_run and campaign.open_at:
            condition = "#open_run = :open AND #open_at = :at"
            values |= {":open": campaign.open_run, ":at": format_time(campaign.open_at)}
        expression = "SET #open_run = :run, #open_since = :since"
        if not resumed:
            # A claim alone does not count: a run that is only ever claimed is stale in the end.
            expression, values[":now"] = f"{expression}, #open_at = :now", format_time(now)
        return self._table.updating(
            campaign_key(self._tenant, run.campaign_id), expression, values, condition
        )


_CLOSED = "REMOVE #open_run, #open_since, #open_at"
_LEFT_ALONE_SECONDS = 60.0


def run_of(item: Item) -> SegmentRun:
    """Read a run as its item has it."""
    cursor = dict(item.get("cursor", {}))
    return SegmentRun(
        item["campaign_id"],
        item["sk"].removeprefix("run#"),
        item["request_id"],
        item["correlation_id"],
        item.get("attributes", {}),
        RunStatus(item["status"]),
        parse_time(item["judged_at"]),
        int(item.get("fence", 0)),
        int(item.get("failures", 0)),
        float(item.get("lease_until", 0)),
        Cursor(**{**cursor, "tail": tuple(cursor.get("tail", ()))}),
        Tally.of(item.get("tally", {})),
        item.get("result", {}),
        item.get("interruption", ""),
        int(item.get("attempt", 0)),
    )


def _stored_cursor(cursor: Cursor) -> dict[str, Any]:
    return {**asdict(cursor), "tail": list(cursor.tail)}


def _query_of(run: SegmentRun) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(run.attributes.items()))


def _moment(run: SegmentRun) -> datetime:
    if run.judged_at is None:
        raise ValueError(f"the run {run.run_id} has not begun")
    return run.judged_at


def _is_stale(campaign: Segmented, now: datetime) -> bool:
    return campaign.open_at is None or now - campaign.open_at > STALE


def _ttl(now: datetime) -> int:
    return int((now + _REMEMBERED).timestamp())
