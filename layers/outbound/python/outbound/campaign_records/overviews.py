"""What the stack's work for each campaign has come to, written anew each minute, and shown.

A campaign's pulls, its segment, its archive and what waits for it lie in the ledgers of four capabilities.
One item a campaign gathers them, so that a page of 200 campaigns takes one query; what has no campaign (dead
letters, problems) is one item of the stack. What could not be found out is None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from outbound.store.table import Key, Table

_REMEMBERED = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class PullsView:
    """How far a campaign's outcomes are pulled.

    Every call before `pulled_until` is in the lake, None before the first pull. `last_start` to `last_end` is
    the latest window that is there, with its `records`; `waiting` windows are planned and not there yet, the
    oldest of them for the `reason`.
    """

    pulled_until: datetime | None = None
    last_start: datetime | None = None
    last_end: datetime | None = None
    records: int | None = None
    waiting: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ContactsView:
    """Whom of its list a campaign may call, as of `judged_at`; `capped` of those that are callable later.

    `capped` is None of a segment that did not count them.
    """

    judged_at: datetime
    callable: int
    later: int
    refused: int
    capped: int | None = None


@dataclass(frozen=True, slots=True)
class ArchiveView:
    """A campaign's latest archive run; the counts are None until it has ended."""

    run_id: str
    status: str
    planned_at: datetime
    finished_at: datetime | None = None
    archived: int | None = None
    failed: int | None = None


@dataclass(frozen=True, slots=True)
class WaitingView:
    """Dispositions that wait for contacts in the dialer's hands; `is_least` where there may be more."""

    count: int
    oldest: datetime | None = None
    is_least: bool = False


@dataclass(frozen=True, slots=True)
class CampaignOverview:
    """What the stack's work for a registered campaign has come to."""

    campaign_id: str
    name: str
    noted_at: datetime
    is_pulled: bool = True
    pulls: PullsView | None = None
    contacts: ContactsView | None = None
    archive: ArchiveView | None = None
    waiting: WaitingView | None = None


@dataclass(frozen=True, slots=True)
class StackOverview:
    """What is of no campaign alone: dead letters by queue (None: unknown), problems of a day by type."""

    noted_at: datetime
    dead_letters: Mapping[str, int | None] = field(default_factory=dict)
    problems: Mapping[str, int] = field(default_factory=dict)
    problems_are_least: bool = False
    waiting: WaitingView | None = None


_CAMPAIGN, _STACK = TypeAdapter(CampaignOverview), TypeAdapter(StackOverview)


class Overviews:
    """Reads and writes the overviews of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep them in the state table."""
        self._table = table
        self._tenant = tenant

    def put(self, overview: CampaignOverview) -> bool:
        """Write a campaign's overview; False, without effect, where a later one is there."""
        key = Key(self._campaigns, overview.campaign_id)
        return self._put(key, overview.noted_at, _CAMPAIGN.dump_json(overview).decode())

    def put_stack(self, overview: StackOverview) -> bool:
        """Write the stack's overview; False, without effect, where a later one is there."""
        return self._put(self._stack, overview.noted_at, _STACK.dump_json(overview).decode())

    def all(self) -> Iterator[CampaignOverview]:
        """Return the overviews of all campaigns in the order of their ids."""
        for item in self._table.query(self._campaigns):
            yield _CAMPAIGN.validate_json(item["overview"])

    def noted(self) -> dict[str, float]:
        """Return when each campaign's overview was written last, in Unix seconds."""
        return {item["sk"]: float(item["noted_at"]) for item in self._table.query(self._campaigns)}

    def get(self, campaign_id: str) -> CampaignOverview | None:
        """Return a campaign's overview, or None where there is none yet."""
        item = self._table.get(Key(self._campaigns, campaign_id))
        return _CAMPAIGN.validate_json(item["overview"]) if item else None

    def stack(self) -> StackOverview | None:
        """Return the stack's overview, or None where there is none yet."""
        item = self._table.get(self._stack)
        return _STACK.validate_json(item["overview"]) if item else None

    @property
    def _campaigns(self) -> str:
        return f"{self._tenant}#campaign-overview"

    @property
    def _stack(self) -> Key:
        return Key(f"{self._tenant}#stack-overview", "latest")

    def _put(self, key: Key, noted_at: datetime, text: str) -> bool:
        return self._table.update(
            key,
            "SET #noted_at = :at, #overview = :overview, #ttl = :ttl",
            {
                ":at": noted_at.timestamp(),
                ":overview": text,
                ":ttl": int((noted_at + _REMEMBERED).timestamp()),
            },
            "attribute_not_exists(#noted_at) OR #noted_at <= :at",
        ).done
