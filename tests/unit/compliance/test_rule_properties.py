"""What holds for every contact, rule and moment; and other people's tables as a second opinion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.compliance.contact import Attempt, Campaign, Caps, ConsentView, Contact, Grant, Kind, Policy
from outbound.compliance.decision import Judge
from outbound.compliance.holidays import holiday
from outbound.compliance.numbers import area_code, read_number
from outbound.compliance.places import ZONES, area_of_zip
from outbound.compliance.rules import Hold, changed_rules, packaged_rules
from tables.area_codes import TABLE, made

JUDGE = Judge(packaged_rules(), Policy())
CODES = ["212", "928", "208", "850", "305", "401", "601", "808", "907", "215", "312", "800", "215", "503"]
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
WAYS = ["cap", "hold", "margin", "consent", "zone", "number", "attempt"]
moments = st.integers(0, 2 * 365 * 86_400).map(lambda seconds: FIRST + timedelta(seconds=seconds))
states = st.sampled_from(["", *sorted(ZONES), "XX"])
zones = st.sampled_from(["", "America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "Nope/Nope"])


@st.composite
def contacts(draw: st.DrawFn) -> Contact:
    number = read_number(f"+1{draw(st.sampled_from(CODES))}5550100")
    assert number is not None
    return Contact(
        numbers=(number,),
        state=draw(states),
        zip_code=draw(st.sampled_from(["", "10001", "32401", "97914", "00000", "96799"])),
        zone=draw(zones),
        zone_confirmed=draw(st.booleans()),
        attempts=draw(st.none() | st.just(()) | st.just((Attempt(datetime(2026, 7, 15, 16, tzinfo=UTC)),))),
    )


@given(contacts(), moments)
def test_what_is_callable_is_within_8_and_21_in_every_plausible_zone(who: Contact, moment: datetime) -> None:
    decision = JUDGE.decide(Campaign(), who, moment)
    if decision.callable:
        for zone in decision.zones:
            assert 8 <= moment.astimezone(ZoneInfo(zone)).hour < 21
        assert decision.zones
        assert decision.rows


def test_an_opening_behind_the_day_of_a_new_rule_is_judged_by_that_rule() -> None:
    """The last evening before Oregon's caps, with attempts unknown: next morning the cap forbids."""
    number = read_number("+15035550100")
    assert number is not None
    who = Contact(numbers=(number,), zone="America/New_York", attempts=None)
    decision = JUDGE.decide(Campaign(), who, datetime(2026, 1, 1, 1, 59, tzinfo=UTC))
    assert not decision.callable
    assert decision.next_opening is None


@given(contacts(), moments)
def test_an_opening_ends_and_the_next_begins_when_it_says(who: Contact, moment: datetime) -> None:
    decision = JUDGE.decide(Campaign(), who, moment)
    second = timedelta(seconds=1)
    if until := decision.callable_until:
        assert until > moment
        assert JUDGE.decide(Campaign(), who, until - second).callable
        assert not JUDGE.decide(Campaign(), who, until).callable
    if opening := decision.next_opening:
        assert opening > moment
        assert JUDGE.decide(Campaign(), who, opening).callable
        assert not JUDGE.decide(Campaign(), who, opening - second).callable


@given(contacts(), moments, st.sampled_from([Campaign(), Campaign(caps=Caps(per_day=1))]))
def test_what_was_is_decided_as_what_is_to_come(who: Contact, moment: datetime, campaign: Campaign) -> None:
    whole = JUDGE.decide(campaign, who, moment)
    bare = JUDGE.decide(campaign, who, moment, foresee=False)
    assert bare == replace(whole, callable_until=None, next_opening=None)


def test_an_opening_ends_with_the_grant_that_allows_it() -> None:
    number = read_number("+12125550100")
    assert number is not None
    noon = datetime(2026, 7, 15, 16, tzinfo=UTC)
    ends = noon + timedelta(hours=1, minutes=7)
    consent = ConsentView(grant=Grant(Kind.WRITTEN, noon - timedelta(days=9), ends))
    assert JUDGE.decide(Campaign(), Contact(numbers=(number,)), noon, consent).callable_until == ends


def test_a_grant_that_ends_before_the_next_opening_leaves_none() -> None:
    number = read_number("+12125550100")
    assert number is not None
    night = datetime(2026, 7, 15, 4, tzinfo=UTC)
    for hours, opens in ((7, False), (9, True)):
        consent = ConsentView(
            grant=Grant(Kind.WRITTEN, night - timedelta(days=9), night + timedelta(hours=hours))
        )
        decision = JUDGE.decide(Campaign(), Contact(numbers=(number,)), night, consent)
        assert (decision.next_opening is not None) is opens


@given(contacts(), moments, st.sampled_from(WAYS))
def test_nothing_that_tightens_opens(who: Contact, moment: datetime, how: str) -> None:
    open_before = JUDGE.decide(Campaign(), who, moment).callable
    judge, campaign, consent, tighter = JUDGE, Campaign(), None, who
    if how == "cap":
        campaign = Campaign(caps=Caps(per_day=1))
    elif how == "hold":
        hold = Hold(tuple(ZONES), moment - timedelta(hours=1), moment + timedelta(hours=1), "a test")
        judge = Judge(changed_rules(packaged_rules(), [], [hold]))
    elif how == "margin":
        judge = Judge(packaged_rules(), Policy(closing_margin_seconds=3600))
    elif how == "consent":
        consent = ConsentView(grant=Grant(Kind.EXPRESS))
    elif how == "zone":
        tighter = replace(who, zone=who.zone or "Pacific/Honolulu", zone_confirmed=False)
        open_before |= who.zone_confirmed or not who.zone
    elif how == "number":
        more = read_number("+18085550100")
        assert more is not None
        tighter = replace(who, numbers=(*who.numbers, more))
        # A second number can tell where a person is of whom nothing else is known.
        open_before |= not JUDGE.decide(Campaign(), who, moment).zones
    else:
        tighter = replace(who, attempts=(*(who.attempts or ()), *[Attempt(moment)] * 3))
        open_before |= who.attempts is None
    if how == "zone" and not JUDGE.decide(Campaign(), who, moment).zones:
        return
    assert open_before or not judge.decide(campaign, tighter, moment, consent).callable


