"""Mappings: the ready-made ones, and those that a provider's settings bring."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from outbound.moments import NoMoment, moment_in
from outbound.webhooks.mapping import BadMapping, MappingResult, MappingRules, check_mapping
from outbound.webhooks.settings import READY_MAPPINGS, Provider, Providers

CUSTOM: dict[str, Any] = {
    "events": "items[].change",
    "id": "key",
    "occurred_at": "at",
    "user": "by",
    "rules": [
        {
            "when": "kind == 'optout'",
            "type": "consent.changed",
            "data": "{contact_id: person, change: 'revoked', source: 'shop'}",
        },
        {"when": "kind == 'ping'", "type": "ignored"},
    ],
}


def _provider(mapping: Any, **settings: Any) -> Provider:
    document = {"providers": {"shop": {"scheme": "github", "mapping": mapping, **settings}}}
    provider = Providers.model_validate(document).crm("shop")
    assert provider is not None
    return provider


def _read(mapping: Any, payload: Any, **settings: Any) -> MappingResult:
    rules = MappingRules.of(_provider(mapping, **settings))
    return rules.read(rules.events_of(payload))


def _change(**fields: Any) -> dict[str, Any]:
    return {"change": {"kind": "optout", "key": "k", "at": 1, "person": "p", **fields}}


@pytest.mark.parametrize("name", READY_MAPPINGS)
def test_every_ready_made_mapping_can_be_used(name: str) -> None:
    check_mapping(_provider(name))


def test_a_mapping_of_ones_own_reads_ones_own_form() -> None:
    read = _read(CUSTOM, {"items": [_change(), _change(kind="ping"), _change(kind="lead")]})
    (found,) = read.matches
    assert found.data == {"contact_id": "p", "change": "revoked", "source": "shop"}
    assert (found.place, found.own_id, found.occurred_at) == (0, "k", 1)
    assert read.unmapped == [2]


def test_the_settings_of_a_provider_say_where_its_id_and_time_are() -> None:
    read = _read(CUSTOM, {"items": [_change(uid=7, when=9)]}, event_id="uid", occurred_at="when")
    assert (read.matches[0].own_id, read.matches[0].occurred_at) == (7, 9)


def test_changes_of_our_own_integration_user_are_dropped() -> None:
    read = _read(CUSTOM, {"items": [_change(by=77), _change(by="78")]}, integration_user="77")
    assert read.own == 1
    assert [found.place for found in read.matches] == [1]


@pytest.mark.parametrize(
    "payload", [None, 1, "text", {}, {"items": None}, {"items": 3}, {"items": [1]}, True]
)
def test_any_payload_can_be_read_and_none_that_does_not_fit_passes_unseen(payload: Any) -> None:
    for mapping in (CUSTOM, *READY_MAPPINGS):
        read = _read(mapping, payload)
        assert not read.matches
        assert read.unmapped or (mapping == CUSTOM and payload == {"items": [1]})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"events": "items[["}, "events"),
        ({"surprise": "x"}, "mapping.surprise"),
        ({"rules": []}, "rules"),
        ({"rules": "x"}, "rules"),
        ({"rules": ["x"]}, "rules.0"),
        ({"rules": [{"type": "lead.created"}]}, "rules.0.type"),
        ({"rules": [{"when": "a", "data": "b"}]}, "rules.0.type"),
        ({"rules": [{"type": "ignored", "when": "=="}]}, "rules.0.when"),
        ({"rules": [{"type": "ignored", "until": "x"}]}, "rules.0.until"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_named(change: dict[str, Any], place: str) -> None:
    with pytest.raises(BadMapping, match=f"shop: mapping: {place}:"):
        check_mapping(_provider({**CUSTOM, **change}))


MOMENT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-10T12:00:00Z",
        "2026-03-10T13:00:00+01:00",
        "2026-03-10T12:00:00.000+0000",
        1773144000,
        1773144000.0,
        1773144000000,
        "1773144000",
        "1773144000000",
    ],
)
def test_times_are_read_in_the_forms_that_senders_write(value: Any) -> None:
    assert moment_in(value) == MOMENT


@pytest.mark.parametrize(
    "value",
    ["", "now", "2026-03-10T12:00:00", "+1773144000", "١٧٧٣", None, True, [], 1e300, float("nan"), "1" * 16],
)
def test_what_names_no_moment_is_said_without_repeating_it(value: Any) -> None:
    with pytest.raises(NoMoment) as refusal:
        moment_in(value)
    assert not value or str(value) not in str(refusal.value)
