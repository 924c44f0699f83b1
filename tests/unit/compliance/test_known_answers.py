"""The known answers of the calling rules: hours, zones, days on which clocks change, states."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from outbound.compliance.contact import Attempt, Campaign, Caps, Contact, Policy, Purpose, Window
from outbound.compliance.decision import Decision, Judge
from outbound.compliance.hours import read_hours
from outbound.compliance.numbers import read_number
from outbound.compliance.rules import UNKNOWN, WEEKDAYS, packaged_rules

JUDGE = Judge(packaged_rules(), Policy(closing_margin_seconds=0))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def contact(phone: str = "", **about: object) -> Contact:
    number = read_number(phone)
    return Contact(numbers=(number,) if number else (), **about)  # type: ignore[arg-type]


CONFIRMED = contact("+18505550100", zone="America/Chicago", zone_confirmed=True)


def decide(who: Contact, moment: str, campaign: Campaign | None = None, judge: Judge = JUDGE) -> Decision:
    return judge.decide(campaign or Campaign(), who, at(moment))


def names(decision: Decision) -> set[str]:
    return {refusal.name for refusal in decision.refusals}


@pytest.mark.parametrize(
    ("who", "opens", "closes"),
    [
        (contact("+19285550100"), "2026-01-15T15:00", "2026-01-16T04:00"),
        (contact("+19285550100"), "2026-07-15T15:00", "2026-07-16T03:00"),
        (contact("+12085550100"), "2026-07-15T15:00", "2026-07-16T03:00"),
        # Florida's own row ends at 20:00 in both of its zones.
        (contact("+18505550100"), "2026-07-15T13:00", "2026-07-16T00:00"),
        (contact("+12125550100"), "2026-03-08T12:00", "2026-03-09T01:00"),
        (contact("+12125550100"), "2026-11-01T13:00", "2026-11-02T02:00"),
        (contact("+12125550100"), "2027-03-14T12:00", "2027-03-15T01:00"),
        (contact("+12125550100"), "2027-11-07T13:00", "2027-11-08T02:00"),
        (contact("+16025550100"), "2026-07-15T15:00", "2026-07-16T04:00"),
        (contact("+18085550100"), "2026-07-15T18:00", "2026-07-16T07:00"),
        # A stored zone that the person confirmed replaces the guesses of the clock, not the state's rule.
        (CONFIRMED, "2026-07-15T13:00", "2026-07-16T01:00"),
        (contact("+12125550100", zone="America/Los_Angeles"), "2026-07-15T15:00", "2026-07-16T01:00"),
        (contact("+12125550100", zip_code="90210"), "2026-07-15T15:00", "2026-07-16T01:00"),
        (contact(zip_code="33101-1234"), "2026-07-15T12:00", "2026-07-16T00:00"),
        (contact(zip_code="32501"), "2026-07-15T13:00", "2026-07-16T01:00"),
        (contact(state="ca"), "2026-07-15T15:00", "2026-07-16T04:00"),
        # Both the address and the area code bring their state's rule.
        (contact("+16175550100", state="NH"), "2026-07-15T12:00", "2026-07-16T00:00"),
    ],
)  # fmt: skip
def test_a_window_is_open_in_every_pair_and_to_the_minute(who: Contact, opens: str, closes: str) -> None:
    first, last = at(opens), at(closes)
    campaign = Campaign()
    assert not JUDGE.decide(campaign, who, first - timedelta(seconds=1)).callable
    assert JUDGE.decide(campaign, who, first - timedelta(hours=2)).next_opening == first
    opened = JUDGE.decide(campaign, who, first)
    assert opened.callable
    assert opened.callable_until == last
    assert JUDGE.decide(campaign, who, last - timedelta(seconds=1)).callable
    assert not JUDGE.decide(campaign, who, last).callable


@pytest.mark.parametrize(("setting", "opens", "closes"), [
    ("contiguous_states", "2026-01-15T17:00", "2026-01-15T23:00"),
    ("all_states", "2026-01-15T20:00", "2026-01-15T23:00"),
])  # fmt: skip
def test_an_unknown_zone_is_closed_or_by_a_setting_open_where_all_states_are(
    setting: str, opens: str, closes: str
) -> None:
    """With the state known to be an ordinary one, the 48 states leave 16:00 to 02:00 in winter."""
    judge = Judge(packaged_rules(), Policy(closing_margin_seconds=0, unknown_zone=setting))
    toll_free = contact("+18005550100")
    assert names(decide(toll_free, opens)) == {"zone_unknown"}
    with_narrowest_row = decide(toll_free, opens, judge=judge)
    assert with_narrowest_row.states == {UNKNOWN: "no state is known"}
    # The narrowest row, 10:00 to 18:00, in all zones at once.
    first = judge.decide(Campaign(), toll_free, at("2026-01-15T12:00")).next_opening
    assert first == at("2026-01-15T18:00" if setting == "contiguous_states" else "2026-01-15T20:00")
    assert judge.decide(Campaign(), toll_free, first).callable_until == at(closes)
    in_georgia = Contact(numbers=toll_free.numbers, state="GA", zone="Nowhere/Else")
    assert judge.decide(Campaign(), in_georgia, at("2026-01-15T16:00")).callable == (setting != "all_states")
    assert not judge.decide(Campaign(), in_georgia, at("2026-01-15T15:59")).callable


def test_each_row_closes_and_opens_as_it_says() -> None:
    """Every state, every weekday of a week without holidays, at the edges of its hours."""
    zone = "America/Chicago"
    for row in packaged_rules().rows:
        if row.state == UNKNOWN or not row.holds_on(date(2026, 9, 14)):
            continue
        for weekday in range(7):
            # Monday the 14th of September 2026; Chicago is five hours behind UTC.
            midnight = at("2026-09-14T05:00") + timedelta(days=weekday)
            who = Contact(state=row.state, zone=zone, zone_confirmed=True)
            hours = row.week[weekday]
            if hours is None:
                noon = JUDGE.decide(Campaign(), who, midnight + timedelta(hours=12))
                assert names(noon) == {"weekday"}, row.id
                continue
            start = midnight + timedelta(hours=hours.start.hour)
            end = midnight + timedelta(hours=hours.end.hour)
            assert JUDGE.decide(Campaign(), who, start).callable_until == end, row.id
            assert names(JUDGE.decide(Campaign(), who, start - timedelta(seconds=1))) == {"outside_window"}
            assert names(JUDGE.decide(Campaign(), who, end)) == {"outside_window"}


def test_a_row_holds_from_a_day_on_and_until_one() -> None:
    pennsylvania = contact(state="PA", zip_code="19104")
    assert decide(pennsylvania, "2026-10-11T16:00").callable  # a Sunday under the old row
    assert names(decide(pennsylvania, "2026-10-18T16:00")) == {"weekday"}  # a Sunday under the new one
    assert decide(pennsylvania, "2026-10-19T13:00").callable_until == at("2026-10-19T23:00")


@pytest.mark.parametrize(
    ("state", "day", "closed"),
    [
        ("RI", "2026-08-10", "holiday"),  # Victory Day
        ("RI", "2026-07-03", "holiday"),  # Independence Day, observed
        ("LA", "2026-02-17", "holiday"),  # Mardi Gras
        ("LA", "2026-04-03", "holiday"),  # Good Friday
        ("AL", "2026-04-27", "holiday"),  # Confederate Memorial Day
        ("AL", "2026-06-01", "holiday"),
        ("UT", "2026-07-24", "holiday"),
        ("PA", "2026-11-03", "holiday"),  # Election Day
        ("PA", "2028-02-29", ""),
        ("GA", "2026-12-25", ""),
    ],
)
def test_holidays_close_where_a_row_says_so(state: str, day: str, closed: str) -> None:
    who = Contact(state=state, zone="America/New_York", zone_confirmed=True)
    assert names(decide(who, f"{day}T16:00")) == ({closed} if closed else set())


def test_the_window_ends_early_for_the_phone_rings() -> None:
    judge = Judge(packaged_rules(), Policy())
    assert decide(contact("+12125550100"), "2026-07-15T20:00", judge=judge).callable_until == at(
        "2026-07-16T00:59"
    )


@pytest.mark.parametrize("start", ["9:00", "09:00", "09:00:00"])
def test_hours_are_read_in_each_form(start: str) -> None:
    hours = read_hours(start, "17:00")
    assert hours.as_text() == "09:00-17:00"
    with pytest.raises(ValueError, match="not after"):
        read_hours("17:00", start)


def test_a_campaigns_own_window_narrows_and_its_days_close() -> None:
    week = tuple(read_hours("10:00", "12:00") if day != "sat" else None for day in WEEKDAYS)
    campaign = Campaign(window=Window(week))
    new_york = contact("+12125550100")
    assert decide(new_york, "2026-07-15T14:00", campaign).callable_until == at("2026-07-15T16:00")
    assert names(decide(new_york, "2026-07-18T14:30", campaign)) == {"weekday"}
    assert decide(new_york, "2026-07-18T14:30", campaign).next_opening == at("2026-07-19T14:00")


def test_outside_of_the_united_states_the_campaigns_own_window_holds() -> None:
    london = contact("+442079460000", zone="Europe/London")
    assert names(decide(london, "2026-07-15T14:00")) == {"not_us_number"}
    week = tuple(read_hours("9:00", "20:00") for _ in WEEKDAYS)
    assert decide(london, "2026-07-15T14:00", Campaign(window=Window(week))).callable_until == at(
        "2026-07-15T19:00"
    )
    assert names(decide(contact("+442079460000"), "2026-07-15T14:00", Campaign(window=Window(week)))) == {
        "not_us_number"
    }


def test_caps_are_rolling_and_say_when_they_end() -> None:
    calls = tuple(Attempt(at(f"2026-07-15T{hour}:00"), "loans") for hour in (13, 14, 15))
    florida = contact("+13055550100", attempts=calls)
    loans, other = Campaign(subject="loans"), Campaign(subject="insurance")
    refused = decide(florida, "2026-07-15T16:00", loans)
    assert names(refused) == {"cap_24h"}
    assert refused.next_opening == at("2026-07-16T13:00")
    assert decide(florida, "2026-07-16T13:00", loans).callable
    assert decide(florida, "2026-07-15T16:00", other).callable
    capped = Campaign(caps=Caps(per_day=1, per_week=3))
    assert names(decide(contact("+12125550100", attempts=calls), "2026-07-15T16:00", capped)) == {
        "cap_day",
        "cap_week",
    }
    assert names(decide(contact("+12125550100", attempts=None), "2026-07-15T16:00", capped)) == {
        "attempts_unknown"
    }


def test_debt_collection_has_seven_calls_in_seven_days_and_a_week_after_a_conversation() -> None:
    debt = Campaign(purpose=Purpose.DEBT_COLLECTION)
    calls = tuple(Attempt(at(f"2026-07-{day}T16:00")) for day in range(10, 17))
    assert names(decide(contact("+12125550100", attempts=calls), "2026-07-16T17:00", debt)) == {"cap_week"}
    assert decide(contact("+12125550100", attempts=calls), "2026-07-17T16:00", debt).callable
    talked = (Attempt(at("2026-07-10T16:00"), conversation=True),)
    refused = decide(contact("+12125550100", attempts=talked), "2026-07-15T16:00", debt)
    assert names(refused) == {"cap_conversation"}
    assert refused.next_opening == at("2026-07-17T16:00")
