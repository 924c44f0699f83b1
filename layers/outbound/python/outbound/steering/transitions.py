"""Which state a campaign is to be in, whichever way pauses, resumes, holds and CXone's reports come together.

    what comes in                         becomes
    a pause                               the newest decision, unless an older one than the newest: superseded
    a resume                              likewise; refused under a hold, outside of the window, after the end
    the same request again                a repetition, without effect
    a report of what we asked for         an echo: no decision
    a report of another state             a decision of another party, at the time of the report
    a report that it ended                the end: nothing is asked of CXone until a newer report differs
    a hold                                paused while there is one, whatever is decided; the decision is kept

    ended? -> ended      a hold? -> paused      else -> what the newest decision wants

Of two decisions at the same moment the pause counts. The journal is what has come in, and the state follows
from it: the order of arrival decides about nothing but a resume that is refused, which has no effect later
either.

What we ask of CXone is noted before, as in doubt, and again with its answer. While it is in doubt either
state may be reported without another party having a part in it. A pause by another party under a hold cannot
be told from the hold's own, and counts as that.

What happens at the end of a hold is `archive.campaign_hold`'s: it asks what is wanted here, and resumes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from outbound.clock import CXONE_CLOCK_SKEW
from outbound.steering.situation import CampaignState, Refusal, Situation

MAX_KEPT = 50
"""So many decisions and sightings are kept; what is older has been folded into where the journal begins."""


class Target(StrEnum):
    """The states that can be asked for."""

    ACTIVE = "active"
    PAUSED = "paused"


class Party(StrEnum):
    """Who decides."""

    PERSON = "person"
    FAILOVER = "failover"
    CXONE = "cxone"
    """Another party, of which CXone's reports tell."""


@dataclass(frozen=True, slots=True)
class StateDecision:
    """That a campaign is to be in a state. `decision_id` is the same for every delivery of one decision."""

    decision_id: str
    target: Target
    decided_at: datetime
    party: Party

    @property
    def _order(self) -> tuple[datetime, bool, str]:
        return self.decided_at, self.target is Target.PAUSED, self.decision_id

    def is_newer_than(self, other: StateDecision) -> bool:
        """Return True if this one counts of the two."""
        return self._order > other._order


@dataclass(frozen=True, slots=True)
class Sighting:
    """A state and when: asked for by us (`ours`), for a decision or for a hold, or reported by CXone.

    PAUSING counts as PAUSED. What CXone calls otherwise is UNKNOWN, and tells nothing.
    """

    at: datetime
    state: CampaignState
    ours: bool = False
    in_doubt: bool = False
    """Of what we asked for: whether CXone has not answered it yet. Noted again without when it has."""


