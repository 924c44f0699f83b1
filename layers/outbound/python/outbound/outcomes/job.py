"""A pull job and its parts as values, and how a job is read from its item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from outbound.clock import parse_time
from outbound.store.table import Item


@dataclass(frozen=True, slots=True)
class Position:
    """Where a pull stands: the next page's number and token, the query that the token belongs to, and more.

    `since` is where the query starts, later than the window where CXone no longer had its beginning, and
    `query` tells one query from another. `landmark` is a token seen earlier, for noticing one that comes
    round again.
    """

    page: int = 0
    token: str = ""
    since: str = ""
    query: str = ""
    landmark: str = ""
    landmark_reach: int = 1
    since_landmark: int = 0
    failed_tries: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch that was begun: the pages replaced so far, and what the new generation changed, if known."""

    pages: int
    changes: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Job:
    """A pull job as it is stored.

    `generation` counts how often the window was pulled from its beginning on purpose, `fence` its runs,
    `failures` those in a row that got nowhere, `interruptions` all that were interrupted, `failed_pulls`
    how often the job ended badly, and `pages_before` the most pages that an earlier pull of it wrote.
    `interruption` says why the last run stopped before the end, until one gets further.
    `requests` are the latest requests that were answered by planning it. `staged` says that a generation is
    pulled beside one that the lake keeps, `quiet` that no fact is published unless it differs from that one,
    and `switch` how far the lake's objects were replaced by it. `result` is of the generation in the lake.
    """

    job_id: str
    campaign_id: str
    start: datetime
    end: datetime
    status: str
    origin: str
    generation: int
    correlation_id: str
    initiated_at: str = ""
    fence: int = 0
    failures: int = 0
    interruptions: int = 0
    failed_pulls: int = 0
    pages_before: int = 0
    due_at: int = 0
    requests: tuple[str, ...] = ()
    staged: bool = False
    quiet: bool = False
    switch: Switch | None = None
    position: Position = Position()
    result: Item = field(default_factory=dict)
    interruption: str = ""
    lease_until: float = 0.0
    again_at: int = 0

    @property
    def in_the_lake(self) -> bool:
        """Whether the lake holds a whole generation of the window, whatever becomes of a later one."""
        return "manifest" in self.result

    @property
    def most_pages(self) -> int:
        """Pages that it may have written: a run may have been cut off between a page and its checkpoint."""
        return max(self.position.page + 1, self.pages_before)


@dataclass(frozen=True, slots=True)
class Part:
    """A written part: its object (no key where no record was kept), what it holds, its analysis as JSON.

    It is of `pages` pages from `page` on. `key` is where the object lies once its generation is the lake's.
    `ids` are the numbers of its calls, as `seen_calls` makes them.
    """

    page: int
    key: str
    sha256: str
    records: int
    size: int
    set_aside: dict[str, int]
    analysis: str
    ids: bytes = b""
    pages: int = 1

    @property
    def next_page(self) -> int:
        """The first page behind it."""
        return self.page + self.pages


def new_job(
    campaign_id: str,
    start: datetime,
    end: datetime,
    origin: str,
    send_at: datetime,
    correlation_id: str,
    request_id: str = "",
) -> Job:
    """Return a job that is not written yet.

    Args:
        campaign_id: Whose outcomes it pulls.
        start: The beginning of its window.
        end: The end of its window, itself outside.
        origin: What asked for it.
        send_at: When its message is to be sent.
        correlation_id: Of what asked for it.
        request_id: The request that it answers, if it does.
    """
    return Job(
        job_id=f"{campaign_id}-{compact(start)}-{compact(end)}",
        campaign_id=campaign_id,
        start=start,
        end=end,
        status="planned",
        origin=origin,
        generation=1,
        correlation_id=correlation_id,
        due_at=int(send_at.timestamp()),
        requests=(request_id,) if request_id else (),
    )


def job_of(item: Item) -> Job:
    """Read a job from its item."""
    counts = ("generation", "fence", "failures", "interruptions", "failed_pulls", "pages_before", "due_at")
    known = {name: value for name, value in item.get("position", {}).items() if name in Position.__slots__}
    switch = item.get("switch")
    return Job(
        job_id=item["job_id"],
        campaign_id=item["campaign_id"],
        start=parse_time(item["start"]),
        end=parse_time(item["end"]),
        status=item["status"],
        origin=item["origin"],
        correlation_id=item["correlation_id"],
        initiated_at=item.get("initiated_at", ""),
        position=Position(**known),
        result=item.get("result", {}),
        interruption=item.get("interruption", ""),
        lease_until=float(item.get("lease_until", 0)),
        again_at=int(item.get("again_at", 0)),
        # A single one is what earlier versions remembered.
        requests=tuple(item.get("requests") or filter(None, [item.get("asked_by")])),
        staged=item.get("staged", False),
        quiet=item.get("quiet", False),
        switch=Switch(int(switch["pages"]), switch.get("changes")) if switch else None,
        **{name: int(item.get(name, 0)) for name in counts},
    )


def compact(moment: datetime) -> str:
    """Return a moment as it stands in keys, which then sort by time."""
    return moment.strftime("%Y%m%dT%H%M%SZ")
