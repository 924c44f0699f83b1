"""Brings campaigns to the state that is decided: each decision is noted, and CXone follows the journal.

    requested --judged--> accepted | refused | superseded, with its fact
    reported  ----------> a decision of another party, or the echo of what was asked for

    reconciled, by a message or by the schedule's tick, as often as need be:
        look at CXone -> what is wanted? --it does--> said, once
                                         --it does not--> noted, asked for, its answer noted -> look again
                                         --it is to dial, and its hours are over--> refused

Nothing depends on who comes first or dies when: what was noted is wanted, and what is wanted is asked for
until CXone does it. A pause that waits is asked for even where CXone does not say how the campaign is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from outbound.campaign_records.campaign_states import state_of
from outbound.campaign_records.journals import (
    CampaignJournal,
    DecisionNote,
    JournalBusy,
    Journals,
    Result,
    beginning,
)
from outbound.campaigns.control.seen import (
    Seen,
    command_of,
    is_pause_not_done,
    numbered,
    waits_for_its_pause,
)
from outbound.campaigns.control.situations import SituationReader
from outbound.campaigns.control.transition_log import TransitionLog
from outbound.clock import Clock, Deadline
from outbound.cxone.errors import Conflict, CxoneError, NotFound
from outbound.cxone.ports.campaigns import CampaignRecord, CampaignsPort, CampaignStatus
from outbound.events import deterministic_id
from outbound.logs import logger
from outbound.runtime import Runtime
from outbound.steering.situation import CampaignState, Refusal, Situation
from outbound.steering.transitions import (
    Outcome,
    StateDecision,
    Target,
    Verdict,
    judge,
    wanted_state,
)
from outbound.store.outbox import Outbox

# Invocations that note at the same moment: each reads again so often.
_TRIES = 8
# A pause that waits for its call looks at its campaign for so long at the most.
_GLANCE_SECONDS = 8.0
# So many commands one invocation sends to one campaign: more means that another party does the opposite.
_MAX_COMMANDS = 3
_STATUSES = {Target.ACTIVE: CampaignStatus.ACTIVE, Target.PAUSED: CampaignStatus.PAUSED}
_RESULTS = {
    Outcome.ACCEPTED: Result.PENDING,
    Outcome.SUPERSEDED: Result.SUPERSEDED,
    Outcome.REFUSED: Result.REFUSED,
}


class CampaignControl:
    """Decides and carries out which state campaigns are in."""

    def __init__(
        self,
        port: CampaignsPort,
        glance: Callable[[], CampaignsPort],
        reader: SituationReader,
        journals: Journals,
        outbox: Outbox,
        tenant: str,
        clock: Clock,
    ) -> None:
        """Steer the campaigns of one tenant.

        Args:
            port: CXone's campaigns, whose calls end before the invocation does.
            glance: Returns CXone's campaigns for calls that end soon: what a pause that waits has time for.
            reader: Reads what a resume is judged by.
            journals: Keeps what is decided, seen and asked for.
            outbox: Publishes the facts that journals carry.
            tenant: Whose campaigns they are.
            clock: What tells the time.
        """
        self._port = port
        self._glance = glance
        self._reader = reader
        self._journals = journals
        self._log = TransitionLog(journals, outbox, tenant, clock)
        self._tenant = tenant
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline) -> CampaignControl:
        """Return the control of one invocation, whose calls of CXone end before a deadline."""

        def glance() -> CampaignsPort:
            soon = Deadline(runtime.clock, min(_GLANCE_SECONDS, deadline.left()))
            return runtime.cxone.until(soon).campaigns

        return cls(
            runtime.cxone.until(deadline).campaigns,
            glance,
            SituationReader.of(runtime, deadline),
            Journals(runtime.state, runtime.tenant),
            runtime.outbox,
            runtime.tenant,
            runtime.clock,
        )

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
        for _ in range(_TRIES):
            known = self._journals.get(campaign_id)
            if known.note_of(decision.decision_id):
                return Verdict(Outcome.REPEATED)
            situation = situation or self._situation(known, decision)
            verdict = judge(decision, known.journal or _UNKNOWN, situation)
            if verdict.outcome is Outcome.REPEATED:
                return verdict
            note = DecisionNote(
                decision,
                _RESULTS[verdict.outcome],
                self._clock.now(),
                requested_by,
                reason,
                correlation_id,
                tuple(each.value for each in verdict.refusals),
            )
            if self._log.note(known, note, situation.state):
                return verdict
        raise JournalBusy(campaign_id)

    def _situation(self, known: CampaignJournal, decision: StateDecision) -> Situation:
        """Return what a decision is judged by: of a pause no more than where a journal that is new begins."""
        campaign_id = known.campaign_id
        if decision.target is Target.ACTIVE:
            return self._reader.of_campaign(campaign_id)
        is_known = known.journal is not None
        return Situation(campaign_id, CampaignState.UNKNOWN if is_known else self._glanced(campaign_id)[0])

    def report(self, campaign_id: str, state: CampaignState, at: datetime) -> None:
        """Note a state that CXone reports of a moment; without effect where it is our own doing.

        Raises JournalBusy where others keep writing at the same moment.
        """
        if state is CampaignState.UNKNOWN:
            return
        for _ in range(_TRIES):
            known = self._journals.get(campaign_id)
            if known.is_echo(state, at) or (known.journal is None and self._reader.held_by(campaign_id)):
                return
            noted = known.started(state).with_report(state, at)
            if self._log.write(known, noted, CampaignState.UNKNOWN):
                return
        raise JournalBusy(campaign_id)

    def reconcile(self, campaign_id: str) -> Seen:
        """Have CXone do what is wanted, with the fact when it does; return the campaign as it was seen last.

        Level-triggered: it may be called at any moment and by several at once. Where the campaign does not
        do yet what is wanted (`Seen.as_wanted`), it is called again later.

        Raises:
            CxoneError: CXone could not be asked, or refuses; what is wanted stays noted.
            JournalBusy: Others keep writing at the same moment.
        """
        for _ in range(_MAX_COMMANDS):
            seen = self._look(campaign_id)
            target = command_of(seen)
            if target is None:
                return seen
            self._ask(seen, target)
        return self._look(campaign_id)

    def _look(self, campaign_id: str) -> Seen:
        """Look at a campaign; note what is new, and what became of decisions, with the facts."""
        for _ in range(_TRIES):
            known = self._journals.get(campaign_id)
            state, record = self._read(known)
            held_by = self._reader.held_by(campaign_id)
            noted, forbids = self._with_look(known, state, held_by), self._forbids(known)
            if written := self._log.write(known, noted, state, forbids=forbids):
                return self._seen(written, state, record, held_by)
        raise JournalBusy(campaign_id)

    def _forbids(self, known: CampaignJournal) -> Refusal | None:
        """Return why a resume that waits for CXone may not be done any more: its hours are over."""
        if all(note.decision.target is not Target.ACTIVE for note in known.pending()):
            return None
        return self._reader.hours_refusal(known.campaign_id)

    def _read(self, known: CampaignJournal) -> tuple[CampaignState, CampaignRecord | None]:
        """Return what CXone says of a campaign.

        Raises CxoneError where it says nothing, but for a pause that is still to be asked for.
        """
        if waits_for_its_pause(known):
            return self._glanced(known.campaign_id)
        try:
            record = self._port.read(known.campaign_id)
        except NotFound:
            return CampaignState.MISSING, None
        return state_of(record), record

    def _glanced(self, campaign_id: str) -> tuple[CampaignState, CampaignRecord | None]:
        """Return what CXone says of a campaign, if it says so soon; UNKNOWN otherwise."""
        try:
            record = self._glance().read(campaign_id)
        except NotFound:
            return CampaignState.MISSING, None
        except CxoneError as error:
            extra = {"campaign_id": campaign_id, "reason": error.reason}
            logger.warning("a campaign that is to be paused could not be looked at", extra=extra)
            return CampaignState.UNKNOWN, None
        return state_of(record), record

    def _with_look(
        self, known: CampaignJournal, state: CampaignState, held_by: frozenset[str]
    ) -> CampaignJournal:
        """Return the journal with what a look shows, where that is news.

        While something that was asked for may still arrive, no state proves that another party had a part in
        it. What was asked for by now, another invocation has noted: the look is then of an older revision.
        A pause that is answered and not done is asked for again: it gives way to no look.
        """
        if state in (CampaignState.UNKNOWN, CampaignState.MISSING):
            return known
        if known.journal is None:
            # What a held campaign did before, its hold knows: being paused now is the hold's.
            return known if held_by else known.started(state)
        if known.is_in_doubt(self._clock.now()) or known.is_known_to_be(state):
            return known
        return known if is_pause_not_done(known, state) else known.with_look(state)

    def _seen(
        self,
        known: CampaignJournal,
        state: CampaignState,
        record: CampaignRecord | None,
        held_by: frozenset[str],
    ) -> Seen:
        now = self._clock.now()
        return Seen(
            known.campaign_id,
            record.name if record else "",
            state,
            record.status_name if record else "",
            record.calls_under_way if record else None,
            wanted_state(known.journal, held_by) if known.journal else None,
            held_by,
            known,
            known.is_in_doubt(now),
            known.release_asks_for(Target.ACTIVE, now),
        )

    def _ask(self, seen: Seen, target: Target) -> None:
        """Ask CXone for a state, noted before and after; without effect where the journal has changed."""
        known, asked = seen.journal, seen.journal.asking(target, self._clock.now())
        command = numbered(known, target, asked)
        noted = replace(known.with_sighting(asked), command=command)
        if self._journals.write(noted, [], self._clock.now()) is None:
            return
        key = deterministic_id(
            "campaign-state", self._tenant, known.campaign_id, command.basis, str(command.number)
        )
        extra = {"campaign_id": known.campaign_id, "target": target.value, "decision_id": command.basis}
        try:
            self._port.set_state(known.campaign_id, _STATUSES[target], key)
        except (Conflict, NotFound) as refusal:
            logger.info("CXone cannot do that in the campaign's state", extra=extra)
            in_doubt = refusal.in_doubt
            self._after(known, lambda now: now.conflicted(asked, in_doubt=in_doubt))
            return
        except CxoneError as error:
            if not error.in_doubt:
                self._after(known, lambda now: now.withdrawn(asked))
            raise
        logger.info("a campaign is asked for a state", extra=extra)
        self._after(known, lambda now: now.answered(asked))

    def _after(self, known: CampaignJournal, change: Callable[[CampaignJournal], CampaignJournal]) -> None:
        self._journals.change(known.campaign_id, change, self._clock.now())


_UNKNOWN = beginning(CampaignState.UNKNOWN)
