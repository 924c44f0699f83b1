"""Brings campaigns to the state that is decided."""

from __future__ import annotations

from dataclasses import dataclass

from outbound.campaign_records.journals import CampaignJournal
from outbound.clock import Deadline
from outbound.runtime import Runtime
from outbound.steering.situation import CampaignState, Situation
from outbound.steering.transitions import StateDecision, Verdict


@dataclass(frozen=True, slots=True)
class Seen:
    """A campaign as CXone has it now, beside what is wanted of it.

    `status_name` is CXone's own word, empty where there is none. `calls_under_way` is None where CXone names
    none. `wanted` is None where its state was never known and nothing was decided.
    """

    campaign_id: str
    name: str
    state: CampaignState
    status_name: str
    calls_under_way: int | None
    wanted: CampaignState | None
    held_by: frozenset[str]
    journal: CampaignJournal

    @property
    def as_wanted(self) -> bool:
        """Whether CXone does what is wanted; a campaign that is pausing starts no more calls."""
        raise NotImplementedError


class CampaignControl:
    """Decides and carries out which state campaigns are in."""

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline) -> CampaignControl:
        """Return the control of one invocation, whose calls of CXone end before a deadline."""
        raise NotImplementedError

    def request(
        self,
        campaign_id: str,
        decision: StateDecision,
        *,
        reason: str,
        requested_by: str,
        correlation_id: str,
        situation: Situation | None = None,
    ) -> Verdict:
        """Accept a decision into the campaign's journal, or refuse it, with the fact; CXone is not asked yet.

        The same decision again is a repetition, without effect: `reconcile` carries out what was accepted.

        Args:
            campaign_id: The campaign's id in CXone; it need not be registered.
            decision: What it is to do; its id is the same for every delivery of one decision.
            reason: Why, for the audit.
            requested_by: Who, for the audit: a sender, an operator, `failover`.
            correlation_id: What the facts belong to.
            situation: What is known of the campaign, where that was just read; it is read otherwise, for a
                resume. A pause is accepted whatever is known.

        Returns:
            What becomes of the decision.

        Raises:
            JournalBusy: Others keep writing at the same moment.
        """
        raise NotImplementedError

    def reconcile(self, campaign_id: str) -> Seen:
        """Have CXone do what is wanted, with the fact when it does; return the campaign as it was seen last.

        Level-triggered: it may be called at any moment and by several at once. Where the campaign does not
        do yet what is wanted (`Seen.as_wanted`), it is called again later.

        Raises:
            CxoneError: CXone could not be asked, or refuses; what is wanted stays noted.
            JournalBusy: Others keep writing at the same moment.
        """
        raise NotImplementedError
