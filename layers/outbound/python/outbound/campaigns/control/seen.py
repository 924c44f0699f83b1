"""A campaign as CXone has it, beside what is wanted of it, and what is to be asked for next."""

from __future__ import annotations

from dataclasses import dataclass, replace

from outbound.campaign_records.journals import CampaignJournal, Command
from outbound.steering.situation import CampaignState
from outbound.steering.transitions import Sighting, Target, next_command

# What a command is for that no decision wants: a campaign is held.
_ON_HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Seen:
    """A campaign as CXone has it now, beside what is wanted of it.

    `status_name` is CXone's own word, empty where there is none. `calls_under_way` is None where CXone names
    none. `wanted` is None where its state was never known and nothing was decided. `in_doubt` says that
    something that was asked for may still arrive, `is_being_resumed` that it is the resume of who releases a
    hold.
    """

    campaign_id: str
    name: str
    state: CampaignState
    status_name: str
    calls_under_way: int | None
    wanted: CampaignState | None
    held_by: frozenset[str]
    journal: CampaignJournal
    in_doubt: bool = False
    is_being_resumed: bool = False

    @property
    def as_wanted(self) -> bool:
        """Whether CXone does what is wanted; a campaign that is pausing starts no more calls."""
        if self.wanted is None or self.state is CampaignState.MISSING:
            return True
        if self.wanted is CampaignState.ACTIVE:
            return self.state is CampaignState.ACTIVE
        return self.state in (CampaignState.PAUSED, CampaignState.PAUSING, CampaignState.ENDED)

    @property
    def is_settled(self) -> bool:
        """Whether it does what is wanted, and nothing that is still on its way can change that."""
        return self.as_wanted and not self.in_doubt


def command_of(seen: Seen) -> Target | None:
    """Return what is to be asked of CXone; None where it does what is wanted, or nothing can be done."""
    if seen.journal.journal is None:
        return None
    if seen.state is CampaignState.UNKNOWN and waits_for_its_pause(seen.journal):
        return Target.PAUSED
    target = next_command(seen.journal.journal, seen.held_by, seen.state)
    # Requested twice, it could undo a pause by another party in between.
    return None if target is Target.ACTIVE and seen.is_being_resumed else target


def waits_for_its_pause(known: CampaignJournal) -> bool:
    """Return True if a pause is decided, and CXone has not answered to it."""
    command = known.command
    answered = command.basis if command and command.answered else ""
    return any(
        note.decision.target is Target.PAUSED and note.decision.decision_id != answered
        for note in known.pending()
    )


def is_pause_not_done(known: CampaignJournal, state: CampaignState) -> bool:
    """Return True if CXone has answered to a pause, and the campaign dials and was not seen paused since.

    No look tells that from another party's resume of the same moment; a report of CXone does.
    """
    command = known.command
    if state is not CampaignState.ACTIVE or command is None or not command.answered:
        return False
    return any(
        note.decision.target is Target.PAUSED and note.decision.decision_id == command.basis
        for note in known.pending()
    )


def numbered(known: CampaignJournal, target: Target, asked: Sighting) -> Command:
    """Return the command that is sent now: the one that is not answered yet, for the same, once more."""
    basis = _ON_HOLD
    if known.journal and (newest := known.journal.newest()).target is target:
        basis = newest.decision_id
    last = known.command
    if last and not last.answered and (last.basis, last.target) == (basis, target):
        return replace(last, asked=asked)
    return Command(basis, target, last.number + 1 if last else 1, asked)
