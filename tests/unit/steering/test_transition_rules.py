"""Each rule of a transition by itself: what becomes of a request, and what a report means."""

from __future__ import annotations

from typing import Any

import pytest

from outbound.steering.situation import CampaignState, Refusal
from outbound.steering.transitions import (
    MAX_KEPT,
    Journal,
    Outcome,
    Party,
    Sighting,
    StateDecision,
    Target,
    Verdict,
    judge,
    next_command,
    wanted_state,
)
from worlds.steering import Steering

MAKE = Steering()
ACTIVE, PAUSED, ENDED = CampaignState.ACTIVE, CampaignState.PAUSED, CampaignState.ENDED


def _decision(target: Target, minutes: float, name: str = "") -> StateDecision:
    return StateDecision(name or f"{target}{minutes}", target, MAKE.at(minutes), Party.PERSON)


STARTED = Journal(_decision(Target.ACTIVE, -60, "start"))
STOPPED = Journal(_decision(Target.PAUSED, -60, "start"))


def _pause(minutes: float) -> StateDecision:
    return _decision(Target.PAUSED, minutes)


def _resume(minutes: float) -> StateDecision:
    return _decision(Target.ACTIVE, minutes)


def test_a_request_that_is_newer_is_accepted_and_counts() -> None:
    assert judge(_pause(0), STARTED, MAKE.campaign()) == Verdict(Outcome.ACCEPTED)
    journal = STARTED.with_decision(_pause(0))
    assert journal.newest() == _pause(0)
    assert wanted_state(journal, ()) is PAUSED


def test_a_request_older_than_the_last_is_superseded() -> None:
    journal = STARTED.with_decision(_pause(0))
    assert judge(_resume(-1), journal, MAKE.campaign()).outcome is Outcome.SUPERSEDED


def test_of_two_at_one_moment_the_pause_counts_in_either_order() -> None:
    first = STOPPED.with_decision(_resume(0))
    assert judge(_pause(0), first, MAKE.campaign()).outcome is Outcome.ACCEPTED
    other = STARTED.with_decision(_pause(0))
    assert judge(_resume(0), other, MAKE.campaign()).outcome is Outcome.SUPERSEDED


def test_the_same_request_again_is_a_repetition() -> None:
    journal = STARTED.with_decision(_pause(0)).with_decision(_pause(0))
    assert judge(_pause(0), journal, MAKE.campaign()).outcome is Outcome.REPEATED
    assert journal.decisions == (_pause(0),)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"held_by": frozenset({"archive#1"})}, Refusal.HELD),
        ({"window_open": False}, Refusal.OUTSIDE_WINDOW),
        ({"window_open": None}, Refusal.WINDOW_UNKNOWN),
        ({"state": ENDED}, Refusal.ENDED),
        ({"state": CampaignState.MISSING}, Refusal.MISSING),
        ({"state": CampaignState.UNKNOWN}, Refusal.STATE_UNKNOWN),
    ],
)
def test_a_resume_is_refused_by_name_and_a_pause_never(fields: dict[str, Any], refusal: Refusal) -> None:
    campaign = MAKE.campaign(**({"state": PAUSED} | fields))
    assert judge(_resume(0), STOPPED, campaign) == Verdict(Outcome.REFUSED, (refusal,))
    assert judge(_pause(0), STARTED, campaign) == Verdict(Outcome.ACCEPTED)


def test_a_list_that_fails_its_checks_does_not_keep_a_person_from_resuming() -> None:
    assert judge(_resume(0), STOPPED, MAKE.campaign(state=PAUSED, list_passes=None)).refusals == ()


def test_a_refused_resume_is_a_new_attempt_when_it_comes_again() -> None:
    held = MAKE.campaign(state=PAUSED, held_by=frozenset({"x"}))
    assert judge(_resume(0), STOPPED, held).outcome is Outcome.REFUSED
    assert judge(_resume(0), STOPPED, MAKE.campaign(state=PAUSED)).outcome is Outcome.ACCEPTED


def test_a_hold_pauses_whatever_is_decided_and_keeps_the_decision() -> None:
    assert wanted_state(STARTED, {"archive#1"}) is PAUSED
    assert next_command(STARTED, {"archive#1"}, ACTIVE) is Target.PAUSED
    assert next_command(STARTED, (), PAUSED) is Target.ACTIVE
    paused = STARTED.with_decision(_pause(0))
    assert next_command(paused, {"archive#1"}, PAUSED) is None
    assert next_command(paused, (), PAUSED) is None


@pytest.mark.parametrize("state", [ENDED, CampaignState.MISSING, CampaignState.UNKNOWN])
@pytest.mark.parametrize("journal", [STARTED, STOPPED])
@pytest.mark.parametrize("held_by", [(), ("x",)])
def test_nothing_is_asked_of_a_campaign_that_is_not_known_to_dial_or_pause(
    state: CampaignState, journal: Journal, held_by: tuple[str, ...]
) -> None:
    assert next_command(journal, held_by, state) is None


