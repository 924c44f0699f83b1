"""The journals of campaigns' transitions: what was decided, what was seen, what was asked of CXone.

One item a campaign, written by revision: an invocation that finds it changed reads again. A decision is
noted with its fact in the same write. What is asked of CXone is noted before it leaves, as in doubt, and
again with its answer.

    read ----------> looked at CXone ----------> written, if nothing was noted in between
    asked (in doubt) --> PUT or PATCH --> answered

The order of what is noted is that of the campaign's own history: what we ask for comes after all that was
known when it left, and what a look at CXone shows counts from the last thing known on, because it may have
happened at any moment since. So a decision that was made meanwhile is the newer one, until CXone's own report
says when it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pydantic import TypeAdapter

from outbound.clock import CXONE_CLOCK_SKEW
from outbound.events import Event
from outbound.steering.situation import CampaignState
from outbound.steering.transitions import Journal, Party, Sighting, StateDecision, Target
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table

SETTLING = timedelta(seconds=120)
"""How long what was asked of CXone may still take effect after its answer was lost."""

MAX_NOTES = 50
"""So many decisions are kept with what became of them; a decision that is pending is kept in any case."""

# A journal begins before every decision: what a campaign did then was never decided here.
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
# A campaign that CXone does not know has no journal, and what was asked for it is forgotten after a while.
_REMEMBERED = timedelta(days=30)
# Two invocations that note at the same moment: one of them reads again.
_TRIES = 8


class JournalBusy(Exception):
    """A campaign's journal kept changing while it was being written."""

    def __init__(self, campaign_id: str) -> None:
        """Name the campaign."""
        super().__init__(f"the journal of {campaign_id} keeps changing; try again")


class Result(StrEnum):
    """What became of a decision."""

    PENDING = "pending"
    """It is accepted, and CXone does not do yet what it wants."""

    APPLIED = "applied"
    SUPERSEDED = "superseded"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class DecisionNote:
    """A decision with who made it, why, and what became of it (`result`, since `noted_at`)."""

    decision: StateDecision
    result: Result
    noted_at: datetime
    requested_by: str = ""
    reason: str = ""
    correlation_id: str = ""
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """What was asked of CXone last: for which decision, the how manieth time, and whether it is answered."""

    basis: str
    target: Target
    number: int
    asked: Sighting
    answered: bool = False


