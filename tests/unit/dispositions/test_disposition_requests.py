"""What a request must hold: each refusal names the field, and never repeats what stood there."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from outbound.contact_ids import read_contact_id
from outbound.dispositions.do_not_call import opt_out_in
from outbound.dispositions.requests import Rejected, disposition_of
from outbound.dispositions.settings import DispositionSettings
from outbound.events import Event

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SETTINGS = DispositionSettings()


def _event(**data: Any) -> Event:
    given = {
        "campaign_id": "renewals",
        "contact_id": "c-1",
        "outcome_code": "INTERESTED",
        "agent_id": "a-1",
        **data,
    }
    said = {name: value for name, value in given.items() if value is not ...}
    return Event("r1", "disposition.requested", "2026-03-10T12:00:00Z", "delivery", "acme", said)


def _rejected(settings: DispositionSettings = SETTINGS, **data: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        disposition_of(_event(**data), settings, NOW)
    return caught.value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("outcome_cod", "INTERESTED"),
        ("outcome_code", "interested"),
        ("outcome_code", "IN"),
        ("outcome_code", "A" * 21),
        ("outcome_code", "MAYBE"),
        ("outcome_code", None),
        ("outcome_code", 7),
        ("outcome_code", "BUSY\n"),
        ("contact_id", ...),
        ("contact_id", ""),
        ("contact_id", "a b"),
        ("contact_id", "x" * 129),
        ("contact_id", ["c"]),
        ("campaign_id", "../etc"),
        ("campaign_id", ".."),
        ("agent_id", ...),
        ("agent_id", "Ümit"),
        ("agent_id", 7),
        ("notes", 7),
        ("notes", ["a"]),
        ("notes", "n" * 4001),
        ("notes", "\ud800"),
        ("custom_fields", "a"),
        ("custom_fields", ["a"]),
        ("custom_fields", {f"f{n}": 1 for n in range(101)}),
        ("occurred_at", "2026-03-10T12:00:00"),
        ("occurred_at", "2026-03-10"),
        ("occurred_at", "noon"),
        ("occurred_at", 1773144000),
        ("occurred_at", "2026-03-10T12:05:01Z"),
        ("occurred_at", "9999-12-31T23:59:59-23:00"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: Any) -> None:
    assert _rejected(**{field: value}).field == field


@pytest.mark.parametrize(
    "value", [{"a": 1}, [1], {"deep": {"deeper": []}}, float("nan"), float("inf"), "x" * 2001, "\udfff"]
)
def test_a_custom_field_of_an_odd_type_is_named(value: Any) -> None:
    assert _rejected(custom_fields={"fine": 1, "odd": value}).field == "custom_fields.odd"


@pytest.mark.parametrize("name", ["", " a", "x" * 65, "\ud800"])
def test_a_custom_field_without_a_proper_name_is_refused(name: str) -> None:
    assert _rejected(custom_fields={name: 1}).field == "custom_fields"


@pytest.mark.parametrize("callback", [..., None, ""])
def test_a_callback_needs_its_date(callback: Any) -> None:
    fields = {} if callback is ... else {"callback_date": callback}
    rejected = _rejected(outcome_code="CALLBACK_LATER", custom_fields=fields)
    assert rejected.field == "custom_fields.callback_date"


def test_a_do_not_call_is_not_too_old_while_the_ledger_remembers() -> None:
    settings = DispositionSettings(max_age_days=1)
    event = _event(outcome_code="DO_NOT_CALL", occurred_at="2025-04-01T00:00:00Z")
    assert disposition_of(event, settings, NOW).request.forbids
    late = _rejected(settings, outcome_code="DO_NOT_CALL", occurred_at="2025-03-01T00:00:00Z")
    assert late.reason == "too_old"


def test_what_is_too_old_for_the_ledger_says_so() -> None:
    rejected = _rejected(occurred_at="2026-02-01T00:00:00Z")
    assert (rejected.reason, rejected.field) == ("too_old", "occurred_at")


@pytest.mark.parametrize("notes", [..., None, ""])
def test_empty_notes_are_no_notes(notes: Any) -> None:
    assert disposition_of(_event(notes=notes), SETTINGS, NOW).notes == ""


def test_a_moment_that_is_not_given_is_that_of_the_event() -> None:
    assert disposition_of(_event(), SETTINGS, NOW).request.occurred_at == NOW


def test_moments_are_compared_as_moments_whatever_their_offsets() -> None:
    given = ["2026-03-10T11:00:00+01:00", "2026-03-10T10:00:00.000001Z", "2026-03-10T04:59:00-06:00"]
    ranks = [disposition_of(_event(occurred_at=one), SETTINGS, NOW).request.rank for one in given]
    assert sorted(ranks) == ranks


def test_a_default_agent_stands_in_for_none() -> None:
    settings = DispositionSettings(default_agent_id="desk")
    assert disposition_of(_event(agent_id=...), settings, NOW).request.agent_id == "desk"


def test_the_content_is_the_same_whatever_the_order_of_its_fields() -> None:
    one = disposition_of(_event(custom_fields={"a": 1, "b": 2}), SETTINGS, NOW).request
    other = disposition_of(_event(custom_fields={"b": 2, "a": 1}), SETTINGS, NOW).request
    assert one.content == other.content


@pytest.mark.parametrize(
    ("data", "contact"),
    [
        ({"outcome_code": "DO_NOT_CALL"}, "c-1"),
        ({"outcome_code": "DO_NOT_CALL", "agent_id": ..., "notes": 7, "campaign_id": 9}, "c-1"),
        ({"outcome_code": " Do not-call\t", "contact_id": " c-1 "}, "c-1"),
        ({"outcome_code": "dnc"}, "c-1"),
        ({"outcome_code": "DO_NOT_CALL", "contact_id": "a b"}, ""),
        ({"outcome_code": "DO_NOT_CALL", "contact_id": 7}, "7"),
        ({"outcome_code": "DoNotCall.", "contact_id": "Kühn#17"}, "Kühn#17"),
        ({"outcome_code": "DO_NOT_CALL", "contact_id": ["c"]}, ""),
        ({"outcome_code": "BUSY"}, ""),
    ],
)
def test_who_must_not_be_called_is_found_however_wrong_the_rest_is(
    data: dict[str, Any], contact: str
) -> None:
    refusal = opt_out_in(_event(**data).data, SETTINGS.do_not_call_codes)
    assert (refusal.contact_id if refusal else "") == contact


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@given(
    st.dictionaries(
        st.sampled_from(["campaign_id", "contact_id", "outcome_code", "agent_id", "notes", "custom_fields"])
        | st.text(),
        _anything,
    ),
    st.text() | st.none(),
)
def test_nothing_that_a_request_may_hold_raises_anything_else(
    data: dict[str, Any], moment: str | None
) -> None:
    said = data | ({} if moment is None else {"occurred_at": moment})
    event = Event("r1", "disposition.requested", "2026-03-10T12:00:00Z", "delivery", "acme", said)
    opt_out_in(event.data, SETTINGS.do_not_call_codes)
    with suppress(Rejected):
        request = disposition_of(event, SETTINGS, NOW).request
        assert request.contact_id == read_contact_id(data["contact_id"])


@pytest.mark.parametrize(
    "document",
    [
        {"code_pattern": "("},
        {"outcome_codes": ["busy"]},
        {"outcome_codes": []},
        {"required_fields": {"NOPE": ["a"]}},
        {"outcome_code": ["BUSY"]},
        {"busy_wait": {"first_seconds": 0}},
        {"busy_wait": {"longest_seconds": 60, "max_seconds": 86_400}},
    ],
)
def test_settings_that_make_no_sense_are_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DispositionSettings.model_validate(document)
