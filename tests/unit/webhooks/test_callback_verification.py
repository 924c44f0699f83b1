"""A new callback of Marketing Cloud is verified while an operator waits for it, and never otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outbound.webhooks.settings import Providers
from outbound.webhooks.settings_fields import InvalidSettings
from worlds.aws import AwsWorld, FakeClock
from worlds.webhooks import SETTINGS, IngressWorld, request

KEY = "a-single-use-key"
VERIFICATION = {"callbackId": "d0b3f4c1", "verificationKey": KEY}
OPEN_UNTIL = "2026-03-10T16:00:00Z"  # the clock stands at 12:00


def _settings(until: str, **marketing_cloud: Any) -> dict[str, Any]:
    provider = {"scheme": "salesforce_marketing_cloud", "mapping": "salesforce", **marketing_cloud}
    provider["request_types"] = ["consent.changed", "disposition.requested"]
    if until:
        provider["callback_verification_until"] = until
    return {**SETTINGS, "providers": {**SETTINGS["providers"], "marketing": provider}}


def _world(aws: AwsWorld, clock: FakeClock, until: str) -> IngressWorld:
    return IngressWorld(aws, clock, _settings(until))


def _sent(value: Any, **headers: str) -> dict[str, Any]:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return request(body, provider="marketing", x_hub_signature_256=None, **headers)


def test_while_a_window_is_open_the_verification_is_kept_for_the_operator(
    aws: AwsWorld, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    world = _world(aws, clock, OPEN_UNTIL)
    answer = world.receive(_sent(VERIFICATION))

    assert answer["statusCode"] == 202
    world.route()
    [kept] = world.kept().values()
    assert json.loads(kept["body"]) == VERIFICATION
    told = aws.published()
    assert [event["event_type"] for event in told] == ["webhook.unmapped"]
    assert KEY not in json.dumps(told)
    assert KEY not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("until", "hours"),
    [
        ("", 0),
        (OPEN_UNTIL, 4),
        ("2026-03-10T12:00:00Z", 0),
        ("2026-03-10T16:00:01Z", 0),
        ("2036-03-10T12:00:00Z", 0),
    ],
)
def test_outside_of_a_window_it_is_not_taken(aws: AwsWorld, clock: FakeClock, until: str, hours: int) -> None:
    world = _world(aws, clock, until)
    clock.advance(hours=hours)
    assert world.receive(_sent(VERIFICATION))["statusCode"] in (401, 503)
    assert world.queued() == []


@pytest.mark.parametrize(
    "value",
    [
        {**VERIFICATION, "events": []},
        {"callbackId": "x"},
        {**VERIFICATION, "verificationKey": 3},
        {**VERIFICATION, "verificationKey": ""},
        {**VERIFICATION, "callbackId": "x" * 5000},
        [VERIFICATION],
        [["callbackId", "x"], ["verificationKey", "y"]],
        b'{"callbackId": {"contactId": "1", "outcomeCode": "DNC"},"callbackId": "x", "verificationKey": "y"}',
        {"id": "1", "type": "consent.changed", "data": {"contactId": "1", "change": "granted"}},
        b"{",
    ],
)
def test_nothing_else_comes_in_by_the_window(aws: AwsWorld, clock: FakeClock, value: Any) -> None:
    world = _world(aws, clock, OPEN_UNTIL)
    assert world.receive(_sent(value))["statusCode"] in (401, 503)
    assert world.queued() == []


def test_what_is_signed_is_checked_in_an_open_window_too(aws: AwsWorld, clock: FakeClock) -> None:
    world = _world(aws, clock, OPEN_UNTIL)
    aws.secrets.create_secret(Name="outbound/webhooks/marketing", SecretString='{"secret": "key"}')
    forged = _sent(VERIFICATION, x_sfmc_ens_signature="A" * 43 + "=")
    assert world.receive(forged)["statusCode"] == 401


def test_other_senders_have_no_window(aws: AwsWorld, clock: FakeClock) -> None:
    world = _world(aws, clock, OPEN_UNTIL)
    sent = request(json.dumps(VERIFICATION).encode(), provider="plain", x_hub_signature_256=None)
    assert world.receive(sent)["statusCode"] == 401
    with pytest.raises(InvalidSettings, match="is for the scheme salesforce_marketing_cloud"):
        Providers.model_validate(_settings(OPEN_UNTIL, scheme="github"))


@pytest.mark.parametrize("until", ["soon", "2026-03-10", "2026-02-30T12:00:00Z", "2026-03-10T12:00:00+01:00"])
def test_a_window_ends_at_a_moment(until: str) -> None:
    with pytest.raises(InvalidSettings, match="callback_verification_until: must be a time"):
        Providers.model_validate(_settings(until))
