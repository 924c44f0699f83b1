"""Pauses and resumes campaigns for a hold, in step with what is decided of them.

    pause   noted in the journal as asked for -> CXone -> noted as answered
    resume  only where the journal wants the campaign to dial; otherwise it stays as it is
            and control has not asked for that; it waits in turn while a release's resume may still arrive

So neither is taken for another party's doing, and a decision that is made while a campaign is held counts
when the hold has ended. A decision that is made while a resume is under way is carried out after it: control
looks again until nothing that was asked for can still arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from outbound.campaign_records.journals import CampaignJournal, Journals
from outbound.clock import Clock
from outbound.cxone.errors import CxoneError
from outbound.cxone.ports.campaigns import CampaignsPort, CampaignStatus
from outbound.steering.situation import CampaignState
from outbound.steering.transitions import Sighting, Target, wanted_state


class HeldCampaigns:
    """Pauses and resumes campaigns that are held."""

    def __init__(self, port: CampaignsPort, journals: Journals, clock: Clock) -> None:
        """Ask CXone through this port, and note it in these journals."""
        self._port = port
        self._journals = journals
        self._clock = clock

    def status(self, campaign_id: str) -> CampaignStatus:
        """Return a campaign's status."""
        return self._port.status(campaign_id)

    def pause(self, campaign_id: str) -> CampaignStatus:
        """Ask a campaign that dials for a pause, and return its status then.

        Its journal begins with that it dials, so that it does again when the hold has ended.

        Raises:
            CxoneError: CXone could not be asked, or refuses.
            JournalBusy: Others keep writing its journal at the same moment.
        """
        asked: list[Sighting] = []

        def ask(known: CampaignJournal) -> CampaignJournal:
            known = known.started(CampaignState.ACTIVE)
            asked[:] = [known.asking(Target.PAUSED, self._clock.now())]
            return known.with_sighting(asked[0])

        self._journals.change(campaign_id, ask, self._clock.now())
        return self._asked(campaign_id, asked[0], self._port.pause)

    def resume(self, campaign_id: str, held_by: Collection[str]) -> CampaignStatus | None:
        """Ask a campaign to dial again, and return its status then.

        Args:
            campaign_id: The campaign's id in CXone.
            held_by: Who else holds it.

        Returns:
            The status; None, without effect, where it is decided that the campaign does not dial, and where
            control has asked for that already.

        Raises:
            CxoneError: CXone could not be asked, or refuses.
            JournalBusy: Others keep writing its journal at the same moment.
        """
        asked: list[Sighting] = []
        # What a campaign without a journal did before the hold, the hold says.
        has_journal = True

        def ask(known: CampaignJournal) -> CampaignJournal:
            nonlocal has_journal
            has_journal = known.journal is not None
            asked.clear()
            if known.journal is None or known.control_asks_for(Target.ACTIVE):
                return known
            if wanted_state(known.journal, held_by) is not CampaignState.ACTIVE:
                return known
            asked.append(known.asking(Target.ACTIVE, self._clock.now()))
            return known.with_sighting(asked[0])

        self._journals.change(campaign_id, ask, self._clock.now())
        if not has_journal:
            return self._port.resume(campaign_id)
        return self._asked(campaign_id, asked[0], self._port.resume) if asked else None

    def _asked(
        self, campaign_id: str, asked: Sighting, call: Callable[[str], CampaignStatus]
    ) -> CampaignStatus:
        try:
            status = call(campaign_id)
        except CxoneError as error:
            if not error.in_doubt:
                self._journals.change(campaign_id, lambda known: known.withdrawn(asked), self._clock.now())
            raise
        self._journals.change(campaign_id, lambda known: known.answered(asked), self._clock.now())
        return status
