"""What the dashboard shows: every campaign with its health and its work, those first that need a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from outbound.campaign_records.chart_points import chart_points
from outbound.campaign_records.health_records import Attention, HealthRecord, HealthRecords, Point
from outbound.campaign_records.overviews import CampaignOverview, Overviews, StackOverview
from outbound.campaign_records.reported_abandonment import ReportedAbandonment, ReportedAbandonments
from outbound.campaign_records.samples import Samples
from outbound.clock import Clock
from outbound.runtime import Runtime
from outbound.steering.health import KEPT
from outbound.store.registry import Registry

OLD = timedelta(minutes=4)
"""The monitor and the overviews come each minute: what is older than this was missed more than once."""

_URGENCY = {attention: place for place, attention in enumerate(Attention)}
_CALM = len(_URGENCY)


class Order(StrEnum):
    """How campaigns are sorted."""

    ATTENTION = "attention"
    OPEN = "open"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Card:
    """One campaign: None for a part that nothing is known of."""

    campaign_id: str
    health: HealthRecord | None = None
    overview: CampaignOverview | None = None
    history: Sequence[Point] = ()
    reported: ReportedAbandonment | None = None
    """What CXone's reports of the dialer say is abandoned; it is never mixed with what is counted."""

    @property
    def name(self) -> str:
        """Its name, or its id where it has none."""
        named = (self.health.name if self.health else "") or (self.overview.name if self.overview else "")
        return named or self.campaign_id

    @property
    def is_open(self) -> bool | None:
        """Whether it is within its hours, None where that is not known."""
        return self.health.window_open if self.health else None

    def is_old(self, now: datetime) -> bool:
        """Return True if the monitor has not looked for a while, also where it never has."""
        return self.health is None or now - self.health.looked_at > OLD

    def urgency(self, now: datetime) -> int:
        """Return how urgently a person has to look, 0 first."""
        known = [_URGENCY[each] for each in self.health.attention] if self.health else []
        if self.is_old(now):
            known.append(_URGENCY[Attention.NOT_SEEN])
        return min(known, default=_CALM)

    def needs_attention(self, now: datetime) -> bool:
        """Return True if a person has to look."""
        return self.urgency(now) < _CALM


@dataclass(frozen=True, slots=True)
class Board:
    """All that a page shows."""

    now: datetime
    cards: Sequence[Card] = ()
    stack: StackOverview | None = None
    order: Order = Order.ATTENTION
    open_only: bool = False
    hidden: int = 0
    """Campaigns that are left out since they are not open."""

    all_cards: Sequence[Card] = field(default=())
    """Those that are left out, too."""


class Boards:
    """Reads what the dashboard shows, of the state table alone."""

    def __init__(
        self,
        health: HealthRecords,
        samples: Samples,
        overviews: Overviews,
        reported: ReportedAbandonments,
        registry: Registry,
        clock: Clock,
    ) -> None:
        """Read these records, of campaigns that this registry has."""
        self._reported = reported
        self._registry = registry
        self._health = health
        self._samples = samples
        self._overviews = overviews
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime) -> Boards:
        """Return the boards of a stack."""
        table, tenant = runtime.state, runtime.tenant
        samples, overviews = Samples(table, tenant), Overviews(table, tenant)
        reported = ReportedAbandonments(table, tenant)
        health = HealthRecords(table, tenant)
        return cls(health, samples, overviews, reported, runtime.registry, runtime.clock)

    def now(self) -> datetime:
        """The present moment."""
        return self._clock.now()

    def board(self, order: Order, open_only: bool) -> Board:
        """Return all campaigns that are registered or looked at, or those of them that are open now."""
        now = self._clock.now()
        registered = {each.campaign_id for each in self._registry.all()}
        health = {each.campaign_id: each for each in self._health.current(registered, now)}
        overviews = {each.campaign_id: each for each in self._overviews.all()}
        reported = {each.campaign_id: each for each in self._reported.all()}
        cards = [
            Card(each, health.get(each), overviews.get(each), reported=reported.get(each))
            for each in {*health, *(registered & overviews.keys())}
        ]
        cards.sort(key=lambda card: _sort_key(card, order, now))
        shown = [card for card in cards if card.is_open] if open_only else cards
        hidden = len(cards) - len(shown)
        return Board(now, shown, self._overviews.stack(), order, open_only, hidden, cards)

    def card(self, campaign_id: str) -> Card | None:
        """Return one campaign, or None where nothing is known of it."""
        health, overview = self._health.get(campaign_id), self._overviews.get(campaign_id)
        if health is None and overview is None:
            return None
        return Card(campaign_id, health, overview, reported=self._reported.of_campaign(campaign_id))

    def card_with_history(self, campaign_id: str) -> Card | None:
        """Return one campaign with two days of it, or None where nothing is known of it."""
        card = self.card(campaign_id)
        if card is None:
            return None
        now = card.health.looked_at if card.health else self._clock.now()
        history = chart_points(self._samples.history(campaign_id, now), now, KEPT)
        return replace(card, history=history)


def _sort_key(card: Card, order: Order, now: datetime) -> tuple[object, ...]:
    named = card.name.casefold(), card.campaign_id
    if order is Order.NAME:
        return named
    if order is Order.OPEN:
        return (not card.is_open, card.is_open is None, card.urgency(now), *named)
    return (card.urgency(now), *named)
