"""The health of each campaign as it was seen last: one item a campaign, newest by time, for those who watch.

The monitor writes it at each look; the dashboard and the command read nothing else to list all campaigns.
What could not be found out is None, and is shown as unknown rather than as nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from pydantic import TypeAdapter

from outbound.steering.abandonment import Level
from outbound.steering.health import Source
from outbound.steering.situation import CampaignState
from outbound.store.table import Key, Table

_REMEMBERED = timedelta(days=30)
# Of a campaign that is looked at each minute the record is younger, though some looks are missed.
_LOOKED_AT = timedelta(minutes=5)


class Attention(StrEnum):
    """Why a person has to look at a campaign, the most urgent first."""

    ABANDONMENT_OVER = "abandonment_over"
    UNATTENDED = "unattended"
    FAILOVER_FAILED = "failover_failed"
    CANNOT_FAIL_OVER = "cannot_fail_over"
    NOT_AS_WANTED = "not_as_wanted"
    """CXone does not do what was decided."""

    METRICS_STALE = "metrics_stale"
    NOT_SEEN = "not_seen"
    """CXone could not be asked, or has no such campaign."""

    BREACH = "breach"
    FAILOVER_UNDER_WAY = "failover_under_way"
    ABANDONMENT_NEAR = "abandonment_near"
    FAILED_OVER = "failed_over"
    """Its calls are with its backup."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What the newest sample says: of its window (`start` to `end`), and of the moment it was measured at.

    `success_low` and `success_high` are Wilson's bounds of the success rate, None where no calls are counted.
    """

    source: Source
    start: datetime
    end: datetime
    measured_at: datetime
    calls: int | None = None
    successes: int | None = None
    success_rate: float | None = None
    success_low: float | None = None
    success_high: float | None = None
    calls_under_way: int | None = None
    agents_at_work: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The calls of a span of days that persons answered, from `start` on and before `end` (UTC)."""

    start: date
    end: date
    answered: int
    abandoned: int

    @property
    def share(self) -> float | None:
        """The share that was abandoned, None where none was answered."""
        return self.abandoned / self.answered if self.answered else None


@dataclass(frozen=True, slots=True)
class AbandonmentView:
    """How the campaign's offer stands: all campaigns of the same seller and subject, counted together.

    `reported` is CXone's own share, None where it names none.
    """

    level: Level
    period: Span
    rolling: Span
    reported: float | None = None


@dataclass(frozen=True, slots=True)
class FailoverView:
    """How the failover of a campaign that has a backup stands.

    `reasons` says why there is none now. `switched` is `fail_over` or `fail_back`, empty where there never
    was one; `under_way` whether its steps are still being taken.
    """

    backup_id: str
    reasons: tuple[str, ...] = ()
    held_by_person: bool = False
    switched: str = ""
    switched_at: datetime | None = None
    under_way: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the charts: the shares of a window that ended at a moment; None leaves a gap."""

    at: datetime
    success_rate: float | None = None
    abandonment_rate: float | None = None


@dataclass(frozen=True, slots=True)
class HealthRecord:
    """A campaign as it was seen last.

    `status_name` is CXone's own word for its state. `wanted` is what the newest decision wants of it, None
    where there is no decision. `window_open` is None where the campaign names no hours and zone;
    `window_changes_at` is when it opens or closes next. `recent` are the last hours, the oldest first.
    """

    campaign_id: str
    name: str
    looked_at: datetime
    state: CampaignState
    status_name: str = ""
    state_since: datetime | None = None
    wanted: CampaignState | None = None
    held_by: tuple[str, ...] = ()
    window_open: bool | None = None
    window_changes_at: datetime | None = None
    time_zone: str = ""
    threshold: float | None = None
    calls: Calls | None = None
    abandonment: AbandonmentView | None = None
    failover: FailoverView | None = None
    attention: tuple[Attention, ...] = ()
    recent: tuple[Point, ...] = ()


_RECORD = TypeAdapter(HealthRecord)


class HealthRecords:
    """Reads and writes the health records of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep them in the state table."""
        self._table = table
        self._tenant = tenant

    def put(self, record: HealthRecord, now: datetime) -> bool:
        """Write a record; False, without effect, where one of a later look is there."""
        return self._table.update(
            self._key(record.campaign_id),
            "SET #looked_at = :at, #record = :record, #ttl = :ttl",
            {
                ":at": record.looked_at.timestamp(),
                ":record": _RECORD.dump_json(record).decode(),
                ":ttl": int((now + _REMEMBERED).timestamp()),
            },
            "attribute_not_exists(#looked_at) OR #looked_at <= :at",
        ).done

    def get(self, campaign_id: str) -> HealthRecord | None:
        """Return a campaign's record, or None where it was never looked at."""
        item = self._table.get(self._key(campaign_id))
        return _RECORD.validate_json(item["record"]) if item else None

    def all(self) -> Iterator[HealthRecord]:
        """Return all records in the order of the campaigns' ids."""
        for item in self._table.query(self._key("").pk):
            yield _RECORD.validate_json(item["record"])

    def current(self, registered: Container[str], now: datetime) -> Iterator[HealthRecord]:
        """Return the records of campaigns that are registered, or are looked at all the same.

        One that was removed while its failover is under way is looked at until that has ended.
        """
        for record in self.all():
            if record.campaign_id in registered or now - record.looked_at <= _LOOKED_AT:
                yield record

    def _key(self, campaign_id: str) -> Key:
        return Key(f"{self._tenant}#campaign-health", campaign_id)
