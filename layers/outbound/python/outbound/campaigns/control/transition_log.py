"""Writes journals with what becomes of decisions by it, and says that: in the same write, and each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from outbound.campaign_records.journals import CampaignJournal, DecisionNote, Journals, Result
from outbound.campaigns.control.progress import Change, advance, said_before
from outbound.campaigns.control.transition_facts import not_transitioned, transitioned
from outbound.campaigns.metrics import CampaignMetric
from outbound.clock import Clock
from outbound.events import Event
from outbound.logs import logger
from outbound.metrics import measure
from outbound.steering.situation import CampaignState, Refusal
from outbound.store.outbox import Outbox

_COUNTED = {
    Result.APPLIED: CampaignMetric.TRANSITIONS_APPLIED,
    Result.SUPERSEDED: CampaignMetric.TRANSITIONS_SUPERSEDED,
    Result.REFUSED: CampaignMetric.TRANSITIONS_REFUSED,
}


class TransitionLog:
    """Notes what is decided of campaigns and seen of them, with the facts."""

    def __init__(self, journals: Journals, outbox: Outbox, tenant: str, clock: Clock) -> None:
        """Write to these journals; publish from this outbox."""
        self._journals = journals
        self._outbox = outbox
        self._tenant = tenant
        self._clock = clock

    def note(self, known: CampaignJournal, note: DecisionNote, state: CampaignState) -> bool:
        """Write a decision down with what becomes of it; False where the journal has changed meanwhile.

        Args:
            known: What is noted of the campaign, as it was read.
            note: The decision: accepted (PENDING), or what it came to.
            state: What the campaign does, where that is known: a journal that is new begins with it.
        """
        noted = known.with_note(note)
        if note.result is Result.PENDING:
            return bool(self.write(known, noted.decided(note.decision, state), CampaignState.UNKNOWN))
        ended = Change(note, said_before(known))
        return bool(self.write(known, noted, CampaignState.UNKNOWN, [ended]))

    def write(
        self,
        known: CampaignJournal,
        noted: CampaignJournal,
        state: CampaignState,
        ended: Sequence[Change] = (),
        forbids: Refusal | None = None,
    ) -> CampaignJournal | None:
        """Write what is noted now, with what becomes of decisions by it.

        Args:
            known: What was noted of the campaign, as it was read.
            noted: What is noted now.
            state: What the campaign does; UNKNOWN where CXone was not asked just now.
            ended: Decisions whose end is noted already, and is to be said.
            forbids: Why a resume that CXone has not done yet may not be done any more, None where it may.

        Returns:
            The journal as it is written; None where another invocation wrote meanwhile.
        """
        now = self._clock.now()
        noted, changes = advance(noted, state, now, forbids)
        changes = [*ended, *changes]
        if noted == known and not changes:
            return known
        facts = [self._fact(known.campaign_id, change, state, now) for change in changes]
        item = self._journals.write(noted, facts, now)
        if item is None:
            return None
        for change in changes:
            measure(_COUNTED[change.note.result])
        self._outbox.publish_or_leave(self._journals.key(known.campaign_id), item)
        return replace(noted, revision=known.revision + 1)

    def _fact(self, campaign_id: str, change: Change, state: CampaignState, now: datetime) -> Event:
        note = change.note
        extra = {"campaign_id": campaign_id, "decision_id": note.decision.decision_id}
        logger.info("a decision has come to its end", extra=extra | {"result": note.result.value})
        if note.result is Result.APPLIED:
            return transitioned(campaign_id, note, change.before, state, self._tenant, now)
        return not_transitioned(campaign_id, note, self._tenant, now)
