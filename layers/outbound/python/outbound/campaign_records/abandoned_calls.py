"""Calls that persons answered, and those of them that were abandoned, by campaign, day and source.

    <tenant>#answered#<campaign>         / 2026-07-15#outcomes   answered, abandoned
                                         / first                 the first day of its counts
    <tenant>#answered-windows#<campaign> / <job>                 what a pulled window brought, its generation
    <tenant>#answered-until#<campaign>   / metrics               until when calls of metrics are counted
    <tenant>#offers                      / <offer>#<campaign>    that the campaign makes, or made, the offer

A day's counts grow by what a window adds, in one transaction with the note of that window: a window that is
told of twice counts once, and one that was pulled again counts by the newer pull.

Whose calls are counted together is remembered for longer than they count. A campaign that names another
offer, or is taken out of the registry, takes nothing away from the offer that it made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from outbound.clock import format_time, parse_time
from outbound.steering.abandonment import PERIOD, Counted, Counts, DayCount, Offer
from outbound.steering.health import KEPT, Source
from outbound.store.table import Item, Key, Table

# Counts are kept for as long as an audit may ask for them; windows for as long as one can be pulled again.
_DAYS_KEPT = timedelta(days=400)
_WINDOWS_KEPT = timedelta(days=120)
# An offer's campaigns count for it as long as any of their calls is in a period or in the rolling days.
_MEMBERS_KEPT = 3 * PERIOD
# What is forgotten of metrics cannot be counted twice: samples are kept for a shorter time.
_UNTIL_KEPT = 2 * KEPT
_TRIES = 5
_FIRST = "first"


class CountsContended(Exception):
    """The counts of a campaign kept changing while they were being written."""

    retryable = True


@dataclass(frozen=True, slots=True)
class CountedWindow:
    """What a pulled window came to. A higher generation is a newer pull of the same window."""

    campaign_id: str
    job_id: str
    generation: int
    day: date
    """The day of the window, in UTC: a window has one."""

    answered: int
    abandoned: int


@dataclass(frozen=True, slots=True)
class CountedUntil:
    """Until when the calls of a campaign's metrics are counted; `stored` is empty where none ever were."""

    moment: datetime
    stored: str = ""


@dataclass(frozen=True, slots=True)
class CampaignCounts:
    """The counts of a campaign from a day on, and the first day that it has any of, None without."""

    days: tuple[DayCount, ...]
    first_day: date | None


