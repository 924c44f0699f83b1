"""Journals are written by revision, keep what they were given, and order it as it happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from outbound.campaign_records.campaign_states import state_named
from outbound.campaign_records.journals import (
    MAX_NOTES,
    SETTLING,
    CampaignJournal,
    Command,
    DecisionNote,
    JournalBusy,
    Journals,
    Result,
)
from outbound.clock import CXONE_CLOCK_SKEW
from outbound.steering.situation import CampaignState
from outbound.steering.transitions import Party, Sighting, StateDecision, Target
from worlds.aws import ENVIRONMENT, AwsWorld

_NOW = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)


@pytest.fixture
def journals(aws: AwsWorld) -> Journals:
    return Journals(aws.table(), ENVIRONMENT["TENANT"])


def _known(state: CampaignState = CampaignState.ACTIVE) -> CampaignJournal:
    return CampaignJournal("spring").started(state)


def _decision(number: int = 1, target: Target = Target.PAUSED) -> StateDecision:
    return StateDecision(f"d{number}", target, _NOW + timedelta(minutes=number), Party.PERSON)


def test_what_is_written_is_read_again(journals: Journals) -> None:
    known = _known().decided(_decision(), CampaignState.ACTIVE)
    asked = known.asking(Target.PAUSED, _NOW)
    known = known.with_sighting(asked).with_note(
        DecisionNote(_decision(), Result.PENDING, _NOW, "lead", "why")
    )
    known = CampaignJournal(
        known.campaign_id,
        0,
        known.journal,
        known.notes,
        Command("d1", Target.PAUSED, 1, asked),
        Target.ACTIVE,
    )
    assert journals.write(known, [], _NOW) is not None
    read = journals.get("spring")
    assert read.revision == 1
    assert (read.journal, read.notes, read.command, read.said) == (
        known.journal,
        known.notes,
        known.command,
        known.said,
    )


def test_what_was_read_before_another_write_is_not_written(journals: Journals) -> None:
    first = journals.get("spring")
    assert journals.write(first.started(CampaignState.ACTIVE), [], _NOW) is not None
    assert journals.write(first.started(CampaignState.PAUSED), [], _NOW) is None
    assert journals.get("spring").is_known_to_be(CampaignState.ACTIVE)


def test_a_change_reads_again_while_others_are_faster(journals: Journals) -> None:
    journals.write(_known(), [], _NOW)
    seen: list[int] = []

    def change(known: CampaignJournal) -> CampaignJournal:
        seen.append(known.revision)
        if len(seen) == 1:
            journals.write(known.with_sighting(Sighting(_NOW, CampaignState.PAUSED)), [], _NOW)
        return known.with_note(DecisionNote(_decision(), Result.PENDING, _NOW))

    changed = journals.change("spring", change, _NOW)
    assert seen == [1, 2]
    assert changed == journals.get("spring")
    assert changed.journal is not None
    assert len(changed.journal.sightings) == 1


def test_a_change_gives_up_where_the_journal_keeps_changing(journals: Journals) -> None:
    journals.write(_known(), [], _NOW)

    def change(known: CampaignJournal) -> CampaignJournal:
        number = known.revision
        journals.write(known.with_note(DecisionNote(_decision(number), Result.APPLIED, _NOW)), [], _NOW)
        return known.with_note(DecisionNote(_decision(0), Result.PENDING, _NOW))

    with pytest.raises(JournalBusy, match="spring"):
        journals.change("spring", change, _NOW)


def test_what_cxone_does_not_know_is_forgotten_and_what_it_knows_is_kept(
    journals: Journals, aws: AwsWorld
) -> None:
    journals.write(CampaignJournal("nowhere"), [], _NOW)
    assert (aws.table().get(journals.key("nowhere")) or {})["ttl"] > _NOW.timestamp()
    journals.write(journals.get("nowhere").started(CampaignState.ACTIVE), [], _NOW)
    assert "ttl" not in (aws.table().get(journals.key("nowhere")) or {})


def test_pending_decisions_are_kept_however_many_follow() -> None:
    known = _known().with_note(DecisionNote(_decision(0), Result.PENDING, _NOW))
    for number in range(1, MAX_NOTES + 10):
        known = known.with_note(DecisionNote(_decision(number), Result.APPLIED, _NOW))
    assert len(known.notes) == MAX_NOTES + 1
    assert [note.decision.decision_id for note in known.pending()] == ["d0"]


def test_what_is_asked_for_comes_after_all_that_is_known() -> None:
    ahead = Sighting(_NOW + timedelta(seconds=3), CampaignState.ACTIVE)
    known = _known(CampaignState.PAUSED).with_sighting(ahead)
    asked = known.asking(Target.PAUSED, _NOW)
    assert known.with_sighting(asked).answered(asked).is_known_to_be(CampaignState.PAUSED)


def test_a_look_counts_from_the_last_thing_known() -> None:
    known = _known()
    asked = known.asking(Target.PAUSED, _NOW)
    known = known.with_sighting(asked).answered(asked)
    later = known.with_look(CampaignState.ACTIVE)
    assert later.journal is not None
    told = later.journal.newest()
    assert (told.party, told.target) == (Party.CXONE, Target.ACTIVE)
    assert _NOW < told.decided_at < _NOW + timedelta(seconds=1)
    decided = later.decided(_decision(), CampaignState.ACTIVE)
    assert decided.journal is not None
    assert decided.journal.newest() == _decision()


def test_what_had_no_effect_leaves_no_trace() -> None:
    known = _known()
    asked = known.asking(Target.PAUSED, _NOW)
    assert known.with_sighting(asked).withdrawn(asked).journal == known.journal


def test_nothing_is_in_doubt_for_ever() -> None:
    known = _known()
    known = known.with_sighting(known.asking(Target.PAUSED, _NOW))
    assert known.is_in_doubt(_NOW + SETTLING - timedelta(seconds=1))
    assert not known.is_in_doubt(_NOW + SETTLING + timedelta(seconds=1))


@pytest.mark.parametrize(("seconds", "is_echo"), [(-6, False), (-5, True), (0, True), (5, True), (6, False)])
def test_what_is_reported_near_our_own_doing_is_its_echo(seconds: int, is_echo: bool) -> None:
    known = _known()
    asked = known.asking(Target.PAUSED, _NOW)
    known = known.with_sighting(asked).answered(asked)
    at = asked.at - CXONE_CLOCK_SKEW + timedelta(seconds=seconds)
    assert known.is_echo(CampaignState.PAUSED, at) is is_echo
    assert known.is_echo(CampaignState.PAUSING, at) is is_echo
    assert not known.is_echo(CampaignState.ACTIVE, at)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("active", CampaignState.ACTIVE),
        ("PAUSED", CampaignState.PAUSED),
        (" Pausing ", CampaignState.PAUSING),
        ("completed", CampaignState.ENDED),
        ("STOPPING", CampaignState.ENDED),
        ("scheduled", CampaignState.UNKNOWN),
        ("", CampaignState.UNKNOWN),
    ],
)
def test_a_word_that_is_not_known_is_not_taken_for_a_state(word: str, state: CampaignState) -> None:
    assert state_named(word) is state


@pytest.mark.parametrize(("minutes", "counts"), [(0.5, Party.PERSON), (2, Party.CXONE)])
def test_a_report_says_when_what_a_look_showed_was_done(minutes: float, counts: Party) -> None:
    known = _known(CampaignState.PAUSED).decided(_decision(), CampaignState.PAUSED)
    looked = known.with_look(CampaignState.ACTIVE)
    asked = looked.asking(Target.PAUSED, _NOW + timedelta(minutes=3))
    done = looked.with_sighting(asked).answered(asked)
    reported = done.with_report(CampaignState.ACTIVE, _NOW + timedelta(minutes=minutes))
    assert reported.journal is not None
    assert reported.journal.newest().party is counts
    again = reported.with_report(CampaignState.ACTIVE, _NOW + timedelta(minutes=minutes))
    assert again == reported