@dataclass(frozen=True, slots=True)
class CampaignJournal:
    """All that is noted of one campaign.

    `journal` is None where its state was never known and no pause was requested. `said` is the target of
    the transition that was published last.
    """

    campaign_id: str
    revision: int = 0
    journal: Journal | None = None
    notes: tuple[DecisionNote, ...] = ()
    command: Command | None = None
    said: Target | None = None
    looks: tuple[datetime, ...] = ()
    """Which sightings are of looks: CXone's report of the same change, with its own moment, replaces one."""

    def note_of(self, decision_id: str) -> DecisionNote | None:
        """Return what is noted of a decision, or None."""
        return next((note for note in self.notes if note.decision.decision_id == decision_id), None)

    def history(self) -> list[Sighting]:
        """Return the states that are answered or reported, the oldest first, each at its own moment."""
        sightings = self.journal.sightings if self.journal else ()
        known = [each for each in sightings if not each.in_doubt]
        return sorted((replace(each, at=_moment(each)) for each in known), key=lambda each: each.at)

    def pending(self) -> tuple[DecisionNote, ...]:
        """Return the decisions that are accepted, and not yet applied."""
        return tuple(note for note in self.notes if note.result is Result.PENDING)

    def with_note(self, note: DecisionNote) -> CampaignJournal:
        """Return it with a decision's note, in the place of an earlier one of the same decision."""
        known = note.decision.decision_id
        others = [each for each in self.notes if each.decision.decision_id != known]
        return replace(self, notes=_bounded([*others, note]))

    def without_resumes_not_carried_out(self) -> CampaignJournal:
        """Return it with what counted before every resume that is noted and that CXone never did."""
        if self.journal is None:
            return self
        vain = {
            note.decision
            for note in self.notes
            if note.decision.target is Target.ACTIVE and note.result is not Result.APPLIED
        }
        decisions = tuple(each for each in self.journal.decisions if each not in vain)
        return replace(self, journal=replace(self.journal, decisions=decisions))

    def with_sighting(self, sighting: Sighting) -> CampaignJournal:
        """Return it with a state that was asked for or reported; unchanged where there is no journal."""
        return self if self.journal is None else replace(self, journal=self.journal.with_sighting(sighting))

    def answered(self, asked: Sighting) -> CampaignJournal:
        """Return it with what was asked for as answered."""
        return self.with_sighting(replace(asked, in_doubt=False))._with_answer_to(asked)

    def withdrawn(self, asked: Sighting) -> CampaignJournal:
        """Return it without what was asked for and had no effect; asked again it has the same key."""
        if self.journal is None:
            return self
        others = tuple(each for each in self.journal.sightings if each != asked)
        return replace(self, journal=replace(self.journal, sightings=others))

    def conflicted(self, asked: Sighting, *, in_doubt: bool) -> CampaignJournal:
        """Return it with what was asked for as done with: in the state that it was in it could not be done.

        Args:
            asked: What was asked for.
            in_doubt: Whether an earlier try of it may have had its effect.
        """
        known = self if in_doubt else self.withdrawn(asked)
        return known._with_answer_to(asked)

    def _with_answer_to(self, asked: Sighting) -> CampaignJournal:
        if self.command is None or self.command.asked != asked:
            return self
        return replace(self, command=replace(self.command, answered=True))

    def started(self, state: CampaignState) -> CampaignJournal:
        """Return it with a journal that begins with a state; as it is where it has one already."""
        return self if self.journal else replace(self, journal=beginning(state))

    def decided(self, decision: StateDecision, state: CampaignState) -> CampaignJournal:
        """Return it with a decision that is accepted; a journal that is new begins with `state`."""
        journal = self.journal or beginning(state)
        return replace(self, journal=journal.with_decision(decision))

    def is_known_to_be(self, state: CampaignState) -> bool:
        """Return True if a campaign can be in no other state, as far as is known."""
        state = CampaignState.PAUSED if state is CampaignState.PAUSING else state
        return self.journal is not None and self.journal.possible_states() == {state}

    def is_echo(self, state: CampaignState, at: datetime) -> bool:
        """Return True if what CXone reports of a moment is what we asked for then, our clocks apart."""
        journal = self.journal
        sightings = journal.sightings if journal else ()
        state = CampaignState.PAUSED if state is CampaignState.PAUSING else state
        ours = [each.at - CXONE_CLOCK_SKEW for each in sightings if each.ours and each.state is state]
        return any(abs(asked_at - at) <= CXONE_CLOCK_SKEW for asked_at in ours)

    def is_in_doubt(self, now: datetime) -> bool:
        """Return True while something that we asked for, and that is not answered, may still arrive."""
        sightings = self.journal.sightings if self.journal else ()
        return any(each.in_doubt and _may_arrive(each, now) for each in sightings)

    def control_asks_for(self, target: Target) -> bool:
        """Return True if this state was asked for last, by control: it looks again until CXone does it."""
        command, last = self.command, self._last_asked()
        return command is not None and command.target is target and command.asked.at == (last and last.at)

    def release_asks_for(self, target: Target, now: datetime) -> bool:
        """Return True while this state was asked for last by who releases a hold, and may still arrive."""
        last = self._last_asked()
        if last is None or not last.in_doubt or last.state.value != target.value:
            return False
        return not self.control_asks_for(target) and _may_arrive(last, now)

    def _last_asked(self) -> Sighting | None:
        sightings = self.journal.sightings if self.journal else ()
        return max((each for each in sightings if each.ours), key=lambda each: each.at, default=None)

    def asking(self, target: Target, now: datetime) -> Sighting:
        """Return the sighting of what is about to be asked for: after all that is known."""
        moment = max(now, self._last_moment() + _TICK)
        return Sighting(moment + CXONE_CLOCK_SKEW, CampaignState(target.value), ours=True, in_doubt=True)

    def with_look(self, state: CampaignState) -> CampaignJournal:
        """Return it with what a look at CXone shows: from the last thing known on."""
        at = self._last_moment() + _TICK
        looked = self.with_sighting(Sighting(at, state))
        kept = {each.at for each in looked.journal.sightings} if looked.journal else set()
        return replace(looked, looks=tuple(each for each in (*self.looks, at) if each in kept))

    def with_report(self, state: CampaignState, at: datetime) -> CampaignJournal:
        """Return it with what CXone reports of a moment, in the place of a look that showed it before."""
        if self.journal is None:
            return self
        state = CampaignState.PAUSED if state is CampaignState.PAUSING else state
        earlier = [each for each in self.journal.sightings if _moment(each) < at]
        last = max(earlier, key=_moment, default=None)
        known = self
        if last and not last.ours and last.at in self.looks and last.state is state:
            known = self.withdrawn(last)
        return known.with_sighting(Sighting(at, state))

    def _last_moment(self) -> datetime:
        journal = self.journal
        if journal is None:
            return _BEGINNING
        return max(map(_moment, journal.sightings), default=journal.folded_until or journal.start.decided_at)


