"""Abandoned calls of a seller and a subject, against the limit of 3 % of the calls that a person answered.

The law counts a calling campaign, which is the offer of one thing for one seller: the counts of all campaigns
of CXone that make that offer are added, so that a failover resets nothing. Its periods of 30 days follow each
other; the rolling 30 days warn earlier of some breaches and hide others, so both are kept.

                        day 0        30         60   75 (today)
    successive periods  |----------|----------|----|
    rolling                              |---------|
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from outbound.abandonment_limit import LIMIT, PERCENT
from outbound.steering.health import Sample, Source, disjoint
from outbound.steering.proportions import Bounds, wilson_bounds

if TYPE_CHECKING:
    from outbound.steering.settings import AbandonmentSettings

PERIOD = timedelta(days=30)

Counts = tuple[int, int]
"""Answered and abandoned calls."""

_NONE: Counts = (0, 0)
# The first call of a period may be abandoned; fewer than so many of few calls are not a reason to ring.
_LEAST_ABANDONED = 3


@dataclass(frozen=True, slots=True)
class Offer:
    """Whose calls are counted together: what is offered, and on whose behalf.

    A campaign that names neither is counted by itself: `campaign_id` is empty everywhere else.
    """

    seller: str
    subject: str
    campaign_id: str = ""


def offer_of(seller: str, subject: str, campaign_id: str) -> Offer:
    """Return the offer of a campaign; case and spaces make no other one.

    Args:
        seller: On whose behalf it calls, as its profile says.
        subject: What it offers, likewise.
        campaign_id: Its id; of a backup that of its primary, so that the two are one where nothing is named.
    """
    named = _plain(seller), _plain(subject)
    return Offer(*named) if any(named) else Offer("", "", campaign_id)


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many calls of a campaign persons answered on a day, in UTC, and how many of those were abandoned.

    Counts of one day, campaign and source are added up; each call is in one of them.
    """

    day: date
    campaign_id: str
    source: Source
    answered: int
    abandoned: int

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be."""
        if not 0 <= self.abandoned <= self.answered:
            raise ValueError(f"{self.abandoned} of {self.answered} answered calls cannot be abandoned")


class Level(StrEnum):
    """How close to the limit a share is, the best first."""

    FINE = "fine"
    NEAR = "near"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Measure:
    """The counts of a span of days, from `start` on and before `end`."""

    start: date
    end: date
    answered: int
    abandoned: int

    @property
    def share(self) -> float:
        """The share of the answered calls that was abandoned; 0 where none was answered."""
        return self.abandoned / self.answered if self.answered else 0.0

    @property
    def bounds(self) -> Bounds:
        """What the counts prove of the share to come."""
        return wilson_bounds(self.abandoned, self.answered)

    @property
    def is_over(self) -> bool:
        """Whether more than the limit were abandoned, counted in whole calls."""
        return 100 * self.abandoned > PERCENT * self.answered

    @property
    def budget_left(self) -> float:
        """How many more calls could be abandoned within the limit; below 0 where it is passed."""
        return (PERCENT * self.answered - 100 * self.abandoned) / 100

    def level(self, alarm_share: float) -> Level:
        """Return how close to the limit it is."""
        if self.is_over:
            return Level.OVER
        return Level.NEAR if self.share > alarm_share else Level.FINE

    def rings(self, settings: AbandonmentSettings) -> bool:
        """Return True if an operator has to hear of it: enough calls, or few that prove enough."""
        if self.answered < settings.min_answered:
            return self.abandoned >= _LEAST_ABANDONED and self.bounds.proves_above(LIMIT)
        return self.level(settings.alarm_share) is not Level.FINE


@dataclass(frozen=True, slots=True)
class Abandonment:
    """Both measures of an offer. `reported` is CXone's own share, which counts where it names no numbers."""

    periods: tuple[Measure, ...]
    """The successive periods, the present one last."""

    rolling: Measure
    reported: float | None
    level: Level
    rings: bool

    @property
    def present(self) -> Measure:
        """The period that is under way."""
        return self.periods[-1]

    @property
    def is_counted(self) -> bool:
        """Whether calls were counted; else all that is known is the share as reported."""
        return bool(self.rolling.answered or self.present.answered)


