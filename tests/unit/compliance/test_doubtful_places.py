"""Contacts of whom it is doubtful where they are: a doubt closes hours, and never opens any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from outbound.calling.attempts import MOST_CALLS
from outbound.calling.places import place_of
from outbound.calling.profile import CallingCaps
from outbound.calling.settings import ComplianceSettings
from outbound.compliance.contact import Attempt, Campaign, Caps, Contact, Policy, Purpose, Window
from outbound.compliance.decision import Decision, Judge
from outbound.compliance.hours import read_hours
from outbound.compliance.numbers import Number, read_number
from outbound.compliance.rules import Hold, changed_rules, packaged_rules

JUDGE = Judge(packaged_rules(), Policy())
ALWAYS = Campaign(Purpose.INFORMATIONAL, window=Window((read_hours("00:00", "24:00"),) * 7))
NIGHT_IN_NEW_YORK = datetime(2026, 7, 15, 7, tzinfo=UTC)
MORNING_IN_NEW_YORK = datetime(2026, 7, 15, 13, tzinfo=UTC)


def numbers(*texts: str) -> tuple[Number, ...]:
    found = [read_number(text) for text in texts]
    assert None not in found
    return tuple(number for number in found if number)


def names(decision: Decision) -> set[str]:
    return {refusal.name for refusal in decision.refusals}


@pytest.mark.parametrize("other", ["+44 20 7946 0000", "+1 416 555 0100"])
def test_a_second_number_of_another_country_takes_no_rule_of_the_first_away(other: str) -> None:
    """At three in the night in New York it is day in London, and the campaign's own window is open."""
    who = Contact(numbers=numbers("+12125550100", other), state="NY", zone="Europe/London")
    for each in (who, Contact(numbers=who.numbers[::-1], state="NY", zone="Europe/London")):
        decision = JUDGE.decide(ALWAYS, each, NIGHT_IN_NEW_YORK)
        assert names(decision) == {"outside_window"}
        assert decision.states == {"NY": "address"}
        assert {"America/New_York", "Europe/London"} <= set(decision.zones)
        assert JUDGE.decide(ALWAYS, each, MORNING_IN_NEW_YORK).callable


def test_a_number_of_another_country_needs_a_window_beside_one_of_this() -> None:
    who = Contact(numbers=numbers("+12125550100", "+442079460000"), zone="Europe/London")
    assert names(JUDGE.decide(Campaign(), who, MORNING_IN_NEW_YORK)) == {"not_us_number"}
    alone = Contact(numbers=numbers("+12125550100", "+442079460000"))
    assert names(JUDGE.decide(ALWAYS, alone, MORNING_IN_NEW_YORK)) == {"not_us_number"}


def test_abroad_an_unreadable_zone_is_none_and_an_unconfirmed_one_not_the_only() -> None:
    misspelt = Contact(numbers=numbers("+442079460000"), zone="Europe/Lodnon")
    assert names(JUDGE.decide(ALWAYS, misspelt, MORNING_IN_NEW_YORK)) == {"zone_unknown"}
    toronto = Contact(numbers=numbers("+14165550100"), zone="America/Vancouver")
    assert set(JUDGE.decide(ALWAYS, toronto, MORNING_IN_NEW_YORK).zones) == {
        "America/Vancouver",
        "America/Toronto",
    }


def test_a_confirmed_zone_that_cannot_be_read_is_no_leave_to_guess() -> None:
    """`Pacific` was meant: by the area code alone the person would be called at five in the morning."""
    who = Contact(numbers=numbers("+12125550100"), zone="Pacific", zone_confirmed=True)
    assert names(JUDGE.decide(ALWAYS, who, MORNING_IN_NEW_YORK)) == {"zone_unknown"}