def test_a_report_of_what_we_asked_for_is_an_echo() -> None:
    asked = STARTED.with_decision(_pause(-10)).with_sighting(Sighting(MAKE.at(-9), PAUSED, ours=True))
    echoed = asked.with_sighting(Sighting(MAKE.at(-8), CampaignState.PAUSING))
    echoed = echoed.with_sighting(Sighting(MAKE.at(-7), PAUSED))
    assert echoed.newest() == _pause(-10)


def test_the_echo_of_a_holds_pause_is_not_a_decision_even_if_it_comes_after_the_hold() -> None:
    journal = STARTED.with_sighting(Sighting(MAKE.at(-9), PAUSED, ours=True))
    journal = journal.with_sighting(Sighting(MAKE.at(-5), ACTIVE, ours=True))
    journal = journal.with_sighting(Sighting(MAKE.at(-8), PAUSED))
    assert wanted_state(journal, ()) is ACTIVE


def test_an_echo_from_a_clock_that_is_a_little_behind_is_an_echo() -> None:
    journal = STARTED.with_sighting(Sighting(MAKE.at(0), PAUSED, ours=True))
    assert wanted_state(journal.with_sighting(Sighting(MAKE.at(-0.05), PAUSED)), ()) is ACTIVE


def test_a_report_of_another_state_is_a_decision_of_another_party() -> None:
    journal = STARTED.with_sighting(Sighting(MAKE.at(-5), PAUSED))
    newest = journal.newest()
    assert (newest.target, newest.decided_at, newest.party) == (Target.PAUSED, MAKE.at(-5), Party.CXONE)
    assert judge(_resume(-6), journal, MAKE.campaign(state=PAUSED)).outcome is Outcome.SUPERSEDED
    assert judge(_resume(-4), journal, MAKE.campaign(state=PAUSED)).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("reported", [ACTIVE, PAUSED])
def test_while_an_answer_is_lost_either_state_may_be_reported(reported: CampaignState) -> None:
    asked = STARTED.with_decision(_pause(-10))
    doubt = Sighting(MAKE.at(-9), PAUSED, ours=True, in_doubt=True)
    journal = asked.with_sighting(doubt).with_sighting(Sighting(MAKE.at(-8), reported))
    assert journal.newest() == _pause(-10)
    # The state that was found again is known from then on.
    again = journal.with_sighting(Sighting(MAKE.at(-7), PAUSED if reported is ACTIVE else ACTIVE))
    assert again.newest().party is Party.CXONE


def test_an_answer_ends_the_doubt_whichever_is_noted_first() -> None:
    doubt = Sighting(MAKE.at(-9), PAUSED, ours=True, in_doubt=True)
    sure = Sighting(MAKE.at(-9), PAUSED, ours=True)
    for order in ((doubt, sure), (sure, doubt)):
        journal = STARTED
        for each in order:
            journal = journal.with_sighting(each)
        assert journal.sightings == (sure,)


def test_the_end_is_the_end_until_a_newer_report_differs() -> None:
    ended = STARTED.with_sighting(Sighting(MAKE.at(-5), ENDED))
    assert wanted_state(ended, ()) is ENDED
    assert next_command(ended, (), PAUSED) is None
    assert judge(_resume(0), ended, MAKE.campaign(state=PAUSED)).refusals == (Refusal.ENDED,)
    late = ended.with_sighting(Sighting(MAKE.at(-6), PAUSED))
    assert wanted_state(late, ()) is ENDED
    alive = late.with_sighting(Sighting(MAKE.at(-4), PAUSED))
    assert wanted_state(alive, ()) is PAUSED


def test_what_says_nothing_is_not_kept() -> None:
    for state in (CampaignState.UNKNOWN, CampaignState.MISSING):
        assert STARTED.with_sighting(Sighting(MAKE.at(0), state)) == STARTED


def test_a_journal_is_bounded_and_what_is_folded_still_counts() -> None:
    journal = STARTED
    for minute in range(3 * MAX_KEPT):
        journal = journal.with_sighting(Sighting(MAKE.at(minute), (PAUSED, ACTIVE)[minute % 2]))
        journal = journal.with_decision(_pause(minute - 1000))
    assert len(journal.sightings) <= MAX_KEPT
    assert len(journal.decisions) <= MAX_KEPT
    assert (journal.newest().target, journal.newest().decided_at) == (
        Target.ACTIVE,
        MAKE.at(3 * MAX_KEPT - 1),
    )
    assert journal.with_sighting(Sighting(MAKE.at(3), PAUSED)) == journal
    # The last that was folded is the state that the next report is compared with.
    quiet = STARTED
    for minute in range(MAX_KEPT + 5):
        quiet = quiet.with_sighting(Sighting(MAKE.at(minute), ACTIVE))
    assert quiet.newest() == STARTED.start
