"""What an operator may write about destinations, and what is said about mistakes."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from outbound.deliveries.bodies import best_match, body_of
from outbound.deliveries.settings import DeliverySettings
from outbound.events import Event
from outbound.settings import ConfigurationError, Documents
from worlds.aws import FakeClock

CRM = {"url": "https://crm.example/hook"}


def _read(clock: FakeClock, **destinations: Any) -> DeliverySettings:
    return _documents(clock, json.dumps({"destinations": destinations})).get("deliveries", DeliverySettings)


def _documents(clock: FakeClock, text: str) -> Documents:
    client = SimpleNamespace(get_parameter=lambda **_: {"Parameter": {"Value": text}})
    client.exceptions = SimpleNamespace(ParameterNotFound=LookupError)
    return Documents(client, "outbound", clock)


def test_a_url_is_all_that_the_crm_needs(clock: FakeClock) -> None:
    crm = _read(clock, crm=CRM).destination("crm")
    assert crm.url == "https://crm.example/hook"
    done = {"outcomes.pulled", "outcomes.pull_failed", "disposition.applied", "disposition.file_finished"}
    refused = {"consent.rejected", "webhook.rejected", "disposition.rejected"}
    assert set(crm.event_types) == done | refused
    assert set(crm.bodies) == done - {"disposition.file_finished"}
    assert crm.max_attempts == 12
    assert not crm.allow_insecure
    assert not crm.allow_private


def test_without_a_document_no_destination_is_configured(clock: FakeClock) -> None:
    settings = _documents(clock, "{}").get("deliveries", DeliverySettings)
    assert {settings.destination(name).url for name in ("crm", "warehouse", "wfm", "other")} == {""}


@pytest.mark.parametrize(
    ("destination", "message"),
    [
        ({**CRM, "bodies": {"outcomes.pulled": "{a: "}}, "destination 'crm', body of 'outcomes.pulled'"),
        ({**CRM, "event_types": []}, "has a url and no event_types"),
        ({**CRM, "event_types": ["out*comes"]}, "may only stand at its end"),
        ({**CRM, "urll": "x"}, "urll"),
        ({"url": "ftp://crm.example"}, "is not an https:// address"),
        ({"url": "https://user:pw@crm.example"}, "without a user name"),
        ({"url": "https://crm.example/a b"}, "no address has"),
        ({"url": "https://"}, "is not an https:// address"),
        ({**CRM, "headers": {"Webhook-Id": "x"}}, "not a header that a setting may add"),
        ({**CRM, "headers": {"Content-Length": "1"}}, "not a header that a setting may add"),
        ({**CRM, "headers": {"X-A": "1\r\nX-B: 2"}}, "characters that no header has"),
        ({**CRM, "timeout_seconds": 31}, "timeout_seconds"),
        ({**CRM, "waits_seconds": [0]}, "waits_seconds"),
        ({**CRM, "ca_certificates": "no PEM"}, "no certificate in PEM form"),
    ],
)
def test_a_mistake_is_a_configuration_error_that_says_where(
    clock: FakeClock, destination: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message.replace("(", "\\(")):
        _read(clock, crm=destination)


def test_a_mistake_does_not_repeat_credentials(clock: FakeClock) -> None:
    with pytest.raises(ConfigurationError) as refused:
        _read(clock, crm={**CRM, "headers": {"Authorization": "Bearer hush-hush\n"}, "typo": "hush-hush"})
    assert "hush-hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("patterns", "best"),
    [
        (["outcomes.pulled", "outcomes.*"], "outcomes.pulled"),
        (["*", "outcomes.*", "out*"], "outcomes.*"),
        (["outcomes.pull"], None),
        (["outcomes"], None),
        (["*"], "*"),
        ([], None),
    ],
)
def test_the_most_specific_pattern_counts(patterns: list[str], best: str | None) -> None:
    assert best_match("outcomes.pulled", patterns) == best


def test_without_an_expression_the_body_is_the_whole_envelope() -> None:
    event = Event("id", "campaign.transitioned", "2026-03-10T12:00:00Z", "c", "acme", {"to": "paused"})
    assert json.loads(body_of(event, {"outcomes.*": "data"})) == json.loads(event.to_json())
    assert body_of(event, {"campaign.*": "data.to"}) == b'"paused"'
    assert body_of(event, {"*": "data.missing"}) == b"null"
