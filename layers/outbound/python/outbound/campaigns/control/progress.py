"""What becomes of decisions as a campaign's journal and CXone's state stand: applied, superseded, refused.

    accepted --CXone does it----------------> applied     `campaign.transitioned`
             |--a newer decision counts-----> superseded  `campaign.transition_refused`
             |--ended, or not in CXone------> refused     `campaign.transition_refused`
             `--a resume, its hours over----> refused     `campaign.transition_refused`

    another party's doing, as CXone reports it -------> applied

Each decision is said once. A decision of another party is said where it changes what was said last: a look at
CXone and its report may tell of the same change at two moments. A resume that is refused is taken out of the
journal, with those before it that were never carried out: it has no effect later either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from outbound.campaign_records.journals import CampaignJournal, DecisionNote, Result
from outbound.steering.situation import NOT_DIALLING, CampaignState, Refusal
from outbound.steering.transitions import StateDecision, Target

_APPLIED_BY = {
    Target.PAUSED: NOT_DIALLING - {CampaignState.MISSING},
    Target.ACTIVE: frozenset({CampaignState.ACTIVE}),
}
_REFUSED_BY = {CampaignState.MISSING: Refusal.MISSING, CampaignState.ENDED: Refusal.ENDED}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a decision now, and what was wanted before it."""

    note: DecisionNote
    before: CampaignState


def advance(
    known: CampaignJournal, state: CampaignState, now: datetime, forbids: Refusal | None = None
) -> tuple[CampaignJournal, list[Change]]:
    """Return the journal with what became of its decisions, and each of these changes.

    Args:
        known: What is noted of the campaign.
        state: What it does; UNKNOWN where CXone was not asked just now.
        now: The present moment.
        forbids: Why a resume that CXone has not done yet may not be done any more, None where it may.
    """
    journal = known.journal
    if journal is None:
        return known, []
    newest, before = journal.newest(), said_before(known)
    changes = [Change(note, before) for note in _superseded(known, newest, now)]
    if settled := _settled(known, newest, state, before, now, forbids):
        changes.append(Change(settled, before))
    for change in changes:
        known = known.with_note(change.note)
        if change.note.result is Result.APPLIED:
            known = replace(known, said=newest.target)
        elif change.note.result is Result.REFUSED and newest.target is Target.ACTIVE:
            known = known.without_resumes_not_carried_out()
    return known, changes


def said_before(known: CampaignJournal) -> CampaignState:
    """Return the state that was said last, or in which the campaign was seen first; else UNKNOWN."""
    if known.said:
        return CampaignState(known.said.value)
    journal = known.journal
    if journal is None:
        return CampaignState.UNKNOWN
    if len(journal.start_states) > 1:
        first = next(iter(known.history()), None)
        return first.state if first and not first.ours else CampaignState.UNKNOWN
    return CampaignState(journal.start.target.value)


def _superseded(known: CampaignJournal, newest: StateDecision, now: datetime) -> Iterator[DecisionNote]:
    for note in known.pending():
        if note.decision != newest:
            yield replace(note, result=Result.SUPERSEDED, noted_at=now)


def _settled(
    known: CampaignJournal,
    newest: StateDecision,
    state: CampaignState,
    before: CampaignState,
    now: datetime,
    forbids: Refusal | None,
) -> DecisionNote | None:
    """Return the newest decision's note where it has come to its end, and that was not said yet."""
    noted = known.note_of(newest.decision_id)
    is_pending = noted is not None and noted.result is Result.PENDING
    is_start = known.journal is not None and newest == known.journal.start
    if not is_pending and (is_start or newest.target.value == before.value):
        return None
    note = noted or DecisionNote(newest, Result.PENDING, now)
    if state in _APPLIED_BY[newest.target]:
        return replace(note, result=Result.APPLIED, noted_at=now)
    if not is_pending:
        return None
    refusal = _REFUSED_BY.get(state) or (forbids if newest.target is Target.ACTIVE else None)
    if refusal is None:
        return None
    return replace(note, result=Result.REFUSED, noted_at=now, refusals=(refusal.value,))
