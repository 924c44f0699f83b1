"""The table of states as it was collected, held against decisions; and where a person may be, case by case.

The table is written here a second time, from the sources and not from the product's rows: a row that was
mistyped there fails here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from outbound.compliance.contact import Attempt, Campaign, Contact, Policy, Window
from outbound.compliance.decision import Decision, Judge
from outbound.compliance.hours import interval, read_hours
from outbound.compliance.numbers import area_code, read_number
from outbound.compliance.places import ALL_ZONES, ZONES, area_of_zip
from outbound.compliance.rules import packaged_rules

JUDGE = Judge(packaged_rules(), Policy(closing_margin_seconds=0))

# State: Monday to Friday, Saturday, Sunday; `h` closed on holidays; calls in 24 hours. `=` as the day before.
TABLE = """
AL 8-20 = no h      AZ 8-21 = =         CA 8-21 = =         CT 9-20 = =         FL 8-20 = = - 3
IL 8-21 = =         IN 8-21 = =         KY 10-21 = =        LA 8-20 = no h      ME 8-21 = =
MD 8-20 = = - 3     MA 8-20 = =         MI 9-21 = =         MN 9-21 = =         MS 8-20 = no
NE 8-21 = =         NV 9-20 = =         NJ 8-21 = =         NM 9-21 = =         NY 8-21 = =
NC 8-21 = =         OK 8-20 = = - 3     OR 8-20 = = - 3     PA 9-19 = no h      RI 9-18 10-17 no h
SC 8-21 = =         SD 9-21 = no        TX 9-21 = 12-21     UT 8-21 = no h      VA 8-21 = =
WA 8-20 = =         WY 8-20 = =         DC 8-21 = =         HI 8-21 = =         MO 8-21 = =
MT 8-21 = =         ND 8-21 = =         TN 8-21 = =         WI 8-21 = =         WV 8-21 = =
AK 8-21 = =         AR 8-21 = =         CO 8-21 = =         DE 8-21 = =         GA 8-21 = =
ID 8-21 = =         KS 8-21 = =         NH 8-21 = =         OH 8-21 = =         IA 8-21 = =
VT 8-21 = =
"""
#: What a row is from another day on: Pennsylvania before 2026-10-18.
BEFORE = {"PA": ("8-21", "8-21", "8-21")}
# A week without a holiday anywhere, behind every change, in winter; its Monday.
WEEK = date(2026, 11, 30)
SECOND = timedelta(seconds=1)


def _entries() -> list[tuple[str, tuple[str, ...], bool, int | None]]:
    entries = []
    for line in TABLE.strip().splitlines():
        for entry in filter(None, (each.strip() for each in line.split("  "))):
            state, weekdays, saturday, sunday, *more = entry.split()
            saturday = weekdays if saturday == "=" else saturday
            sunday = saturday if sunday == "=" else sunday
            cap = int(more[1]) if len(more) > 1 else None
            entries.append((state, (*[weekdays] * 5, saturday, sunday), "h" in more, cap))
    return entries


ENTRIES = _entries()


def local(day: date, hour: int, zone: str) -> datetime:
    return datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)


def at_home(state: str, zone: str, **about: object) -> Contact:
    return Contact(state=state, zone=zone, zone_confirmed=True, **about)  # type: ignore[arg-type]


def names(decision: Decision) -> set[str]:
    return {refusal.name for refusal in decision.refusals}


def check_week(state: str, week: tuple[str, ...], zone: str, monday: date) -> None:
    for number, hours in enumerate(week):
        day = monday + timedelta(days=number)
        who, noon = at_home(state, zone), local(day, 12, zone)
        if hours == "no":
            assert names(JUDGE.decide(Campaign(), who, noon)) == {"weekday"}, (state, zone, day)
            continue
        start, end = (local(day, int(hour), zone) for hour in hours.split("-"))
        inside = JUDGE.decide(Campaign(), who, start)
        assert (inside.callable, inside.callable_until) == (True, end), (state, zone, day)
        assert JUDGE.decide(Campaign(), who, end - SECOND).callable, (state, zone, day)
        for outside in (start - SECOND, end):
            assert names(JUDGE.decide(Campaign(), who, outside)) == {"outside_window"}, (state, zone, day)


def test_every_state_of_the_rules_is_in_the_table_and_no_other() -> None:
    territories = {"PR", "VI", "GU", "MP", "AS"}
    assert {row.state for row in packaged_rules().rows} - {"unknown"} == {
        state for state, *_ in ENTRIES
    } | territories


@pytest.mark.parametrize(("state", "week", "holidays", "cap"), ENTRIES, ids=[one[0] for one in ENTRIES])
def test_a_state_is_open_and_closed_as_the_table_says_in_each_of_its_zones(
    state: str, week: tuple[str, ...], holidays: bool, cap: int | None
) -> None:
    for zone in ZONES[state]:
        check_week(state, week, zone, WEEK)
        new_year = JUDGE.decide(Campaign(), at_home(state, zone), local(date(2027, 1, 1), 12, zone))
        assert names(new_year) == ({"holiday"} if holidays else set()), (state, zone)
    zone, noon = ZONES[state][0], local(WEEK, 12, ZONES[state][0])
    calls = tuple(Attempt(noon - timedelta(hours=hours)) for hours in (1, 2, 23))
    assert names(JUDGE.decide(Campaign(), at_home(state, zone, attempts=calls), noon)) == (
        {"cap_24h"} if cap == len(calls) else set()
    )
    assert JUDGE.decide(Campaign(), at_home(state, zone, attempts=calls[:2]), noon).callable


@pytest.mark.parametrize("state", sorted(BEFORE))
def test_a_state_was_open_before_as_it_was_then(state: str) -> None:
    week = (*[BEFORE[state][0]] * 5, *BEFORE[state][1:])
    check_week(state, week, ZONES[state][0], date(2026, 9, 14))


# The Sundays on which clocks change, forward and back, and the days around them.
CHANGES = [date(2026, 3, 8), date(2026, 11, 1), date(2027, 3, 14), date(2027, 11, 7)]


@pytest.mark.parametrize("zone", ALL_ZONES)
@pytest.mark.parametrize("sunday", CHANGES)
def test_the_window_is_eight_to_nine_on_the_clock_of_the_day_of_a_change(sunday: date, zone: str) -> None:
    for day in (sunday - timedelta(days=1), sunday, sunday + timedelta(days=1)):
        opens, closes = local(day, 8, zone), local(day, 21, zone)
        who = at_home("GA", zone)
        assert JUDGE.decide(Campaign(), who, opens).callable_until == closes
        assert not JUDGE.decide(Campaign(), who, opens - SECOND).callable
        assert closes - opens == timedelta(hours=13)
        assert JUDGE.decide(Campaign(), who, closes).next_opening == local(day + timedelta(days=1), 8, zone)


def test_an_hour_that_comes_twice_or_never_counts_as_the_narrower() -> None:
    eastern = "America/New_York"
    night = read_hours("1:30", "2:30")
    # Forward at 2:00 there is no 2:30; back at 2:00 it is 1:30 twice.
    forward, back = (interval(day, night, eastern) for day in CHANGES[:2])
    assert [datetime.fromtimestamp(each, UTC) for each in forward] == [
        datetime(2026, 3, 8, 6, 30, tzinfo=UTC),
        datetime(2026, 3, 8, 6, 30, tzinfo=UTC),
    ]
    assert [datetime.fromtimestamp(each, UTC) for each in back] == [
        datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
        datetime(2026, 11, 1, 7, 30, tzinfo=UTC),
    ]


SPANNING = (
    *("850", "448", "574", "812", "930", "270", "364", "906", "308", "701", "605", "785", "620", "208"),
    *("986", "541", "458", "775", "928", "907", "423", "931", "606", "432"),
)
NO_PLACE = ("800", "833", "844", "855", "866", "877", "888", "500", "521", "600", "700", "710", "900")


@pytest.mark.parametrize("code", SPANNING)
def test_a_number_whose_area_code_spans_zones_is_called_when_it_is_day_in_all_of_them(code: str) -> None:
    number = read_number(f"+1{code}5550100")
    assert number is not None
    assert len(number.area.zones) == 2, code
    who = Contact(numbers=(number,))
    # An ordinary Wednesday in summer, from the first to the last minute.
    morning = datetime(2026, 7, 15, 8, tzinfo=UTC)
    opening = JUDGE.decide(Campaign(), who, morning).next_opening
    assert opening is not None
    until = JUDGE.decide(Campaign(), who, opening).callable_until
    assert until is not None
    for zone in number.area.zones:
        assert opening.astimezone(ZoneInfo(zone)).hour >= 8, code
        assert (until - SECOND).astimezone(ZoneInfo(zone)).hour < 21, code
    firsts = [local(date(2026, 7, 15), 8, zone) for zone in number.area.zones]
    assert opening >= max(firsts), code


@pytest.mark.parametrize("code", NO_PLACE)
def test_a_number_of_no_place_says_nothing_of_where_a_person_is(code: str) -> None:
    number = read_number(f"+1{code}5550100")
    assert number is not None
    assert (number.area.zones, number.area.states) == ((), ()), code
    noon = datetime(2026, 7, 15, 18, tzinfo=UTC)
    assert names(JUDGE.decide(Campaign(), Contact(numbers=(number,)), noon)) == {"zone_unknown"}
    with_zip = JUDGE.decide(Campaign(), Contact(numbers=(number,), zip_code="10001"), noon)
    assert with_zip.zones == {"America/New_York": "ZIP code"}
    assert with_zip.callable


KINDS = [
    ("stored", {"zone": "America/Chicago"}, {"America/Chicago": "stored"}),
    (
        "confirmed",
        {"zone": "America/Chicago", "zone_confirmed": True, "zip_code": "10001", "numbers": "808"},
        {"America/Chicago": "confirmed by the person"},
    ),
    ("ZIP", {"zip_code": "73301"}, {"America/Chicago": "ZIP code"}),
    (
        "ZIP of two zones",
        {"zip_code": "32401"},
        {"America/New_York": "ZIP code", "America/Chicago": "ZIP code"},
    ),
    ("area code", {"numbers": "602"}, {"America/Phoenix": "area code 602"}),
    ("state alone", {"state": "HI"}, {"Pacific/Honolulu": "state HI"}),
    (
        "stored, ZIP and number",
        {"zone": "America/Denver", "zip_code": "10001", "numbers": "808"},
        {
            "America/Denver": "stored",
            "America/New_York": "ZIP code",
            "Pacific/Honolulu": "area code 808",
        },
    ),
    ("unreadable and not confirmed", {"zone": "Mars/Olympus", "zip_code": "10001"}, {}),
    ("unreadable and confirmed", {"zone": "Mars/Olympus", "zone_confirmed": True}, {}),
    ("nothing", {}, {}),
]


@pytest.mark.parametrize(("given", "zones"), [kind[1:] for kind in KINDS], ids=[kind[0] for kind in KINDS])
def test_each_kind_of_zone_counts_with_its_source(given: dict[str, object], zones: dict[str, str]) -> None:
    about = dict(given)
    number = read_number(f"+1{about.pop('numbers')}5550100") if "numbers" in about else None
    who = Contact(numbers=(number,) if number else (), **about)  # type: ignore[arg-type]
    decision = JUDGE.decide(Campaign(), who, datetime(2026, 7, 15, 20, tzinfo=UTC))
    if zones:
        assert decision.zones == zones
        assert "zone_unknown" not in names(decision)
    else:
        assert "zone_unknown" in names(decision)


def test_a_day_begins_at_midnight_in_the_zone_and_not_in_utc() -> None:
    """South Dakota is closed on Sundays: at 9:00 on Monday it opens, though it is Monday in UTC for hours."""
    who = at_home("SD", "America/Denver")
    sunday = date(2026, 7, 19)
    for hour, name in ((0, "weekday"), (12, "weekday"), (23, "weekday")):
        decision = JUDGE.decide(Campaign(), who, local(sunday, hour, "America/Denver"))
        assert names(decision) == {name}
        assert decision.next_opening == local(sunday + timedelta(days=1), 9, "America/Denver")
    monday = JUDGE.decide(Campaign(), who, local(sunday + timedelta(days=1), 0, "America/Denver"))
    assert names(monday) == {"outside_window"}


def test_a_window_that_ends_at_midnight_ends_with_the_day() -> None:
    for end in ("24:00", "0:00", "00:00:00"):
        window = Window((read_hours("18:00", end),) * 7)
        london = read_number("+442079460000")
        assert london is not None
        who = Contact(numbers=(london,), zone="Europe/London")
        evening = datetime(2026, 7, 15, 22, 59, 59, tzinfo=UTC)
        decision = JUDGE.decide(Campaign(window=window), who, evening)
        assert decision.callable_until == datetime(2026, 7, 15, 23, tzinfo=UTC), end
        assert not JUDGE.decide(Campaign(window=window), who, evening + SECOND).callable


def test_a_leap_day_is_a_day_like_any() -> None:
    zone = "America/New_York"
    tuesday = date(2028, 2, 29)
    who = at_home("RI", zone)
    assert JUDGE.decide(Campaign(), who, local(tuesday, 9, zone)).callable_until == local(tuesday, 18, zone)
    before = JUDGE.decide(Campaign(), who, local(date(2028, 2, 28), 18, zone))
    assert before.next_opening == local(tuesday, 9, zone)
    behind = JUDGE.decide(Campaign(), who, local(tuesday, 18, zone))
    assert behind.next_opening == local(date(2028, 3, 1), 9, zone)


@pytest.mark.parametrize(("start", "end"), [("9:00", "17:00"), ("09:00", "17:00:00"), ("09:00:00", "17:00")])
def test_hours_in_each_form_are_the_same_window(start: str, end: str) -> None:
    campaign = Campaign(window=Window((read_hours(start, end),) * 7))
    day = date(2026, 7, 15)
    who, zone = at_home("GA", "America/New_York"), "America/New_York"
    assert JUDGE.decide(campaign, who, local(day, 9, zone)).callable_until == local(day, 17, zone)
    assert not JUDGE.decide(campaign, who, local(day, 17, zone)).callable


def test_areas_of_codes_and_of_zip_codes_agree_on_their_states() -> None:
    """A ZIP code of each state, and the zones that any area code of that state has."""
    samples = {"NY": "10001", "FL": "33101", "TX": "77001", "CA": "90001", "IL": "60601", "AZ": "85001"}
    for state, zip_code in samples.items():
        area = area_of_zip(zip_code)
        assert area is not None
        assert area.states == (state,)
        of_codes = {
            zone
            for code in map(str, range(200, 1000))
            if area_code(code).states == (state,)
            for zone in area_code(code).zones
        }
        assert set(area.zones) <= of_codes, state


def test_openings_follow_each_other_through_a_year_without_gap_or_overlap() -> None:
    """Each opening ends before the next begins, and between the two the person may not be called."""
    number = read_number("+19285550100")
    assert number is not None
    who, moment = Contact(numbers=(number,)), datetime(2026, 1, 1, tzinfo=UTC)
    spans = []
    while moment < datetime(2027, 1, 1, tzinfo=UTC):
        decision = JUDGE.decide(Campaign(), who, moment)
        if decision.callable_until:
            spans.append((moment, decision.callable_until))
        moment = decision.callable_until or decision.next_opening or datetime.max.replace(tzinfo=UTC)
    assert 364 <= len(spans) <= 367
    assert all(end < start for (_, end), (start, _) in pairwise(spans))
    lengths = {(end - start) for start, end in spans[1:]}
    # Phoenix and Denver share 13 hours in winter and 12 in summer.
    assert lengths == {timedelta(hours=13), timedelta(hours=12)}
