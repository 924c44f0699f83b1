"""One look at each campaign a tick: what CXone says of it, its metrics, and what is known of it beside that.

    state    asked for, and brought to what is wanted
    metrics  asked for where it dials and no report has just come
    list     asked for where the campaign is about to be started

Calls of CXone are bounded for a tick. What could not be found out is unknown, and permits nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from outbound.calling.profile import CallingProfile
from outbound.campaign_records.journals import CampaignJournal, Journals
from outbound.campaign_records.samples import CLOSE, Samples
from outbound.campaigns.control.controller import CampaignControl
from outbound.campaigns.control.dialing_window import WindowState, window_at
from outbound.campaigns.control.seen import Seen
from outbound.campaigns.control.situations import SituationReader
from outbound.campaigns.monitoring.budgeted_cxone import BudgetedCxone
from outbound.campaigns.monitoring.readings import keep_metrics
from outbound.clock import Clock, Deadline
from outbound.logs import logger
from outbound.runtime import Runtime
from outbound.steering.health import InvalidSample, Sample, Source
from outbound.steering.situation import CampaignState, Situation
from outbound.store.registry import Campaign

# A report that is younger says what an answer would say.
_JUST_REPORTED = timedelta(seconds=30)
_MAY_DIAL = frozenset({CampaignState.ACTIVE, CampaignState.PAUSING, CampaignState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a campaign found. `seen` is None where CXone did not say how it is.

    `situation` has the history of the last hours, and no list.
    """

    campaign_id: str
    name: str
    profile: CallingProfile
    window: WindowState
    situation: Situation
    seen: Seen | None = None

    @property
    def history(self) -> tuple[Sample, ...]:
        """The samples of the last hours, the oldest first."""
        return tuple(self.situation.history)


class Looks:
    """Looks at campaigns in one tick, at each once unless it is asked for again."""

    def __init__(
        self,
        cxone: BudgetedCxone,
        reader: SituationReader,
        journals: Journals,
        samples: Samples,
        campaigns: Collection[Campaign],
        clock: Clock,
    ) -> None:
        """Look at campaigns.

        Args:
            cxone: Asks CXone, so often and no more.
            reader: Reads windows, holds and since when a campaign dials.
            journals: Has what was decided of campaigns that could not be seen.
            samples: Keeps what was measured.
            campaigns: The registered ones.
            clock: What tells the time.
        """
        self._cxone = cxone
        self._reader = reader
        self._journals = journals
        self._samples = samples
        self._campaigns = {each.campaign_id: each for each in campaigns}
        self._clock = clock
        self._known: dict[str, Look] = {}

    @classmethod
    def of(
        cls, runtime: Runtime, deadline: Deadline, campaigns: Collection[Campaign], cxone: BudgetedCxone
    ) -> Looks:
        """Return the looks of one tick, whose calls of CXone end before a deadline."""
        return cls(
            cxone,
            SituationReader.of(runtime, deadline),
            Journals(runtime.state, runtime.tenant),
            Samples(runtime.state, runtime.tenant),
            campaigns,
            runtime.clock,
        )

    @property
    def control(self) -> CampaignControl:
        """What brings campaigns to what is wanted of them."""
        return self._cxone.control

    def at(self, campaign_id: str) -> Look:
        """Return what a look at a campaign found, this tick's first."""
        if campaign_id not in self._known:
            self._known[campaign_id] = self._look(campaign_id)
        return self._known[campaign_id]

    def again(self, campaign_id: str) -> Look:
        """Return how a campaign is now, brought to what is wanted of it, with the metrics that are known."""
        before = self.at(campaign_id)
        seen = self._cxone.seen(campaign_id, with_command=True)
        situation = replace(self._situation(campaign_id, seen), history=before.history)
        self._known[campaign_id] = replace(before, seen=seen, situation=situation)
        return self._known[campaign_id]

    def journal_of(self, campaign_id: str) -> CampaignJournal:
        """Return what is noted of a campaign's transitions."""
        seen = self.at(campaign_id).seen
        return seen.journal if seen else self._journals.get(campaign_id)

    def ready_to_start(self, campaign_id: str) -> Situation:
        """Return all that is known of a campaign that may be started: its list, its metrics of two days."""
        look = self.at(campaign_id)
        history = self._samples.history(campaign_id, self._clock.now())
        list_passes = self._cxone.list_passes(look.profile.contact_list_id)
        return replace(look.situation, history=history, list_passes=list_passes)

    def _look(self, campaign_id: str) -> Look:
        campaign = self._campaigns.get(campaign_id)
        profile = CallingProfile.model_validate(campaign.calling if campaign else {})
        seen = self._cxone.seen(campaign_id)
        situation = self._situation(campaign_id, seen)
        history = self._samples.history(campaign_id, self._clock.now(), CLOSE)
        # Of a paused one that has a backup, metrics may prove that it has recovered.
        measured = situation.state in _MAY_DIAL or (
            situation.state is CampaignState.PAUSED and profile.backup_campaign_id
        )
        if measured and not self._is_just_reported(history):
            self._measure(campaign_id)
            history = self._samples.history(campaign_id, self._clock.now(), CLOSE)
        named = campaign.name if campaign else seen.name if seen else ""
        return Look(
            campaign_id,
            named or campaign_id,
            profile,
            window_at(profile, self._clock.now()),
            replace(situation, history=history),
            seen,
        )

    def _situation(self, campaign_id: str, seen: Seen | None) -> Situation:
        return self._reader.of_campaign(campaign_id, seen.state if seen else CampaignState.UNKNOWN)

    def _is_just_reported(self, history: Collection[Sample]) -> bool:
        now = self._clock.now()
        return any(now - each.measured_at <= _JUST_REPORTED for each in history)

    def _measure(self, campaign_id: str) -> None:
        """Ask for a campaign's metrics and keep them; what cannot be is left out, and said."""
        metrics = self._cxone.metrics_of(campaign_id)
        if metrics is None:
            return
        try:
            keep_metrics(self._samples, campaign_id, metrics, Source.POLL, self._clock.now())
        except InvalidSample as wrong:
            extra = {"campaign_id": campaign_id, "reason": str(wrong)}
            logger.warning("metrics of a campaign cannot be", extra=extra)