def abandonment(
    counts: Iterable[DayCount],
    today: date,
    settings: AbandonmentSettings,
    first_day: date | None = None,
    reported: float | None = None,
) -> Abandonment:
    """Return how an offer stands at the end of a day.

    Args:
        counts: The counts of every campaign of the offer, in any order; of later days they are left out.
        today: The day, in UTC.
        settings: From where on it rings.
        first_day: The first day of the offer's calls, where older counts are not kept any more.
        reported: The share that CXone reports last.
    """
    days = _days(each for each in counts if each.day <= today)
    start = min([day for day in (first_day, *days) if day is not None and day <= today], default=today)
    periods = []
    while start <= today:
        periods.append(_measure(days, start, start + PERIOD))
        start += PERIOD
    tomorrow = today + timedelta(days=1)
    rolling = _measure(days, tomorrow - PERIOD, tomorrow)
    judged = (periods[-1], rolling)
    worst = max((each.level(settings.alarm_share) for each in judged), key=list(Level).index)
    return Abandonment(tuple(periods), rolling, reported, worst, any(each.rings(settings) for each in judged))


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts out of metrics, and until when calls are in them; the next ones begin there."""

    counts: tuple[DayCount, ...]
    until: datetime


def counted_in_metrics(campaign_id: str, samples: Iterable[Sample], since: datetime) -> Counted:
    """Return the counts of windows that begin at a moment or later and share no moment, added up by day.

    Windows of metrics overlap; adding up all of them would count each call many times. A window counts for
    the day on which it ends.
    """
    named = [each for each in samples if each.answered is not None and each.abandoned is not None]
    days: dict[date, Counts] = {}
    for sample in disjoint(named, since):
        day = sample.end.astimezone(UTC).date()
        days[day] = _sum(days.get(day, _NONE), (sample.answered or 0, sample.abandoned or 0))
        since = sample.end
    counts = (DayCount(day, campaign_id, Source.POLL, *both) for day, both in sorted(days.items()))
    return Counted(tuple(counts), since)


def is_answered(code: str, settings: AbandonmentSettings) -> bool:
    """Return True if a call with this outcome was answered by a person."""
    return code in settings.answered_codes or is_abandoned(code, settings)


def is_abandoned(code: str, settings: AbandonmentSettings) -> bool:
    """Return True if a call with this outcome was abandoned."""
    return code in settings.abandoned_codes


def _days(counts: Iterable[DayCount]) -> dict[date, Counts]:
    """Add up the campaigns of each day; of several sources of a campaign that with the most calls counts.

    Outcomes and metrics tell of the same calls: outcomes late, metrics with gaps.
    """
    told: dict[tuple[date, str, Source], Counts] = {}
    for each in counts:
        source = each.day, each.campaign_id, each.source
        told[source] = _sum(told.get(source, _NONE), (each.answered, each.abandoned))
    best: dict[tuple[date, str], Counts] = {}
    for (day, campaign_id, _), both in told.items():
        best[day, campaign_id] = max(best.get((day, campaign_id), _NONE), both)
    days: dict[date, Counts] = {}
    for (day, _), both in best.items():
        days[day] = _sum(days.get(day, _NONE), both)
    return days


def _sum(one: Counts, other: Counts) -> Counts:
    return one[0] + other[0], one[1] + other[1]


def _measure(days: dict[date, Counts], start: date, end: date) -> Measure:
    within = [both for day, both in days.items() if start <= day < end]
    return Measure(start, end, sum(answered for answered, _ in within), sum(gone for _, gone in within))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
