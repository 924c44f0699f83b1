"""Contacts that are alike are decided about once, and each as if it had been decided about alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outbound.compliance import alike
from outbound.compliance.alike import AlikeDecisions
from outbound.compliance.contact import (
    Attempt,
    Campaign,
    Caps,
    ConsentView,
    Contact,
    Grant,
    Kind,
    Policy,
    Purpose,
    Window,
)
from outbound.compliance.decision import Decision, Judge
from outbound.compliance.hours import read_hours
from outbound.compliance.numbers import read_number
from outbound.compliance.rules import Hold, changed_rules, packaged_rules

AT = datetime(2026, 7, 15, 16, tzinfo=UTC)
HOLD = Hold(("FL",), AT - timedelta(hours=1), AT + timedelta(hours=5), "a storm")
JUDGES = [
    Judge(packaged_rules(), Policy(accept_bare_consent=True)),
    Judge(changed_rules(packaged_rules(), [], [HOLD]), Policy(unknown_zone="all_states")),
]
CAMPAIGNS = [
    Campaign(caps=Caps(per_day=2, per_week=3), seller="Acme", subject="renewals"),
    Campaign(Purpose.INFORMATIONAL),
    Campaign(Purpose.DEBT_COLLECTION, window=Window((read_hours("10:00", "17:00"),) * 5 + (None, None))),
]
NUMBERS = [read_number(f"+{text}") for text in ("12125550100", "18505550100", "18005550100", "442079460000")]
# Moments about which caps, grants and openings turn: a second beside each of them counts.
TURNS = [
    timedelta(seconds=seconds, hours=hours)
    for hours in (-9 * 24, -8 * 24, -7 * 24, -24, -2, 0, 3, 20)
    for seconds in (-1, 0, 1)
]
turns = st.sampled_from(TURNS).map(lambda turn: AT + turn)
attempts = st.builds(Attempt, turns, st.sampled_from(["", "renewals", "other"]), st.booleans())
_WHO = {
    "numbers": st.lists(st.sampled_from(NUMBERS), max_size=2).map(tuple),
    "state": st.sampled_from(["", "NY", "FL", " fl", "OR", "XX"]),
    "zip_code": st.sampled_from(["", "10001", "10002-1234", "32401", "00000", "what"]),
    "zone": st.sampled_from(["", "America/New_York", "Pacific/Honolulu", "Nope/Nope"]),
    "zone_confirmed": st.booleans(),
    "attempts": st.none() | st.lists(attempts, max_size=5).map(tuple),
    "mobile": st.sampled_from([None, True, False]),
}
_TERMS = {
    "kind": st.sampled_from(Kind),
    "granted_at": st.none() | turns,
    "expires_at": st.none() | turns,
    "seller": st.sampled_from(["", "acme", "Other"]),
    "evidence": st.sampled_from(["", "a form"]),
}
grants = st.builds(Grant, **_TERMS)
_SAID = {
    "do_not_call": st.booleans(),
    "revoked": st.booleans(),
    "grant": st.none() | grants,
    "deleted": st.booleans(),
}
contacts, consents = st.builds(Contact, **_WHO), st.builds(ConsentView, **_SAID)


@st.composite
def neighbours(draw: st.DrawFn) -> list[tuple[Contact, ConsentView]]:
    """Contacts of which each differs in one thing from the one before: that is what may be overlooked."""
    contact, consent = draw(contacts), draw(consents)
    asked = [(contact, consent)]
    for name in draw(st.lists(st.sampled_from([*_WHO, *_SAID, *_TERMS]), max_size=12)):
        if name in _WHO:
            contact = replace(contact, **{name: draw(_WHO[name])})
        elif name in _SAID:
            consent = replace(consent, **{name: draw(_SAID[name])})
        elif consent.grant:
            consent = replace(consent, grant=replace(consent.grant, **{name: draw(_TERMS[name])}))
        asked.append((contact, consent))
    return asked


def _shown(decision: Decision) -> tuple[Any, ...]:
    """Everything but where zones and states were found."""
    return (
        decision.refusals,
        decision.callable_until,
        decision.next_opening,
        list(decision.zones),
        list(decision.states),
        decision.rows,
        decision.rules_version,
    )


@settings(deadline=None)
@given(
    neighbours(),
    st.sampled_from(JUDGES),
    st.sampled_from(CAMPAIGNS),
)
def test_each_is_decided_about_as_if_alone(
    asked: list[tuple[Contact, ConsentView]], judge: Judge, campaign: Campaign
) -> None:
    decisions = AlikeDecisions(judge, campaign, AT, _shown)
    for contact, consent in asked:
        found = decisions.decide(contact, consent)
        assert found == _shown(judge.decide(campaign, contact, AT, consent))


class _Counting(Judge):
    asked = 0

    def decide(self, *given: Any, **more: Any) -> Decision:
        self.asked += 1
        return super().decide(*given, **more)


def _contact(number: int, **fields: Any) -> Contact:
    """A contact with an id, a number and a ZIP code of its own, of one city."""
    read = read_number(f"+1212555{number:04}")
    assert read is not None
    return Contact(f"c-{number}", (read,), "NY", f"100{number % 100:02}", **fields)


def test_a_thousand_contacts_of_a_city_are_one_decision() -> None:
    judge = _Counting(packaged_rules(), Policy())
    decisions = AlikeDecisions(judge, CAMPAIGNS[0], AT, lambda decision: decision.callable)
    for number in range(1000):
        # Each has its own grant, and a call that no cap of two or more counts yet.
        grant = Grant(Kind.WRITTEN, AT - timedelta(days=number, hours=1), evidence=f"form {number}")
        called = (Attempt(AT - timedelta(minutes=number)),)
        assert decisions.decide(_contact(number, attempts=called), ConsentView(grant=grant))
    assert judge.asked == 1


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "_MOST", 10)
    judge = _Counting(packaged_rules(), Policy())
    decisions = AlikeDecisions(judge, CAMPAIGNS[0], AT, _shown)
    people = [
        _contact(number, attempts=(Attempt(AT - timedelta(minutes=number)),) * 2) for number in range(25)
    ]
    for _ in range(2):
        for who in people:
            decisions.decide(who, ConsentView())
    assert judge.asked == 50
    assert len(decisions._decisions) <= 10
