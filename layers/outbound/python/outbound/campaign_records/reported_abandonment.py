"""The abandonment that CXone itself reports of campaigns: beside what is counted by us, never for it.

    <tenant>#reported-abandonment / <campaign>   the last two days' hours, the newest hour's end

CXone does not say which calls its share is of: a share of several hours is only there where it names counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from outbound.clock import format_time
from outbound.store.table import Item, Key, Table

_KEPT = timedelta(days=2)
_REMEMBERED = timedelta(days=30)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ReportedHourShare:
    """The share of an hour as CXone reports it; counts are None where it names none."""

    hour: datetime
    share: float | None
    answered: int | None = None
    abandoned: int | None = None


@dataclass(frozen=True, slots=True)
class ReportedAbandonment:
    """What CXone reports of a campaign; `source` is the label that it is shown with."""

    campaign_id: str
    hours: tuple[ReportedHourShare, ...]
    """The oldest first."""

    source: str = "reported"

    @property
    def newest(self) -> ReportedHourShare | None:
        """The last hour of which there is a share."""
        return next((each for each in reversed(self.hours) if each.share is not None), None)

    def share_since(self, since: datetime) -> float | None:
        """Return the share of all hours from a moment on, None unless CXone counts the calls of each."""
        hours = [each for each in self.hours if each.hour >= since]
        counted = [
            (each.answered, each.abandoned)
            for each in hours
            if each.answered is not None and each.abandoned is not None
        ]
        answered = sum(each for each, _ in counted)
        if len(counted) < len(hours) or not answered:
            return None
        return sum(abandoned for _, abandoned in counted) / answered


_HOURS = TypeAdapter(tuple[ReportedHourShare, ...])


class ReportedAbandonments:
    """Reads and writes what CXone reports of one tenant's campaigns."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep it in the state table."""
        self._table = table
        self._tenant = tenant

    def add(self, campaign_id: str, hours: Sequence[ReportedHourShare], now: datetime) -> bool:
        """Lay hours over those that are there; return False, without effect, where others are being added.

        What was not added is read again with the next hour.
        """
        item = self._table.get(self._key(campaign_id))
        known = {each.hour: each for each in (_hours(item) if item else ())}
        known |= {each.hour: each for each in hours}
        kept = tuple(known[hour] for hour in sorted(known) if hour > now - _KEPT)
        seen = {":seen": item["revision"]} if item else {}
        return self._table.update(
            self._key(campaign_id),
            "SET #hours = :hours, #until = :until, #revision = :next, #ttl = :ttl",
            {
                ":hours": _HOURS.dump_json(kept).decode(),
                ":until": format_time(kept[-1].hour + _HOUR) if kept else "",
                ":next": int(item["revision"]) + 1 if item else 1,
                ":ttl": int((now + _REMEMBERED).timestamp()),
                **seen,
            },
            "#revision = :seen" if item else "attribute_not_exists(#revision)",
        ).done

    def of_campaign(self, campaign_id: str) -> ReportedAbandonment | None:
        """Return what is reported of a campaign, None where nothing is."""
        item = self._table.get(self._key(campaign_id))
        return ReportedAbandonment(campaign_id, _hours(item)) if item else None

    def all(self) -> Iterator[ReportedAbandonment]:
        """Return what is reported, in the order of the campaigns' ids."""
        for item in self._table.query(self._key("").pk):
            yield ReportedAbandonment(item["sk"], _hours(item))

    def _key(self, campaign_id: str) -> Key:
        return Key(f"{self._tenant}#reported-abandonment", campaign_id)


def _hours(item: Item) -> tuple[ReportedHourShare, ...]:
    return _HOURS.validate_json(item["hours"])