class Journals:
    """Reads and writes the journals of one tenant's campaigns."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep journals in the state table."""
        self._table = table
        self._tenant = tenant

    def get(self, campaign_id: str) -> CampaignJournal:
        """Return what is noted of a campaign; of one that was never noted, with the revision 0."""
        item = self._table.get(self.key(campaign_id))
        return _JOURNAL.validate_json(item["journal"]) if item else CampaignJournal(campaign_id)

    def write(self, changed: CampaignJournal, facts: Sequence[Event], now: datetime) -> Item | None:
        """Write what is noted now, with its facts, if the journal is still as it was read.

        Args:
            changed: What was read, with what is noted since; its revision is the one that was read.
            facts: What is to be published of it.
            now: The present moment.

        Returns:
            The item as written, for the outbox; None where another invocation wrote meanwhile.
        """
        written = replace(changed, revision=changed.revision + 1)
        values: Item = {":journal": _JOURNAL.dump_json(written).decode(), ":next": written.revision}
        sets = "SET #campaign_id = :campaign, #journal = :journal, #revision = :next"
        values[":campaign"] = changed.campaign_id
        removed = " REMOVE #ttl"
        if changed.journal is None:
            sets, removed = f"{sets}, #ttl = :ttl", ""
            values[":ttl"] = int((now + _REMEMBERED).timestamp())
        if facts:
            sets += f", {SET_FACTS}"
            values |= facts_values(facts, now)
        condition = "attribute_not_exists(#revision)"
        if changed.revision:
            condition, values[":revision"] = "#revision = :revision", changed.revision
        answer = self._table.update(self.key(changed.campaign_id), sets + removed, values, condition)
        return answer.item if answer.done else None

    def change(
        self, campaign_id: str, change: Callable[[CampaignJournal], CampaignJournal], now: datetime
    ) -> CampaignJournal:
        """Note what `change` makes of what is noted, again while another invocation is faster; return it.

        Raises JournalBusy where the journal keeps changing.
        """
        for _ in range(_TRIES):
            known = self.get(campaign_id)
            changed = change(known)
            if changed == known:
                return known
            if self.write(changed, [], now):
                return replace(changed, revision=known.revision + 1)
        raise JournalBusy(campaign_id)

    def key(self, campaign_id: str) -> Key:
        """The key of a campaign's item."""
        return Key(f"{self._tenant}#campaign-journal", campaign_id)


def _may_arrive(asked: Sighting, now: datetime) -> bool:
    """Return True while what was asked for, and is not answered, may still take effect."""
    return asked.at - CXONE_CLOCK_SKEW + SETTLING > now


def _moment(sighting: Sighting) -> datetime:
    """Return where a sighting stands in the order of the journal."""
    return sighting.at - CXONE_CLOCK_SKEW if sighting.ours else sighting.at


_JOURNAL = TypeAdapter(CampaignJournal)
_DIALS_OR_NOT = frozenset({CampaignState.ACTIVE, CampaignState.PAUSED})


def beginning(state: CampaignState) -> Journal:
    """Return a journal that begins with what a campaign does, or may do where that is not known."""
    target = Target.ACTIVE if state is CampaignState.ACTIVE else Target.PAUSED
    known = {CampaignState.ACTIVE: state, CampaignState.PAUSED: state, CampaignState.PAUSING: state}
    start = StateDecision("start", target, _BEGINNING, Party.CXONE)
    journal = Journal(start, start_states=frozenset() if state in known else _DIALS_OR_NOT)
    if state is CampaignState.ENDED:
        journal = journal.with_sighting(Sighting(_BEGINNING + _TICK, state))
    return journal


def _bounded(notes: Sequence[DecisionNote]) -> tuple[DecisionNote, ...]:
    """Return the newest notes, and all of decisions that are pending."""
    old, kept = notes[:-MAX_NOTES], notes[-MAX_NOTES:]
    return (*(note for note in old if note.result is Result.PENDING), *kept)
