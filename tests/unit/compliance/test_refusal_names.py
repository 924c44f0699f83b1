"""Every refusal has a name, and every name is produced by some case."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import outbound.compliance
from outbound.compliance.contact import (
    Attempt,
    Campaign,
    Caps,
    Checks,
    ConsentView,
    Contact,
    Grant,
    Kind,
    Policy,
    Purpose,
)
from outbound.compliance.decision import PASSING, Judge
from outbound.compliance.numbers import read_number
from outbound.compliance.rules import Hold, LoosenedWithoutReason, changed_rules, packaged_rules

NOON = datetime(2026, 7, 15, 16, tzinfo=UTC)  # a Wednesday; noon in New York
WRITTEN = ConsentView(grant=Grant(Kind.WRITTEN, NOON - timedelta(days=9)))
LATER = NOON + timedelta(days=1)


def contact(phone: str = "+12125550100", **about: object) -> Contact:
    number = read_number(phone)
    assert number is not None
    return Contact(numbers=(number,), **about)  # type: ignore[arg-type]


def grant(**about: object) -> ConsentView:
    return ConsentView(grant=replace(WRITTEN.grant, **about))  # type: ignore[type-var]


HELD = changed_rules(packaged_rules(), [], [Hold(("NY",), NOON, LATER, "a hurricane")])
RULES = ("decision.py", "consent.py", "caps.py", "openings.py")
CALLS = tuple(Attempt(NOON - timedelta(hours=hours)) for hours in (1, 2, 3))
CASES = [
    ("outside_window", {"at": NOON - timedelta(hours=5)}),
    ("weekday", {"who": contact("+16015550100"), "at": datetime(2026, 7, 19, 16, tzinfo=UTC)}),
    ("holiday", {"who": contact("+14015550100"), "at": datetime(2026, 8, 10, 16, tzinfo=UTC)}),
    ("zone_unknown", {"who": contact("+18005550100")}),
    ("zone_unknown", {"who": contact(zone="Amerika/New_York")}),
    ("emergency_hold", {"rules": HELD}),
    ("no_consent", {"consent": ConsentView()}),
    ("no_consent", {"consent": grant(granted_at=LATER)}),
    ("consent_revoked", {"consent": ConsentView(revoked=True)}),
    ("consent_expired", {"consent": grant(expires_at=NOON)}),
    ("contact_deleted", {"consent": replace(WRITTEN, deleted=True)}),
    ("consent_kind_insufficient", {"consent": grant(kind=Kind.BARE)}),
    ("consent_other_seller", {"consent": grant(seller="Acme"), "campaign": Campaign(seller="Bolt")}),
    ("do_not_call", {"consent": replace(WRITTEN, do_not_call=True)}),
    ("state_ban", {"who": contact("+16025550100"), "consent": grant(kind=Kind.EXPRESS)}),
    ("registry_listed", {"consent": grant(kind=Kind.EXPRESS), "checks": Checks(NOON, registry_listed=True)}),
    (
        "registry_stale",
        {"consent": grant(kind=Kind.EXPRESS), "checks": Checks(NOON - timedelta(days=32))},
    ),
    ("number_reassigned", {"checks": Checks(reassigned=True)}),
    ("number_check_stale", {"checks": Checks(reassigned_checked_at=NOON - timedelta(days=32))}),
    ("number_check_stale", {"policy": Policy(reassigned_required=True)}),
    ("cap_day", {"who": contact(attempts=CALLS), "campaign": Campaign(caps=Caps(per_day=3))}),
    ("cap_week", {"who": contact(attempts=CALLS), "campaign": Campaign(caps=Caps(per_week=3))}),
    ("cap_24h", {"who": contact("+13055550100", attempts=CALLS)}),
    (
        "cap_conversation",
        {
            "who": contact(attempts=(Attempt(NOON - timedelta(days=6), conversation=True),)),
            "campaign": Campaign(purpose=Purpose.DEBT_COLLECTION),
        },
    ),
    ("attempts_unknown", {"who": contact("+13055550100", attempts=None)}),
    ("not_us_number", {"who": contact("+442079460000")}),
]


def decided(case: dict[str, object]) -> set[str]:
    judge = Judge(case.get("rules", packaged_rules()), case.get("policy"))  # type: ignore[arg-type]
    decision = judge.decide(
        case.get("campaign", Campaign()),  # type: ignore[arg-type]
        case.get("who", contact()),  # type: ignore[arg-type]
        case.get("at", NOON),  # type: ignore[arg-type]
        case.get("consent", WRITTEN),  # type: ignore[arg-type]
        case.get("checks"),  # type: ignore[arg-type]
    )
    assert decision.callable == (not decision.refusals)
    assert all(refusal.message for refusal in decision.refusals)
    passes = all(refusal.name in PASSING for refusal in decision.refusals)
    assert (decision.next_opening is not None) == (passes and not decision.callable)
    return {refusal.name for refusal in decision.refusals}


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{n}-{name}" for n, (name, _) in enumerate(CASES)])
def test_a_case_is_refused_by_name(name: str, case: dict[str, object]) -> None:
    assert name in decided(case)


def test_without_a_reason_the_call_may_be_made() -> None:
    assert decided({}) == set()


def test_every_name_in_the_code_is_produced_by_some_case() -> None:
    folder = Path(outbound.compliance.__file__).parent
    source = "".join(path.read_text() for path in map(folder.joinpath, RULES))
    declared = set(re.findall(r'(?:Refusal\(|yield|Cap\(|return None,)\s*\(?\s*"([a-z_0-9]+)"', source))
    declared |= {"outside_window", "weekday", "holiday"}
    assert declared == {name for name, _ in CASES}


def test_a_bare_flag_is_enough_only_by_a_setting() -> None:
    bare = grant(kind=Kind.BARE)
    assert decided({"consent": bare}) == {"consent_kind_insufficient"}
    assert decided({"consent": bare, "policy": Policy(accept_bare_consent=True)}) == set()


def test_informational_calls_need_express_consent() -> None:
    campaign = Campaign(purpose=Purpose.INFORMATIONAL)
    assert decided({"consent": grant(kind=Kind.EXPRESS), "campaign": campaign}) == set()
    assert decided({"consent": grant(kind=Kind.BARE), "campaign": campaign}) == {"consent_kind_insufficient"}


def test_a_setting_narrows_freely_and_loosens_by_name_alone() -> None:
    rules = packaged_rules()
    week = {day: ["10:00", "18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    narrowed = changed_rules(rules, [{"state": "NY", "hours": week, "max_calls_24h": 2}], [])
    assert narrowed.version != rules.version
    assert narrowed.of_state("NY")[-1].max_calls_24h == 2
    looser = {"state": "FL", "max_calls_24h": 5}
    with pytest.raises(LoosenedWithoutReason, match="max_calls_24h"):
        changed_rules(rules, [looser], [])
    for name, change in [
        ("hours", {"hours": {day: ["07:00", "22:00"] for day in ("mon", "sun")}}),
        ("closed_on_holidays", {"closed_on_holidays": False}),
    ]:
        with pytest.raises(LoosenedWithoutReason, match=name):
            changed_rules(rules, [{"state": "RI", **change}], [])
    named = looser | {"name": "existing customers", "reason": "the statute does not cover them"}
    assert changed_rules(rules, [named], []).of_state("FL")[-1].max_calls_24h == 5
    with pytest.raises(ValueError, match="no row"):
        changed_rules(rules, [{"state": "XX"}], [])


def test_a_hold_ends_an_opening_and_opens_again() -> None:
    judge = Judge(
        changed_rules(packaged_rules(), [], [Hold(("NY",), NOON, NOON + timedelta(hours=1), "ice")])
    )
    before = judge.decide(Campaign(), contact(), NOON - timedelta(minutes=1))
    assert before.callable_until == NOON
    assert judge.decide(Campaign(), contact(), NOON).next_opening == NOON + timedelta(hours=1)
