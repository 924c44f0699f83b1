"""What stands is what the newest change says, whatever order and however often changes come."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outbound.clock import SystemClock, parse_time
from outbound.events import Event
from outbound.store.consent_slots import consent_after
from outbound.store.consent_state import Change, Consent, Register, Value
from outbound.store.consents import ConsentLedger
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock
from worlds.consent import NOON, ConsentWorld, changed

EVENTS = Path(__file__).parents[3] / "events" / "record_consent"


def test_a_contact_that_was_never_heard_of_may_not_be_called(world: ConsentWorld) -> None:
    consent = world.consents.get("nobody")

    assert (consent.callable, consent.refusal, consent.registers) == (False, "no_consent", {})


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        (["granted"], ""),
        (["revoked"], "consent_revoked"),
        (["granted", "revoked"], "consent_revoked"),
        (["revoked", "granted"], ""),
        (["do_not_call"], "do_not_call"),
        (["granted", "do_not_call"], "do_not_call"),
        (["do_not_call", "granted"], "do_not_call"),
        (["granted", "do_not_call", "do_not_call_lifted"], ""),
        (["revoked", "do_not_call", "do_not_call_lifted"], "consent_revoked"),
        (["do_not_call_lifted"], "no_consent"),
    ],
)
def test_a_contact_that_may_be_called_agreed_and_is_on_no_list(
    world: ConsentWorld, changes: list[str], refusal: str
) -> None:
    for minutes, change in enumerate(changes):
        world.take(changed(change, minutes - 60))

    consent = world.consents.get("c1")
    assert consent.refusal == refusal
    assert consent.callable is (refusal == "")


def test_a_change_is_recorded_published_and_kept(world: ConsentWorld) -> None:
    assert world.take(changed("granted", -60)) == {"batchItemFailures": []}
    world.take(changed("revoked", -30, source="agent 7"))

    first, second = world.aws.published("consent.recorded")
    assert first["data"] == {
        "contact_id": "c1",
        "register": "call_consent",
        "value": "granted",
        "previous": None,
        "source": "hubspot",
        "occurred_at": "2026-03-10T11:00:00Z",
        "request_id": "granted--60",
        "kind": "bare",
    }
    assert (second["data"]["value"], second["data"]["previous"]) == ("revoked", "granted")
    assert first["correlation_id"] == "delivery-1"
    told = list(world.consents.history("c1"))
    assert [(one.change.value, one.change.source, one.took_effect) for one in told] == [
        (Value.GRANTED, "hubspot", True),
        (Value.REVOKED, "agent 7", True),
    ]
    assert world.sweep() == 0


def test_an_older_change_stands_in_the_history_alone(world: ConsentWorld) -> None:
    world.take(changed("revoked", -30))
    before = world.state()
    world.aws.published()

    world.take(changed("granted", -60))

    assert world.state() == before
    assert not world.aws.published()
    assert [one.took_effect for one in world.consents.history("c1")] == [False, True]


def test_a_change_that_comes_again_changes_and_says_nothing(world: ConsentWorld) -> None:
    for _ in range(3):
        world.take(changed("granted", -60), changed("granted", -60))

    assert len(list(world.consents.history("c1"))) == 1
    assert len(world.aws.published("consent.recorded")) == 1


def test_one_register_does_not_touch_the_other(world: ConsentWorld) -> None:
    world.take(changed("do_not_call", -10), changed("granted", -60), changed("do_not_call_lifted", -20))

    assert {name: value for name, (value, *_) in world.state().items()} == {
        "call_consent": "granted",
        "do_not_call": "set",
    }


def test_a_delivery_that_is_mapped_anew_can_correct_what_it_said(world: ConsentWorld) -> None:
    world.take(changed("granted", -60, "same"))
    world.take(changed("revoked", -60, "same"))

    assert world.consents.get("c1").refusal == "consent_revoked"
    assert [one.took_effect for one in world.consents.history("c1")] == [True, True]
    assert len({fact["event_id"] for fact in world.aws.published()}) == 2


def test_of_two_changes_at_one_moment_the_one_that_forbids_stands(world: ConsentWorld) -> None:
    for contact, order in (("a", ("granted", "revoked")), ("b", ("revoked", "granted"))):
        for change in order:
            world.take(changed(change, contact_id=contact, event_id={"granted": "z", "revoked": "a"}[change]))

        assert world.consents.get(contact).refusal == "consent_revoked"


def test_a_fraction_of_a_second_decides(world: ConsentWorld) -> None:
    world.take(changed("revoked", occurred_at="2026-03-10T11:00:00.000001Z"))
    world.take(changed("granted", occurred_at="2026-03-10T11:00:00Z"))

    assert world.consents.get("c1").refusal == "consent_revoked"


def test_times_are_compared_as_moments_and_not_as_texts(world: ConsentWorld) -> None:
    world.take(changed("granted", occurred_at="2026-03-10T10:30:00+01:00"))
    world.take(changed("revoked", occurred_at="2026-03-10T10:00:00Z"))

    assert world.state()["call_consent"][0] == "revoked"


@pytest.mark.slow
def test_every_order_of_changes_ends_the_same(world: ConsentWorld) -> None:
    events = [
        changed("granted", -9),
        changed("revoked", -8),
        changed("do_not_call", -8),
        changed("granted", -7),
    ]
    ends = []
    for number, order in enumerate(permutations(events)):
        contact = f"p{number}"
        world.take(*(replace(e, data={**e.data, "contact_id": contact}) for e in order))
        ends.append((world.state(contact), _history(world, contact)))

    assert all(end == ends[0] for end in ends)
    assert ends[0][0]["call_consent"] == ("granted", "hubspot", NOON - timedelta(minutes=7))


_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["granted", "revoked", "do_not_call", "do_not_call_lifted"]),
        st.integers(-4, 0),
        st.sampled_from("abc"),
    ),
    min_size=1,
    max_size=5,
    unique=True,
)


@pytest.mark.slow
@given(changes=_CHANGES, data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_permutations_and_repetitions_end_the_same(
    world: ConsentWorld, changes: list[tuple[str, int, str]], data: st.DataObject
) -> None:
    number = getattr(world, "examples", 0)
    world.examples = number + 1  # type: ignore[attr-defined]
    disorder = data.draw(st.permutations(changes + data.draw(st.lists(st.sampled_from(changes), max_size=2))))
    for contact, order in ((f"{number}-x", changes), (f"{number}-y", disorder)):
        for change in order:
            world.take(_event(contact, *change))

    assert world.state(f"{number}-x") == world.state(f"{number}-y")
    assert _history(world, f"{number}-x") == _history(world, f"{number}-y")
    # The history alone tells the same.
    told = (one.change for one in world.consents.history(f"{number}-y"))
    assert consent_after(f"{number}-y", told) == world.consents.get(f"{number}-y")


def _event(contact: str, change: str, minutes: int, name: str) -> Event:
    return changed(change, minutes, f"{name}{change}", contact_id=contact)


def _history(world: ConsentWorld, contact: str) -> list[tuple[Any, ...]]:
    changes = [one.change for one in world.consents.history(contact)]
    return [(one.register, one.value, one.source, one.occurred_at, one.event_id) for one in changes]


# Hypothesis adds the zone itself.
_FIRST, _LAST = (
    moment.replace(tzinfo=None)
    for moment in (parse_time("0001-01-02T00:00:00Z"), parse_time("9999-12-30T00:00:00Z"))
)
_VALUES = {
    Register.CALL: (Value.GRANTED, Value.REVOKED),
    Register.DO_NOT_CALL: (Value.SET, Value.LIFTED),
    Register.RECORD: (Value.DELETED, Value.RESTORED),
}
_PURE = st.lists(
    st.sampled_from(Register).flatmap(
        lambda register: st.builds(
            Change,
            st.just("c1"),
            st.just(register),
            st.sampled_from(_VALUES[register]),
            st.just("hubspot"),
            st.datetimes(_FIRST, _LAST, timezones=st.just(UTC)),
            st.text("ab", max_size=2),
        )
    )
)


@pytest.mark.slow
@given(changes=_PURE, data=st.data())
def test_the_newest_of_a_register_stands_whatever_the_order(
    changes: list[Change], data: st.DataObject
) -> None:
    stands = consent_after("c1", changes)

    assert stands == consent_after("c1", data.draw(st.permutations(changes)))
    for register, standing in stands.registers.items():
        assert standing.occurred_at == max(one.occurred_at for one in changes if one.register == register)


def test_what_was_known_at_a_moment_can_be_shown(world: ConsentWorld, clock: FakeClock) -> None:
    world.take(changed("granted", -60))
    told_first = clock.now()
    clock.advance(hours=2)
    world.take(changed("revoked", -90), changed("do_not_call", 30))

    then, now = (world.consents.as_known_at("c1", moment) for moment in (told_first, clock.now()))

    assert (then.refusal, now.refusal) == ("", "do_not_call")
    assert world.consents.as_known_at("c1", told_first - timedelta(seconds=1)).refusal == "no_consent"


def test_many_contacts_are_read_at_once(world: ConsentWorld) -> None:
    for number in range(0, 130, 10):
        world.take(changed("granted", -60, contact_id=f"k{number}"))
    wanted = [f"k{number}" for number in range(130)]

    found = world.consents.get_many([*wanted, "k0"])

    assert list(found) == wanted
    assert [one for one in wanted if found[one].callable] == wanted[::10]
    assert found["k1"] == Consent("k1", {})


def test_the_function_takes_the_events_of_its_folder(
    aws: AwsWorld, load_function: Any, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLQ_URL", aws.queue_urls["record-consent-dlq"])
    function = load_function("record_consent")
    for name in ("granted", "disordered", "invalid", "written"):
        event = json.loads((EVENTS / f"{name}.json").read_text())
        assert function.handler(event, lambda_context) == {"batchItemFailures": []}

    ledger = ConsentLedger(aws.table("CONSENT_TABLE"), ENVIRONMENT["TENANT"], SystemClock())
    consent = ledger.get("contact-17")
    assert {name: one.value for name, one in consent.registers.items()} == {
        Register.CALL: Value.REVOKED,
        Register.DO_NOT_CALL: Value.SET,
    }
    assert consent.registers[Register.DO_NOT_CALL].source == "agent 7"
    [written] = ledger.get("contact-23").grants_for("telemarketing")
    assert (written.terms.kind, written.terms.seller, written.terms.number) == ("written", "Acme", "0123")
    assert {fact["data"]["field"] for fact in aws.published("consent.rejected")} == {"occurred_at", "change"}
    (dead,) = aws.drain("record-consent-dlq")
    assert "is not a change of consent" in dead["MessageAttributes"]["reason"]["StringValue"]
    assert ENVIRONMENT["TENANT"] in str(aws.table("CONSENT_TABLE").get(ledger.state_key("contact-17")))