@given(st.text() | st.from_regex(r"\+?1?[ (]?[0-9]{3}[)\-. ]{0,2}[0-9]{3}[-. ]?[0-9]{4}"))
def test_any_text_is_a_number_or_none(text: str) -> None:
    number = read_number(text)
    assert number is None or number == read_number(f"+{number.digits}")


@pytest.mark.parametrize("text", ["+1 (212) 555-0100", "212-555-0100", "1.212.555.0100", "tel:+12125550100"])
def test_a_number_is_read_in_its_usual_forms(text: str) -> None:
    number = read_number(text)
    assert number is not None
    assert number.digits == "12125550100"


@pytest.mark.parametrize(
    "text", ["", "555-0100", "+1 112 555 0100", "+12125550", "\u0661" * 10, "+0123456789"]
)
def test_what_is_not_a_number_is_none(text: str) -> None:
    assert read_number(text) is None


def test_every_area_code_of_a_state_has_zones_of_that_state() -> None:
    for code in map(str, range(200, 1000)):
        area = area_code(code)
        for state in area.states:
            # Idaho's and Oregon's and Nevada's other zone is Boise's, whose clock is Denver's.
            assert set(area.zones) <= set(ZONES[state]), code
    for spanning in (
        "850",
        "448",
        "574",
        "812",
        "930",
        "270",
        "364",
        "906",
        "308",
        "701",
        "605",
        "785",
        "620",
    ):
        assert len(area_code(spanning).zones) == 2, spanning
    for spanning in ("620", "208", "986", "541", "458", "775", "928", "907", "423", "931", "606", "432"):
        assert len(area_code(spanning).zones) == 2, spanning
    assert area_code("800").zones == ()


def test_the_table_of_area_codes_is_what_its_sources_and_corrections_make() -> None:
    assert TABLE.read_text() == made(), "`make tables` makes it anew"


@pytest.mark.parametrize(
    ("zip_code", "states", "zones"),
    [
        ("10001", ("NY",), ("America/New_York",)),
        ("32401", ("FL",), ("America/New_York", "America/Chicago")),
        ("86033", ("AZ",), ("America/Phoenix", "America/Denver")),
        ("79936", ("TX",), ("America/Denver",)),
        ("00901", ("PR",), ("America/Puerto_Rico",)),
        ("20001", ("DC",), ("America/New_York",)),
    ],
)
def test_a_zip_code_says_which_state_and_zones(
    zip_code: str, states: tuple[str, ...], zones: tuple[str, ...]
) -> None:
    area = area_of_zip(zip_code)
    assert area is not None
    assert (area.states, area.zones) == (states, zones)


def test_a_zip_code_of_no_state_says_nothing() -> None:
    assert area_of_zip("09012") is None
    assert area_of_zip("1234") is None
    assert area_of_zip("") is None


def test_holidays_agree_with_a_second_opinion() -> None:
    theirs = holidays.country_holidays("US", years=range(2024, 2036))
    ours = {day for year in range(2024, 2036) for day in _days(year) if holiday(day, "GA")}
    # Of a holiday at a weekend ours has both days, its own and the observed one.
    assert {day for day in theirs if day.year < 2036} <= ours


def _days(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]


@pytest.mark.slow
@pytest.mark.parametrize("tz", ["UTC", "America/Phoenix", "Pacific/Auckland"])
def test_the_machines_own_zone_decides_nothing(tz: str) -> None:
    code = (
        "import json; from datetime import UTC, datetime, timedelta; import test_known_answers as known\n"
        "start = datetime(2026, 3, 7, tzinfo=UTC)\n"
        "who = [known.contact('+1%s5550100' % code) for code in (212, 928, 401)]\n"
        "each = [known.JUDGE.decide(known.Campaign(), one, start + timedelta(minutes=37 * n))"
        " for n in range(80) for one in who]\n"
        "print(json.dumps([[str(d.callable_until), str(d.next_opening)] for d in each]))\n"
    )
    paths = [*sys.path, str(Path(__file__).parent)]
    environment = os.environ | {"TZ": tz, "PYTHONPATH": os.pathsep.join(paths)}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(answer.stdout) == json.loads(_in_process())


def _in_process() -> str:
    start = datetime(2026, 3, 7, tzinfo=UTC)
    judge = Judge(packaged_rules(), Policy(closing_margin_seconds=0))
    numbers = [read_number(f"+1{code}5550100") for code in (212, 928, 401)]
    each = [
        judge.decide(Campaign(), Contact(numbers=(number,)), start + timedelta(minutes=37 * n))
        for n in range(80)
        for number in numbers
        if number
    ]
    return json.dumps([[str(d.callable_until), str(d.next_opening)] for d in each])