class Outcome(StrEnum):
    """What becomes of a request."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    SUPERSEDED = "superseded"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a request, and why it is refused."""

    outcome: Outcome
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Journal:
    """What is known of a campaign's transitions: where it begins, what was decided, what was seen."""

    start: StateDecision
    """What was wanted when the campaign was first seen: what it did then."""

    decisions: tuple[StateDecision, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    start_states: frozenset[CampaignState] = frozenset()
    """In which states it may have been before the sightings that are kept; empty: what was wanted."""

    folded_until: datetime | None = None
    """Sightings up to then are in the start: one that comes later is left out."""

    def newest(self) -> StateDecision:
        """Return the decision that counts, of those that were requested and those that reports tell of."""
        chosen = self.start
        for each in (*self.decisions, *self._of_other_parties()):
            if each.is_newer_than(chosen):
                chosen = each
        return chosen

    def possible_states(self) -> frozenset[CampaignState]:
        """Return the states in which the campaign may be by now: several while something is in doubt."""
        return self._fold()[1]

    def has_ended(self) -> bool:
        """Return True if CXone said last that the campaign has ended."""
        return CampaignState.ENDED in self.possible_states()

    def with_decision(self, decision: StateDecision) -> Journal:
        """Return the journal with a decision that was accepted; adding it again changes nothing."""
        if decision in (self.start, *self.decisions):
            return self
        return replace(self, decisions=(*self.decisions, decision))._bounded()

    def with_sighting(self, sighting: Sighting) -> Journal:
        """Return the journal with a state that was asked for or reported; adding it again changes nothing."""
        if sighting.state is CampaignState.PAUSING:
            sighting = replace(sighting, state=CampaignState.PAUSED)
        if sighting.state not in _SEEN or (self.folded_until and sighting.at <= self.folded_until):
            return self
        answered, asked = replace(sighting, in_doubt=False), replace(sighting, in_doubt=True)
        if answered in self.sightings or sighting in self.sightings:
            return self
        others = tuple(each for each in self.sightings if each != asked)
        return replace(self, sightings=(*others, sighting))._bounded()

    def _of_other_parties(self) -> list[StateDecision]:
        return self._fold()[0]

    def _fold(self) -> tuple[list[StateDecision], frozenset[CampaignState]]:
        """Return the decisions of other parties, and the states in which the campaign may be by now.

        A report of a state in which it cannot have been before it is the doing of another party.
        """
        told: list[StateDecision] = []
        states = self.start_states or frozenset({CampaignState(self.start.target.value)})
        for sighting in sorted(self.sightings, key=_moment_order):
            if not sighting.ours and sighting.state in _TARGETS and sighting.state not in states:
                told.append(_decision_of(sighting))
            states = states | {sighting.state} if sighting.in_doubt else frozenset({sighting.state})
        return told, states

    def _bounded(self) -> Journal:
        """Fold what is oldest into the start, where there is too much."""
        journal = self
        if len(journal.sightings) > MAX_KEPT:
            order = sorted(journal.sightings, key=_moment_order)
            gone, kept = order[:-MAX_KEPT], order[-MAX_KEPT:]
            told, states = replace(journal, sightings=tuple(gone))._fold()
            journal = replace(
                journal,
                sightings=tuple(kept),
                start_states=states,
                folded_until=max(each.at for each in gone),
                decisions=(*journal.decisions, *told),
            )
        if len(journal.decisions) > MAX_KEPT:
            by_age = sorted((journal.start, *journal.decisions), key=lambda each: each._order)
            kept_decisions = by_age[-MAX_KEPT:]
            journal = replace(
                journal,
                start=kept_decisions[0],
                decisions=tuple(kept_decisions[1:]),
                start_states=journal.start_states or frozenset({CampaignState(journal.start.target.value)}),
            )
        return journal


def judge(request: StateDecision, journal: Journal, situation: Situation) -> Verdict:
    """Return what becomes of a request to pause or resume; the caller adds it to the journal if accepted.

    A pause is never refused. A resume needs the campaign to be there, not ended, within its hours, and
    without a hold; what could not be found out refuses it too.
    """
    if any(request.decision_id == each.decision_id for each in (journal.start, *journal.decisions)):
        return Verdict(Outcome.REPEATED)
    if not request.is_newer_than(journal.newest()):
        return Verdict(Outcome.SUPERSEDED)
    if request.target is Target.PAUSED:
        return Verdict(Outcome.ACCEPTED)
    refusals = [each for each in situation.start_refusals() if each not in _OF_LISTS]
    if journal.has_ended() and Refusal.ENDED not in refusals:
        refusals.append(Refusal.ENDED)
    return Verdict(Outcome.REFUSED, tuple(refusals)) if refusals else Verdict(Outcome.ACCEPTED)


def wanted_state(journal: Journal, held_by: Collection[str]) -> CampaignState:
    """Return the state that a campaign is to be in: ended, held, or what the newest decision wants."""
    if journal.has_ended():
        return CampaignState.ENDED
    if held_by:
        return CampaignState.PAUSED
    return CampaignState(journal.newest().target.value)


def next_command(journal: Journal, held_by: Collection[str], state: CampaignState) -> Target | None:
    """Return what is to be asked of CXone of a campaign that is in a state; None where it is as it should be.

    A state that is not known is never taken for one: the caller looks again.
    """
    wanted = wanted_state(journal, held_by)
    if wanted is CampaignState.PAUSED and state is CampaignState.ACTIVE:
        return Target.PAUSED
    resumable = (CampaignState.PAUSED, CampaignState.PAUSING)
    return Target.ACTIVE if wanted is CampaignState.ACTIVE and state in resumable else None


_TARGETS = frozenset({CampaignState.ACTIVE, CampaignState.PAUSED})
_SEEN = _TARGETS | {CampaignState.ENDED}
# A resume is a person's own decision, or was checked as one by the failover: lists are not looked at again.
_OF_LISTS = frozenset({Refusal.LIST_REFUSED, Refusal.LIST_UNKNOWN})


def _decision_of(sighting: Sighting) -> StateDecision:
    target = Target(sighting.state.value)
    return StateDecision(f"cxone#{sighting.at.isoformat()}#{target}", target, sighting.at, Party.CXONE)


def _moment_order(sighting: Sighting) -> tuple[datetime, bool, str]:
    at = sighting.at - CXONE_CLOCK_SKEW if sighting.ours else sighting.at
    return at, not sighting.ours, sighting.state.value
