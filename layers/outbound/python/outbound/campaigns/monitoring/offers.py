"""Abandoned calls by what is offered: all campaigns of a seller and a subject, counted together.

A backup that names neither counts with its primary, and a campaign that made an offer lately counts for it
still. So neither a failover nor another name resets a count.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from outbound.abandonment_limit import LIMIT
from outbound.campaign_records.abandoned_calls import AbandonedCalls, CampaignCounts
from outbound.campaign_records.health_records import AbandonmentView, Span
from outbound.campaign_records.samples import CLOSE, Samples
from outbound.campaigns.monitoring.looks import Look
from outbound.clock import Clock
from outbound.runtime import Runtime
from outbound.steering.abandonment import (
    PERIOD,
    Abandonment,
    Level,
    Measure,
    Offer,
    abandonment,
    counted_in_metrics,
    offer_of,
)
from outbound.steering.settings import AbandonmentSettings
from outbound.store.registry import Campaign

# A chain of backups that is longer is a mistake.
_LONGEST_CHAIN = 20


class OfferCounts:
    """Counts abandoned calls of campaigns and of what they offer, in one tick."""

    def __init__(
        self,
        abandoned_calls: AbandonedCalls,
        samples: Samples,
        campaigns: Collection[Campaign],
        settings: AbandonmentSettings,
        clock: Clock,
    ) -> None:
        """Count for these registered campaigns and their backups."""
        self._abandoned_calls = abandoned_calls
        self._samples = samples
        self._settings = settings
        self._clock = clock
        self._offers = offers_of(campaigns)
        self._known = abandoned_calls.offers()
        abandoned_calls.note_offers(self._offers, self._known, clock.now())
        self._counts: dict[str, CampaignCounts] = {}

    @classmethod
    def of(
        cls, runtime: Runtime, campaigns: Collection[Campaign], settings: AbandonmentSettings
    ) -> OfferCounts:
        """Return the counts of one tick."""
        abandoned_calls = AbandonedCalls(runtime.state, runtime.tenant)
        samples = Samples(runtime.state, runtime.tenant)
        return cls(abandoned_calls, samples, campaigns, settings, runtime.clock)

    def view(self, look: Look) -> tuple[AbandonmentView, bool]:
        """Count what a campaign's metrics add; return how its offer stands, and whether that is to ring."""
        self._count_metrics(look)
        now = self._clock.now()
        offer = self._offers.get(look.campaign_id) or offer_of("", "", look.campaign_id)
        now_making = (each for each, made in self._offers.items() if made == offer)
        members = {look.campaign_id, *now_making, *self._known.campaigns_of(offer)}
        counts = [self._counts_of(each, now) for each in sorted(members)]
        first_days = [each.first_day for each in counts if each.first_day]
        reported = next(
            (each.abandonment_rate for each in look.history[::-1] if each.abandonment_rate is not None), None
        )
        found = abandonment(
            (day for each in counts for day in each.days),
            now.astimezone(UTC).date(),
            self._settings,
            min(first_days, default=None),
            reported,
        )
        level, rings = self._judged(found)
        return AbandonmentView(level, _span(found.present), _span(found.rolling), reported), rings

    def _judged(self, found: Abandonment) -> tuple[Level, bool]:
        """Return the level, and whether it rings; of calls that CXone does not count, by its own share."""
        if found.is_counted or found.reported is None:
            return found.level, found.rings
        if found.reported > LIMIT:
            return Level.OVER, True
        is_near = found.reported > self._settings.alarm_share
        return (Level.NEAR, True) if is_near else (Level.FINE, False)

    def _count_metrics(self, look: Look) -> None:
        """Add the counts of windows that began after the last counted one; a window counts once."""
        if all(each.answered is None for each in look.history):
            return
        now = self._clock.now()
        since = self._abandoned_calls.counted_until(look.campaign_id, now)
        history = look.history
        if since.moment < now - CLOSE:
            history = self._samples.history(look.campaign_id, now)
        counted = counted_in_metrics(look.campaign_id, history, since.moment)
        if counted.until > since.moment:
            self._abandoned_calls.count_metrics(look.campaign_id, counted, since, now)
            self._counts.pop(look.campaign_id, None)

    def _counts_of(self, campaign_id: str, now: datetime) -> CampaignCounts:
        """Return a campaign's counts of the rolling days; the present period lies within them."""
        if campaign_id not in self._counts:
            since = (now - PERIOD).astimezone(UTC).date()
            self._counts[campaign_id] = self._abandoned_calls.of_campaign(campaign_id, since)
        return self._counts[campaign_id]


def offers_of(campaigns: Collection[Campaign]) -> Mapping[str, Offer]:
    """Return what each registered campaign and each backup offers."""
    calling = {each.campaign_id: each.calling for each in campaigns}
    primaries: dict[str, str] = {}
    for campaign in sorted(campaigns, key=lambda each: each.campaign_id):
        if backup := campaign.calling.get("backup_campaign_id"):
            primaries.setdefault(backup, campaign.campaign_id)
    offers = {}
    for campaign_id in {*calling, *primaries}:
        named = _naming(campaign_id, calling, primaries)
        said = calling.get(named, {})
        offers[campaign_id] = offer_of(str(said.get("seller", "")), str(said.get("subject", "")), named)
    return offers


def _naming(
    campaign_id: str, calling: Mapping[str, Mapping[str, object]], primaries: Mapping[str, str]
) -> str:
    """Return the campaign that says what one offers: itself, else its primary, and so on."""
    for _ in range(_LONGEST_CHAIN):
        said = calling.get(campaign_id, {})
        if said.get("seller") or said.get("subject") or campaign_id not in primaries:
            break
        campaign_id = primaries[campaign_id]
    return campaign_id


def _span(measure: Measure) -> Span:
    return Span(measure.start, measure.end, measure.answered, measure.abandoned)