class AbandonedCalls:
    """Reads and adds up the counts of one tenant's campaigns."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep them in the state table."""
        self._table = table
        self._tenant = tenant

    def count_window(self, window: CountedWindow, now: datetime) -> bool:
        """Count a pulled window; return False, without effect, where this or a newer pull of it is counted.

        Raises CountsContended where other invocations keep changing the same window.
        """
        key = Key(f"{self._tenant}#answered-windows#{window.campaign_id}", window.job_id)
        for _ in range(_TRIES):
            known = self._table.get(key) or {}
            if known and int(known["generation"]) >= window.generation:
                return False
            if self._replace_window(key, known, window, now):
                return True
        raise CountsContended(f"the counts of {window.job_id} keep changing; they are tried again")

    def counted_until(self, campaign_id: str, now: datetime) -> CountedUntil:
        """Return until when the calls of a campaign's metrics are counted."""
        item = self._table.get(self._until_key(campaign_id))
        return CountedUntil(parse_time(item["until"]), item["until"]) if item else CountedUntil(now - KEPT)

    def count_metrics(self, campaign_id: str, counted: Counted, since: CountedUntil, now: datetime) -> bool:
        """Add counts out of metrics, from `since` on; return False where others were counted meanwhile."""
        counts = [each for each in counted.counts if each.answered]
        self._note_first_day(campaign_id, [each.day for each in counts])
        unchanged = "#until = :since" if since.stored else "attribute_not_exists(#until)"
        values = {":until": format_time(counted.until), ":ttl": int((now + _UNTIL_KEPT).timestamp())}
        seen = {":since": since.stored} if since.stored else {}
        note = self._table.updating(
            self._until_key(campaign_id), "SET #until = :until, #ttl = :ttl", values | seen, unchanged
        )
        return self._table.transact([note, *(self._adding(each, now) for each in counts)])

    def of_campaign(self, campaign_id: str, since: date) -> CampaignCounts:
        """Return the counts of a campaign's days from `since` on."""
        after = (since - timedelta(days=1)).isoformat() + "~"
        items = list(self._table.query(self._days(campaign_id), after=after))
        first = next((item["day"] for item in items if item["sk"] == _FIRST), None)
        days = tuple(_day_count(campaign_id, item) for item in items if item["sk"] != _FIRST)
        return CampaignCounts(days, date.fromisoformat(first) if first else None)

    def note_offers(self, offers: Mapping[str, Offer], known: Offers, now: datetime) -> None:
        """Remember which offers campaigns make today; `known` is what is remembered already."""
        today = now.astimezone(UTC).date().isoformat()
        for campaign_id, offer in offers.items():
            if known.last_days.get((_offer_key(offer), campaign_id), "") < today:
                self._table.update(
                    Key(f"{self._tenant}#offers", f"{_offer_key(offer)}#{campaign_id}"),
                    "SET #day = :day, #ttl = :ttl",
                    {":day": today, ":ttl": int((now + _MEMBERS_KEPT).timestamp())},
                    "attribute_not_exists(#day) OR #day < :day",
                )

    def offers(self) -> Offers:
        """Return which campaigns made which offers lately."""
        items = self._table.query(f"{self._tenant}#offers")
        split = ((*item["sk"].partition("#")[::2], item["day"]) for item in items)
        return Offers({(offer, campaign_id): day for offer, campaign_id, day in split})

    def _replace_window(self, key: Key, known: Item, window: CountedWindow, now: datetime) -> bool:
        note = self._table.putting(
            key,
            {
                "generation": window.generation,
                "answered": window.answered,
                "abandoned": window.abandoned,
                "ttl": int((now + _WINDOWS_KEPT).timestamp()),
            },
            "#generation = :seen" if known else "attribute_not_exists(#generation)",
            {":seen": known["generation"]} if known else {},
        )
        before: Counts = int(known.get("answered", 0)), int(known.get("abandoned", 0))
        change = window.answered - before[0], window.abandoned - before[1]
        writes = [note]
        if change != (0, 0):
            writes.append(self._changing(window.campaign_id, window.day, Source.OUTCOMES, change, now))
        if window.answered:
            self._note_first_day(window.campaign_id, [window.day])
        return self._table.transact(writes)

    def _adding(self, count: DayCount, now: datetime) -> Item:
        change = count.answered, count.abandoned
        return self._changing(count.campaign_id, count.day, count.source, change, now)

    def _changing(self, campaign_id: str, day: date, source: Source, change: Counts, now: datetime) -> Item:
        return self._table.updating(
            Key(self._days(campaign_id), f"{day.isoformat()}#{source}"),
            "SET #day = :day, #source = :source, #ttl = :ttl ADD #answered :answered, #abandoned :abandoned",
            {
                ":day": day.isoformat(),
                ":source": str(source),
                ":answered": change[0],
                ":abandoned": change[1],
                ":ttl": int((now + _DAYS_KEPT).timestamp()),
            },
        )

    def _note_first_day(self, campaign_id: str, days: Iterable[date]) -> None:
        """Remember the first day of a campaign's counts, from which its periods of 30 days follow each other.

        Before the counts themselves: a run that is cut off between the two is tried again.
        """
        first = min(days, default=None)
        if first is not None:
            self._table.update(
                Key(self._days(campaign_id), _FIRST),
                "SET #day = :day",
                {":day": first.isoformat()},
                "attribute_not_exists(#day) OR #day > :day",
            )

    def _days(self, campaign_id: str) -> str:
        return f"{self._tenant}#answered#{campaign_id}"

    def _until_key(self, campaign_id: str) -> Key:
        return Key(f"{self._tenant}#answered-until#{campaign_id}", "metrics")


@dataclass(frozen=True, slots=True)
class Offers:
    """Which campaigns made which offers, and the last day of each on which they did."""

    last_days: Mapping[tuple[str, str], str]

    def campaigns_of(self, offer: Offer) -> Sequence[str]:
        """Return the campaigns whose calls count for an offer, those that make another one by now too."""
        key = _offer_key(offer)
        return [campaign_id for made, campaign_id in self.last_days if made == key]


def _offer_key(offer: Offer) -> str:
    named = "\x1f".join((offer.seller, offer.subject, offer.campaign_id))
    return hashlib.blake2b(named.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _day_count(campaign_id: str, item: Item) -> DayCount:
    answered, abandoned = int(item["answered"]), int(item["abandoned"])
    return DayCount(date.fromisoformat(item["day"]), campaign_id, Source(item["source"]), answered, abandoned)
