"""What cannot be recorded is said with the field that is wrong, once, and never with its value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outbound.consent.changes import InvalidChange, change_of
from outbound.events import Event
from worlds.aws import FakeClock
from worlds.consent import NOON, ConsentWorld, changed

_BAD: list[tuple[str, Any]] = [
    ("contact_id", None),
    ("contact_id", ""),
    ("contact_id", 1.5),
    ("contact_id", ["c1"]),
    ("contact_id", "two words"),
    ("contact_id", "c\n1"),
    ("contact_id", "c" * 129),
    ("change", None),
    ("change", "maybe"),
    ("change", "GRANTED"),
    ("change", True),
    ("source", None),
    ("source", ""),
    ("source", "  "),
    ("source", {"name": "hubspot"}),
    ("source", "s" * 201),
    ("occurred_at", None),
    ("occurred_at", "2026-03-10T11:00:00"),
    ("occurred_at", "2026-03-10"),
    ("occurred_at", "yesterday"),
    ("occurred_at", 1773140400),
    ("occurred_at", 1773140400000),
    ("occurred_at", "1773140400"),
    ("occurred_at", "0001-01-01T00:00:00+14:00"),
    ("campaign_id", "spring"),
    ("campaign_id", 5),
]


@pytest.mark.parametrize(("field", "value"), _BAD)
def test_a_wrong_field_is_named_on_the_bus(world: ConsentWorld, field: str, value: Any) -> None:
    assert world.take(_with(field, value)) == {"batchItemFailures": []}

    (fact,) = world.aws.published()
    assert fact["event_type"] == "consent.rejected"
    assert fact["data"]["field"] == field
    assert fact["data"]["reason"]
    assert fact["data"]["request_id"] == "bad"
    assert fact["correlation_id"] == "delivery-1"
    assert not world.state()


def _with(field: str, value: Any) -> Event:
    return (
        changed("granted", -60, "bad", **{field: value}) if field != "change" else changed(value, -60, "bad")
    )


def test_a_wrong_value_is_neither_published_nor_logged(
    world: ConsentWorld, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    world.take(changed("granted", occurred_at="+1 555 0100"), changed("call +1 555 0100", event_id="e"))
    world.take(changed("granted", contact_id="Ann +1 555 0100"))

    assert "555" not in str([fact["data"] for fact in world.aws.published()])
    assert "555" not in str(logged())


def test_consent_for_one_campaign_does_not_become_consent_for_all(world: ConsentWorld) -> None:
    world.take(
        changed("granted", -60, campaign_id="spring"), changed("do_not_call_lifted", -60, campaign_id="x")
    )

    assert [fact["data"]["field"] for fact in world.aws.published()] == ["campaign_id", "campaign_id"]
    assert world.consents.get("c1").refusal == "no_consent"


@pytest.mark.parametrize("change", ["revoked", "do_not_call"])
def test_who_refuses_one_campaign_is_taken_to_refuse_all(world: ConsentWorld, change: str) -> None:
    world.take(changed(change, -60, campaign_id="spring"))

    assert not world.consents.get("c1").callable
    assert [fact["event_type"] for fact in world.aws.published()] == ["consent.recorded"]


def test_clocks_may_differ_by_five_minutes(world: ConsentWorld) -> None:
    world.take(changed("granted", 5))

    assert world.consents.get("c1").callable


def test_a_change_from_the_future_is_refused_for_good(world: ConsentWorld, clock: FakeClock) -> None:
    early = changed("granted", 5.01)
    world.take(early)
    clock.advance(hours=1)
    world.take(early, early)

    (fact,) = world.aws.published()
    assert (fact["event_type"], fact["data"]["field"]) == ("consent.rejected", "occurred_at")
    assert world.consents.get("c1").refusal == "no_consent"
    (told,) = world.consents.history("c1")
    assert (told.refused, told.took_effect) == ("occurred_at", False)
    assert world.consents.as_known_at("c1", clock.now()).refusal == "no_consent"


def test_the_same_refusal_is_one_event(world: ConsentWorld) -> None:
    world.take(changed("maybe"), changed("maybe"))

    assert len({fact["event_id"] for fact in world.aws.published()}) == 1


def test_what_is_not_a_change_of_consent_goes_to_the_dead_letters(world: ConsentWorld) -> None:
    other = Event("e", "disposition.requested", "2026-03-10T12:00:00Z", "c", "acme", {})

    assert world.take(other) == {"batchItemFailures": []}
    (dead,) = world.aws.drain("record-consent-dlq")
    assert (
        "'disposition.requested' is not a change of consent"
        in dead["MessageAttributes"]["reason"]["StringValue"]
    )


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_fields = st.sampled_from(["contact_id", "change", "source", "occurred_at", "campaign_id", "x"])


@pytest.mark.slow
@given(data=st.dictionaries(_fields, _anything))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_data_is_a_change_or_names_a_field(data: dict[str, Any]) -> None:
    event = Event("e", "consent.changed", "2026-03-10T12:00:00Z", "c", "acme", data)
    invalid = _objection(event)
    assert invalid is None or (invalid.field and invalid.reason)


def _objection(event: Event) -> InvalidChange | None:
    try:
        change_of(event, NOON)
    except InvalidChange as invalid:
        return invalid
    return None