def test_the_safe_window_of_an_unknown_zone_is_open_where_the_number_is_too() -> None:
    """A misspelt zone in Hawaii: the window of the 48 states opens at six in the morning there."""
    judge = Judge(packaged_rules(), Policy(unknown_zone="contiguous_states"))
    who = Contact(numbers=numbers("+18085550100"), state="HI", zone="Hawai")
    decision = judge.decide(ALWAYS, who, datetime(2026, 7, 15, 16, 30, tzinfo=UTC))
    assert names(decision) == {"outside_window"}
    assert decision.next_opening == datetime(2026, 7, 15, 18, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT", "Factory", "Asia/Tokyo"])
def test_a_stored_zone_in_which_no_state_lies_does_not_hide_the_state(zone: str) -> None:
    """UTC is what systems write where nothing was ever set."""
    who = Contact(state="NY", zone=zone)
    decision = JUDGE.decide(ALWAYS, who, datetime(2026, 7, 15, 9, tzinfo=UTC))
    assert not decision.callable
    assert decision.zones == {zone: "stored", "America/New_York": "state NY"}


def test_an_address_in_none_of_the_zones_that_are_known_is_one_more() -> None:
    """A number of Hawaii is kept by who moved to Alabama; at six there it is an hour past the end."""
    who = Contact(state="AL", numbers=numbers("+1 808 555 0100"))
    decision = JUDGE.decide(Campaign(Purpose.INFORMATIONAL), who, datetime(2026, 7, 15, 2, tzinfo=UTC))
    assert decision.zones == {"Pacific/Honolulu": "area code 808", "America/Chicago": "state AL"}
    assert "outside_window" in names(decision)
    # The other zone of a state is none that was told, where the number says which.
    florida = Contact(state="FL", numbers=numbers("+1 305 555 0100"))
    assert set(JUDGE.decide(Campaign(), florida, MORNING_IN_NEW_YORK).zones) == {"America/New_York"}


@pytest.mark.parametrize("state", ["", "Louisiana", "XX"])
def test_an_emergency_anywhere_holds_who_may_be_there(state: str) -> None:
    hold = Hold(("LA",), NIGHT_IN_NEW_YORK, MORNING_IN_NEW_YORK + timedelta(days=1), "a storm")
    judge = Judge(changed_rules(packaged_rules(), [], [hold]))
    noon = datetime(2026, 7, 15, 18, tzinfo=UTC)
    who = Contact(state=state, zone="America/Chicago", zone_confirmed=True)
    assert names(judge.decide(ALWAYS, who, noon)) == {"emergency_hold"}
    for known in ("TX", "PR"):
        elsewhere = Contact(state=known, zone="America/Chicago", zone_confirmed=True)
        assert judge.decide(ALWAYS, elsewhere, noon).callable


@pytest.mark.parametrize("written", ["solar  roofs", " Solar Roofs ", "SOLAR ROOFS", "\uff33olar roofs", ""])
def test_a_subject_is_the_same_however_it_is_written(written: str) -> None:
    campaign = Campaign(Purpose.INFORMATIONAL, subject="Solar roofs", caps=Caps(per_day=1))
    made = (Attempt(MORNING_IN_NEW_YORK - timedelta(hours=1), written),)
    who = Contact(numbers=numbers("+12125550100"), attempts=made)
    assert names(JUDGE.decide(campaign, who, MORNING_IN_NEW_YORK)) == {"cap_day"}
    other = Contact(numbers=who.numbers, attempts=(Attempt(made[0].at, "Windows"),))
    assert JUDGE.decide(campaign, other, MORNING_IN_NEW_YORK).callable


def test_no_cap_is_greater_than_what_is_remembered() -> None:
    assert CallingCaps(per_week=MOST_CALLS).per_week == MOST_CALLS
    with pytest.raises(ValidationError):
        CallingCaps(per_week=MOST_CALLS + 1)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "TX", "hours": {"monday": ["10:00", "12:00"]}},
        {"state": "TX", "hours": {"mon": ["08:00", "21:00"]}, "name": " ", "reason": " "},
    ],
)
def test_a_change_of_a_rule_that_says_nothing_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ComplianceSettings.model_validate({"rule_changes": [change]})


def test_an_empty_change_of_a_rule_changes_nothing() -> None:
    """Null is no hours, and no leave to call on holidays."""
    empty = {"state": "RI", "hours": None, "closed_on_holidays": None, "unsolicited_mobile_ban": None}
    [row] = ComplianceSettings.model_validate({"rule_changes": [empty]}).rules.of_state("RI")
    [packaged] = packaged_rules().of_state("RI")
    assert (row.week, row.closed_on_holidays) == (packaged.week, True)


def test_a_segment_s_number_of_another_country_stays_one() -> None:
    row = dict.fromkeys(("contact_id", "campaign_id", "run_id", "judged_at", "rules_version"), "x")
    row |= {"zone": "Europe/London", "address_state": "", "zip_prefix": ""}
    about = {"zones": ["Europe/London"], "states": [], "zone_confirmed": False, "area_codes": [""]}
    who = place_of({**row, **about}).contact()
    before_seven = datetime(2026, 7, 15, 6, 30, tzinfo=UTC)
    decision = JUDGE.decide(ALWAYS, who, before_seven)
    assert decision.callable
    assert decision.states == {}
