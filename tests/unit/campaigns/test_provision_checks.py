"""A plan that breaks rules is refused with all of them at once: each with field, rule and citation."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from outbound.calling.settings import ComplianceSettings
from outbound.campaigns.checks import Checked, ListState, Lookups, check, name_and_key
from outbound.compliance.rules import packaged_rules
from worlds.provisioning import plan

TODAY = date(2026, 11, 26)
FEDERAL = "47 CFR 64.1200(c)(1), 16 CFR 310.4(c)"


def checked(lookups: Lookups | None = None, **changed: Any) -> Checked:
    return check(plan(**changed), packaged_rules(), TODAY, lookups)


def complaints(lookups: Lookups | None = None, **changed: Any) -> list[tuple[str, str]]:
    return [(each.field, each.rule) for each in checked(lookups, **changed).complaints]


def predictive(**changed: Any) -> dict[str, Any]:
    return {"predictive": plan()["predictive"] | changed}


def hours(**changed: Any) -> dict[str, Any]:
    return {"hours": plan()["hours"] | changed}


def caps(**changed: Any) -> dict[str, Any]:
    return {"caps": plan()["caps"] | changed}


def test_what_is_accepted_of_caps_can_be_registered() -> None:
    """A campaign that CXone has created must not fail by its registration."""
    most = checked(**caps(per_day=100, per_week=200)).plan
    assert most is not None
    assert most.profile().caps.per_week == 200
    assert complaints(**caps(per_week=201)) == [("caps.per_week", "range")]
    assert complaints(**caps(per_day=101, per_week=200)) == [("caps.per_day", "range")]


@pytest.mark.parametrize("written", [" Caf\u00e9 renewals", "Cafe\u0301 renewals", "Caf\u00e9  renewals "])
def test_a_name_that_looks_the_same_is_the_same(written: str) -> None:
    found = checked(name=written).plan
    assert found is not None
    assert (found.name, found.key) == name_and_key({"name": "Caf\u00e9 renewals"})
    assert name_and_key({"name": written}) == (found.name, found.key)


def test_a_plan_that_complies_has_no_complaint() -> None:
    found = checked()
    assert (found.complaints, found.warnings) == ((), ())
    assert found.plan is not None
    assert found.plan.key.startswith("spring-renewals-")
    assert found.plan.profile().backup_campaign_id == "backup"


@pytest.mark.parametrize(
    ("changed", "field", "rule"),
    [
        ({"name": None}, "name", "required"),
        ({"name": "x" * 201}, "name", "form"),
        ({"name": ["x"]}, "name", "form"),
        ({"name": "two\nlines"}, "name", "form"),
        ({"key": "not a key"}, "key", "form"),
        ({"purpose": "marketing"}, "purpose", "form"),
        ({"purpose": 7}, "purpose", "form"),
        ({"seller": None}, "seller", "required"),
        ({"contact_list_id": None}, "contact_list_id", "required"),
        ({"contact_list_id": "a b"}, "contact_list_id", "form"),
        ({"contact_list_id": ".."}, "contact_list_id", "form"),
        ({"queue_id": None}, "queue_id", "required"),
        ({"time_zone": None}, "time_zone", "required"),
        ({"time_zone": "America/Mars"}, "time_zone", "unknown_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone", "unknown_zone"),
        ({"predictive": None}, "predictive", "required"),
        ({"predictive": []}, "predictive", "form"),
        (predictive(answer_ratio=1.01), "predictive.answer_ratio", "range"),
        (predictive(answer_ratio=-0.01), "predictive.answer_ratio", "range"),
        (predictive(answer_ratio="0.85"), "predictive.answer_ratio", "range"),
        (predictive(answer_ratio=True), "predictive.answer_ratio", "range"),
        (predictive(answer_ratio=float("nan")), "predictive.answer_ratio", "range"),
        (predictive(answer_ratio=None), "predictive.answer_ratio", "required"),
        (predictive(call_rate=0), "predictive.call_rate", "range"),
        (predictive(call_rate=-1), "predictive.call_rate", "range"),
        (predictive(max_calls_in_flight=0), "predictive.max_calls_in_flight", "range"),
        (predictive(max_calls_in_flight=1.5), "predictive.max_calls_in_flight", "range"),
        (predictive(abandonment_threshold=0.031), "predictive.abandonment_threshold", "abandonment_limit"),
        (predictive(abandonment_threshold=3), "predictive.abandonment_threshold", "range"),
        (predictive(answerRate=1), "predictive.answerRate", "unknown_field"),
        ({"hours": None}, "hours", "required"),
        (hours(days=[]), "hours.days", "no_day"),
        (hours(days=["moonday"]), "hours.days", "form"),
        (hours(days="mon-fri"), "hours.days", "form"),
        (hours(days=None), "hours.days", "required"),
        (hours(start="25:00"), "hours.start", "form"),
        (hours(start=None), "hours.start", "required"),
        (hours(end="9 pm"), "hours.end", "form"),
        (hours(end="08:00"), "hours.end", "range"),
        (hours(start="07:59"), "hours.start", "federal_hours"),
        (hours(end="21:01"), "hours.end", "federal_hours"),
        (hours(start="22:00", end="24:00"), "hours.end", "federal_hours"),
        (caps(per_day=0), "caps.per_day", "range"),
        (caps(per_day="1"), "caps.per_day", "range"),
        (caps(per_day=4), "caps.per_week", "caps_inconsistent"),
        (caps(per_day=3, campaign_per_day=2), "caps.campaign_per_day", "caps_inconsistent"),
        ({"purpose": "debt_collection"} | caps(per_week=8), "caps.per_week", "debt_cap"),
        ({"purpose": "debt_collection"} | caps(per_week=None), "caps.per_week", "debt_cap"),
        ({"states": ["MD"]} | caps(per_day=4, per_week=4), "caps.per_day", "state_cap"),
        ({"states": ["MD"], "caps": None}, "caps.per_day", "state_cap"),
        ({"states": ["ZZ"]}, "states", "unknown_state"),
        ({"states": "NY"}, "states", "form"),
        ({"states": ["RI"]} | hours(days=["sun"], start="10:00", end="17:00"), "hours.days", "state_weekday"),
        ({"states": ["MA"]} | hours(end="20:30"), "hours.end", "state_hours"),
        ({"states": ["PA"]}, "hours.end", "state_hours"),
        ({"backup_campaign_id": None}, "backup_campaign_id", "backup_required"),
        ({"backup_campaign_id": "a b"}, "backup_campaign_id", "form"),
        ({"failover": {}}, "failover.enabled", "form"),
        ({"failover": plan()["failover"] | {"threshold_value": 1}}, "failover.threshold_value", "range"),
        ({"failover": plan()["failover"] | {"threshold_type": "luck"}}, "failover.threshold_type", "form"),
        ({"failover": plan()["failover"] | {"window_minutes": 0}}, "failover.window_minutes", "range"),
        ({"dialer": {}}, "dialer", "unknown_field"),
    ],
)
def test_what_is_wrong_is_named_by_field_and_rule(changed: dict[str, Any], field: str, rule: str) -> None:
    found = complaints(**changed)
    assert (field, rule) in found
    assert checked(**changed).plan is None


def test_all_complaints_come_at_once() -> None:
    found = complaints(
        Lookups(ListState.MISSING, backup_exists=False),
        name=None,
        time_zone="America/New_Yrok",
        **predictive(answer_ratio=2, call_rate=0, max_calls_in_flight=0, abandonment_threshold=0.05),
        **hours(days=[]),
        **caps(per_day=4),
    )
    assert found == [
        ("name", "required"),
        ("time_zone", "unknown_zone"),
        ("hours.days", "no_day"),
        ("predictive.answer_ratio", "range"),
        ("predictive.max_calls_in_flight", "range"),
        ("predictive.call_rate", "range"),
        ("predictive.abandonment_threshold", "abandonment_limit"),
        ("backup_campaign_id", "backup_missing"),
        ("contact_list_id", "list_missing"),
        ("caps.per_week", "caps_inconsistent"),
    ]


@pytest.mark.parametrize("share", [0, 0.01, 0.025])
def test_few_abandoned_calls_are_no_matter(share: float) -> None:
    found = checked(**predictive(abandonment_threshold=share))
    assert (found.complaints, found.warnings) == ((), ())


@pytest.mark.parametrize("share", [0.0251, 0.03])
def test_a_threshold_close_to_the_limit_is_a_warning(share: float) -> None:
    found = checked(**predictive(abandonment_threshold=share))
    (warning,) = found.warnings
    assert found.plan is not None
    assert (warning.field, warning.rule) == ("predictive.abandonment_threshold", "abandonment_near_limit")
    assert "310.4(b)(4)" in warning.citation


@pytest.mark.parametrize("bound", [0, 1])
def test_the_bounds_of_the_answer_ratio_are_taken(bound: int) -> None:
    assert complaints(**predictive(answer_ratio=bound)) == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("America/New_Yrok", "America/New_York"),
        ("america/new york", "America/New_York"),
        ("Chicago", "America/Chicago"),
        ("US/Los_Angeles", "America/Los_Angeles"),
        ("Qqqq", "write one like America/New_York"),
    ],
)
def test_an_unknown_zone_gets_a_suggestion(wrong: str, right: str) -> None:
    # States of other zones than the one that was meant have complaints of their own.
    complaint = checked(time_zone=wrong).complaints[0]
    assert right in complaint.message


@pytest.mark.parametrize("start", ["9:00", "09:00", "09:00:00"])
def test_a_time_is_read_in_every_form(start: str) -> None:
    found = checked(**hours(start=start)).plan
    assert found is not None
    assert found.hours.start.isoformat() == "09:00:00"
    assert found.digest() == checked().plan.digest()  # type: ignore[union-attr]


@pytest.mark.parametrize("days", [["Monday", "FRI"], ["fri", "mon", "mon"]])
def test_days_are_read_in_every_form(days: list[str]) -> None:
    found = checked(**hours(days=days)).plan
    assert found is not None
    assert found.hours.days == ("mon", "fri")


def test_names_in_camel_case_are_the_same_plan() -> None:
    document = plan(contact_list_id=None, time_zone=None)
    document |= {"contactListId": "list-1", "timeZone": "America/New_York"}
    found = check(document, packaged_rules(), TODAY).plan
    assert found == checked().plan


def test_federal_hours_and_narrower_ones_are_both_named() -> None:
    found = checked(states=["MA"], **hours(start="07:00", end="21:30")).complaints
    assert {(each.field, each.rule, each.citation) for each in found} == {
        ("hours", "state_hours", "M.G.L. 159C s.3"),
        ("hours", "federal_hours", FEDERAL),
    }


def test_hours_count_by_the_clock_of_the_called_person() -> None:
    """Nine in New York is six in California, and noon there is nine."""
    (complaint,) = checked(states=["CA", "NY"]).complaints
    assert (complaint.field, complaint.rule, complaint.citation) == ("hours.start", "federal_hours", FEDERAL)
    assert "is 06:00-17:00 there" in complaint.message
    assert complaints(states=["CA", "NY"], **hours(start="11:00")) == []


def test_a_change_of_the_clocks_is_looked_ahead_to() -> None:
    """Phoenix keeps its clock: from March on, eight there is eleven in New York and not ten."""
    found = complaints(states=["AZ"], **hours(start="10:00", end="20:00"))
    assert found == [("hours.start", "federal_hours")]
    assert complaints(states=["AZ"], **hours(start="11:00", end="20:00")) == []


@pytest.mark.parametrize("state", ["TN", "OR"])
def test_a_zone_in_which_many_of_a_state_live_is_a_complaint(state: str) -> None:
    zone = {"TN": "America/New_York", "OR": "America/Denver"}[state]
    assert ("hours.start", "federal_hours") in complaints(
        states=[state], time_zone=zone, **hours(start="08:00", end="19:00")
    )


def test_a_zone_of_a_few_counties_is_a_warning() -> None:
    found = checked(states=["FL"], **hours(start="08:00"))
    assert found.plan is not None
    assert {(each.field, each.rule) for each in found.warnings} == {
        ("hours.start", "state_hours"),
        ("hours.start", "federal_hours"),
    }


def test_without_states_the_strictest_row_counts_and_says_so() -> None:
    (complaint,) = checked(states=None).complaints
    assert (complaint.field, complaint.rule) == ("hours", "state_hours")
    assert "10:00-18:00" in complaint.message
    assert "`states`" in complaint.message
    assert complaints(states=None, **hours(start="10:00", end="18:00")) == []
    assert complaints(states=None, caps=None, **hours(start="10:00", end="18:00")) == [
        ("caps.per_day", "state_cap")
    ]


def test_a_row_that_comes_into_force_is_seen_before_it_does() -> None:
    before = check(plan(states=["PA"], **hours(days=["mon"])), packaged_rules(), date(2026, 9, 1))
    (complaint,) = before.complaints
    assert "PA leaves 09:00-19:00 on mon from 2026-10-18 on" in complaint.message


def test_a_state_that_closes_on_holidays_is_a_warning_with_the_next_one() -> None:
    (warning,) = checked(states=["AL"], time_zone="America/Chicago").warnings
    assert warning.rule == "state_holidays"
    assert "2026-11-26" in warning.message


def test_a_row_that_a_setting_narrows_counts() -> None:
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ("10:00", "16:00"))
    changes = [{"state": "OH", "hours": week}]
    rules = ComplianceSettings.model_validate({"rule_changes": changes}).rules
    (complaint,) = check(plan(), rules, TODAY).complaints
    assert "OH leaves 10:00-16:00" in complaint.message


@pytest.mark.parametrize(
    ("lookups", "field", "rule"),
    [
        (Lookups(ListState.MISSING), "contact_list_id", "list_missing"),
        (Lookups(ListState.EMPTY), "contact_list_id", "list_empty"),
        (Lookups(backup_exists=False), "backup_campaign_id", "backup_missing"),
        (Lookups(backup_exists=True, own_id="backup"), "backup_campaign_id", "backup_itself"),
        (
            Lookups(backup_exists=True, backup_name="Spring renewals"),
            "backup_campaign_id",
            "backup_itself",
        ),
        (
            Lookups(backup_exists=True, backup_chain=("third", "mine"), own_id="mine"),
            "backup_campaign_id",
            "backup_circle",
        ),
        (
            Lookups(backup_exists=True, backup_chain=("third", "backup")),
            "backup_campaign_id",
            "backup_circle",
        ),
    ],
)
def test_what_was_looked_up_is_judged(lookups: Lookups, field: str, rule: str) -> None:
    assert complaints(lookups) == [(field, rule)]


def test_a_value_that_may_be_anything_is_quoted_short() -> None:
    (complaint,) = checked(time_zone="x" * 60 + "\x1b" * 3).complaints
    assert "\x1b" not in complaint.message
    assert len(complaint.message) < 200


def test_thousands_of_wrong_fields_are_few_complaints() -> None:
    wrong = {f"field_{number}": number for number in range(5000)}
    assert len(checked(**wrong).complaints) == 20


def test_a_wrong_form_is_said_in_words() -> None:
    (complaint,) = checked(queue_id="a b").complaints
    assert complaint.message == "must be 1 to 128 letters, digits, '.', ':', '@', '-' and '_', no '.' first"


@pytest.mark.parametrize("wrong", ["America/New_Yrok", "nowhere at all", None])
def test_a_wrong_zone_hides_no_wrong_hours(wrong: str | None) -> None:
    complaints = checked(time_zone=wrong, **hours(start="06:00", end="23:00")).complaints
    assert {"time_zone", "hours"} <= {each.field.split(".")[0] for each in complaints}
