"""What is known of a campaign when it is decided upon: its state, its window, who holds it."""

from __future__ import annotations

from datetime import datetime

from outbound.calling.profile import CallingProfile
from outbound.campaign_records.campaign_states import state_of
from outbound.campaign_records.journals import CampaignJournal, Journals
from outbound.campaigns.control.dialing_window import WindowState, window_at
from outbound.clock import Clock, Deadline
from outbound.cxone.errors import CxoneError, NotFound
from outbound.cxone.ports.campaigns import CampaignsPort
from outbound.logs import logger
from outbound.runtime import Runtime
from outbound.steering.situation import CampaignState, Refusal, Situation
from outbound.store.holds import Holds
from outbound.store.registry import Registry


class SituationReader:
    """Reads what is known of campaigns now."""

    def __init__(
        self, port: CampaignsPort, registry: Registry, holds: Holds, journals: Journals, clock: Clock
    ) -> None:
        """Ask CXone through this port."""
        self._port = port
        self._registry = registry
        self._holds = holds
        self._journals = journals
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline) -> SituationReader:
        """Return the reader of one invocation, whose calls of CXone end before a deadline."""
        return cls(
            runtime.cxone.until(deadline).campaigns,
            runtime.registry,
            Holds(runtime.state, runtime.tenant),
            Journals(runtime.state, runtime.tenant),
            runtime.clock,
        )

    def of_campaign(self, campaign_id: str, state: CampaignState | None = None) -> Situation:
        """Return the situation of a campaign, without its history and its list.

        Args:
            campaign_id: The campaign's id in CXone; it need not be registered.
            state: What it does, where CXone has just said so; it is asked otherwise.

        Returns:
            The situation. What could not be found out permits nothing: the state is then UNKNOWN.
        """
        if state is None:
            state = self._state(campaign_id)
        window = self.window_of(campaign_id)
        return Situation(
            campaign_id,
            state,
            window_open=window.is_open,
            dials_since=self._dials_since(campaign_id, state, window),
            held_by=self.held_by(campaign_id),
        )

    def window_of(self, campaign_id: str) -> WindowState:
        """Return how a campaign's window stands now; unknown where it is not registered or names no zone."""
        campaign = self._registry.get(campaign_id)
        if campaign is None:
            return WindowState()
        return window_at(CallingProfile.model_validate(campaign.calling), self._clock.now())

    def hours_refusal(self, campaign_id: str) -> Refusal | None:
        """Return why a campaign's hours keep it from being started now, None where they do not."""
        is_open = self.window_of(campaign_id).is_open
        if is_open is None:
            return Refusal.WINDOW_UNKNOWN
        return None if is_open else Refusal.OUTSIDE_WINDOW

    def held_by(self, campaign_id: str) -> frozenset[str]:
        """Return the owners that hold a campaign and are not about to release it."""
        holds = self._holds.of_campaign(campaign_id)
        return frozenset(hold.owner for hold in holds if not hold.releasing)

    def _state(self, campaign_id: str) -> CampaignState:
        try:
            return state_of(self._port.read(campaign_id))
        except NotFound:
            return CampaignState.MISSING
        except CxoneError as error:
            extra = {"campaign_id": campaign_id, "reason": error.reason}
            logger.warning("the state of a campaign could not be found out", extra=extra)
            return CampaignState.UNKNOWN

    def _dials_since(self, campaign_id: str, state: CampaignState, window: WindowState) -> datetime | None:
        """Return since when a campaign is both active and within its hours, where that is known."""
        if state is not CampaignState.ACTIVE or window.opened_at is None:
            return None
        active_since = active_since_of(self._journals.get(campaign_id))
        return max(active_since, window.opened_at) if active_since else window.opened_at


def active_since_of(known: CampaignJournal) -> datetime | None:
    """Return since when a campaign that is active is so, None where it was never seen otherwise."""
    since: datetime | None = None
    for sighting in known.history():
        if sighting.state is not CampaignState.ACTIVE:
            since = None
        elif since is None:
            since = sighting.at
    return since
