"""Senders sign as the real systems do, and their mischief is what it says."""

from __future__ import annotations

import base64
import hmac
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
import stripe
from standardwebhooks import Webhook, WebhookVerificationError

from outbound.webhooks.problems import Accepted, Refusal, RefusalReason
from outbound.webhooks.request import WebhookRequest
from outbound.webhooks.settings import Providers
from outbound.webhooks.signatures.verifier import verify
from sandbox.running import Receivers
from sandbox.senders import (
    SENDERS,
    GitHubLike,
    HubSpot,
    Outgoing,
    Sender,
    ShopifyLike,
    StandardWebhooksCrm,
    StripeLike,
    StudioScript,
    ZendeskLike,
    deliver,
    deliver_all,
    mischief,
    plain_event,
)
from worlds.signed_webhooks import Receiver

URL = "https://hooks.example.com/webhooks/crm/sender"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
EVENT = plain_event("consent.changed", {"contactId": "c1", "source": "Büro"}, occurred_at=NOW)

every_sender = pytest.mark.parametrize("kind", SENDERS, ids=lambda kind: kind.name)


def checked(outgoing: Outgoing, sender: Sender, now: datetime = NOW, **secret: str) -> Accepted | Refusal:
    """What the receiver of this project says of a request, if the sender is configured there."""
    headers: Mapping[str, tuple[str, ...]] = {n.lower(): (v,) for n, v in outgoing.headers.items()}
    request = WebhookRequest(outgoing.method, outgoing.url, headers, outgoing.body)
    settings = Providers.model_validate({"providers": {"crm": {"scheme": sender.scheme}}})
    provider = settings.crm("crm")
    assert provider is not None
    return verify(request, provider, [{"secret": sender.secret, **secret}], now)


def refused(outgoing: Outgoing, sender: Sender) -> RefusalReason:
    found = checked(outgoing, sender)
    assert isinstance(found, Refusal)
    return found.reason


def test_there_are_at_least_eight_of_them() -> None:
    assert len({kind.name for kind in SENDERS}) == len(SENDERS) >= 8


@every_sender
def test_what_a_sender_signs_is_accepted(kind: type[Sender]) -> None:
    sender = kind()

    assert isinstance(checked(sender.request(URL, EVENT, now=NOW), sender), Accepted)


@every_sender
def test_two_senders_have_two_secrets(kind: type[Sender]) -> None:
    assert kind().secret != kind().secret
    assert len(kind().secret) >= 20


@every_sender
def test_forgeries_and_what_is_not_signed_are_refused(kind: type[Sender]) -> None:
    sender = kind()

    assert refused(mischief.forged(sender, URL, EVENT, now=NOW), sender) is RefusalReason.WRONG_SIGNATURE
    unsigned = mischief.unsigned(sender, URL, EVENT, now=NOW)
    assert isinstance(checked(unsigned, sender), Refusal)
    assert unsigned.body == sender.request(URL, EVENT, now=NOW).body


@every_sender
def test_a_changed_body_is_refused_where_bodies_are_signed(kind: type[Sender]) -> None:
    sender = kind()
    if not sender.signs_body:
        with pytest.raises(ValueError, match="does not sign the body"):
            mischief.tampered(sender, URL, EVENT)
        return
    tampered = mischief.tampered(sender, URL, EVENT, now=NOW)

    assert json.loads(tampered.body) == EVENT
    assert refused(tampered, sender) is RefusalReason.WRONG_SIGNATURE


@every_sender
def test_times_are_refused_where_times_are_signed(kind: type[Sender]) -> None:
    sender = kind()
    if not sender.signs_time:
        with pytest.raises(ValueError, match="does not sign the time"):
            mischief.stale(sender, URL, EVENT)
        assert isinstance(checked(sender.request(URL, EVENT, now=NOW - timedelta(days=9)), sender), Accepted)
        return

    assert refused(mischief.stale(sender, URL, EVENT, now=NOW), sender) is RefusalReason.EXPIRED
    assert (
        refused(mischief.from_the_future(sender, URL, EVENT, now=NOW), sender)
        is RefusalReason.FROM_THE_FUTURE
    )
    assert isinstance(checked(mischief.stale(sender, URL, EVENT, 290, now=NOW), sender), Accepted)


@every_sender
def test_a_request_that_is_too_large_is_good_but_for_its_size(kind: type[Sender]) -> None:
    sender = kind()
    large = mischief.too_large(sender, URL, EVENT, now=NOW)

    assert len(large.body) == 240 * 1024 + 1
    assert json.loads(large.body) == EVENT
    assert isinstance(checked(large, sender), Accepted)


def test_disorder_loses_and_adds_nothing() -> None:
    sender = GitHubLike()
    requests = [sender.request(URL, {"number": number}) for number in range(20)]

    mixed = mischief.shuffled(mischief.repeated(requests, 3), seed=7)

    assert mixed != mischief.repeated(requests, 3)
    assert mixed == mischief.shuffled(mischief.repeated(requests, 3), seed=7)
    assert Counter(one.body for one in mixed) == {one.body: 3 for one in requests}


# Each by what its receivers use, or by an answer that is known.


def test_the_reference_library_takes_standard_webhooks() -> None:
    crm = StandardWebhooksCrm()
    good = crm.request(URL, EVENT)

    assert Webhook(crm.secret).verify(good.body, dict(good.headers)) == EVENT
    with pytest.raises(WebhookVerificationError):
        Webhook(StandardWebhooksCrm().secret).verify(good.body, dict(good.headers))


def test_a_rotating_sender_signs_with_both_secrets() -> None:
    old, new = StandardWebhooksCrm(), StandardWebhooksCrm()
    good = StandardWebhooksCrm(new.secret, old.secret).request(URL, EVENT)

    for secret in (old.secret, new.secret):
        assert Webhook(secret).verify(good.body, dict(good.headers)) == EVENT


def test_stripes_library_takes_what_the_stripe_like_sends() -> None:
    sender = StripeLike()
    good = sender.request(URL, {"id": "evt_1", "object": "event"})
    header = good.headers["Stripe-Signature"]

    assert stripe.WebhookSignature.verify_header(good.body, header, sender.secret, 300)
    assert stripe.Webhook.construct_event(good.body, header, sender.secret)["id"] == "evt_1"


def test_the_github_like_gives_githubs_own_example() -> None:
    good = GitHubLike("It's a Secret to Everybody").request(URL, b"Hello, World!")

    expected = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert good.headers["X-Hub-Signature-256"] == f"sha256={expected}"


def test_hubspot_signs_the_public_address_with_its_escapes_resolved() -> None:
    sender = HubSpot("app-secret")
    public = "https://hooks.example.com/v1/crm?to=a%40b.example%2Fc&x=%20&y=%25"
    good = sender.request("http://127.0.0.1:4566/crm", EVENT, now=NOW, public_url=public)

    timestamp = str(int(NOW.timestamp() * 1000))
    signed = (
        f"POSThttps://hooks.example.com/v1/crm?to=a@b.example/c&x=%20&y=%25{good.body.decode()}{timestamp}"
    )
    expected = base64.b64encode(hmac.new(b"app-secret", signed.encode(), sha256).digest()).decode()
    assert good.headers["X-HubSpot-Signature-v3"] == expected
    assert good.headers["X-HubSpot-Request-Timestamp"] == timestamp
    assert good.url == "http://127.0.0.1:4566/crm"
    assert isinstance(checked(replace(good, url=public), sender), Accepted)


def test_zendesk_writes_the_time_in_utc_to_the_second() -> None:
    good = ZendeskLike().request(URL, EVENT, now=NOW + timedelta(milliseconds=900))

    assert good.headers["X-Zendesk-Webhook-Signature-Timestamp"] == "2026-03-10T12:00:00Z"


def test_shopify_sends_the_same_signature_for_the_same_body() -> None:
    sender = ShopifyLike()
    first, second = (sender.request(URL, EVENT, now=NOW + timedelta(days=day)) for day in (0, 1))

    signature = "X-Shopify-Hmac-Sha256"
    assert first.headers[signature] == second.headers[signature]
    assert first.headers["X-Shopify-Webhook-Id"] != second.headers["X-Shopify-Webhook-Id"]


# Over the wire.


def test_what_is_signed_is_what_arrives(receiver: Receiver) -> None:
    senders = [kind() for kind in SENDERS]
    answers = [sender.send(receiver.url, {**EVENT, "id": sender.name}) for sender in senders]

    assert [answer.status for answer in answers] == [202] * len(SENDERS)
    for sender, (headers, body) in zip(senders, receiver.got, strict=True):
        arrived = Outgoing("POST", receiver.url, headers, json.dumps(body, separators=(",", ":")).encode())
        assert body["id"] == sender.name
        assert isinstance(checked(arrived, sender, datetime.now(UTC)), Accepted)


def test_the_receivers_of_the_sandbox_take_a_standard_webhook(receivers: Receivers) -> None:
    crm = StandardWebhooksCrm(receivers.secrets["crm"][0])

    assert crm.send(receivers.url_of("crm"), EVENT).status == 204
    refused_one = deliver(mischief.forged(crm, receivers.url_of("crm"), EVENT))
    assert (refused_one.status, refused_one.json()["error"]) == (401, "invalid_signature")


def test_many_are_sent_at_once_and_answered_in_order(receiver: Receiver) -> None:
    script = StudioScript()
    receiver.delay = 0.05
    requests = [script.request(receiver.url, {"number": number}) for number in range(30)]

    answers = deliver_all([*requests, replace(requests[0], url="http://127.0.0.1:9/nobody")], at_once=10)

    assert [answer.status for answer in answers] == [202] * 30 + [0]
    assert {body["number"] for _, body in receiver.got} == set(range(30))
    assert max(receiver.arrived) - min(receiver.arrived) < 30 * 0.05


def test_a_plain_event_says_what_it_is_told() -> None:
    event: Any = plain_event("archive.requested", {"campaignId": "a"}, event_id="e", campaignId="a")

    assert (event["id"], event["type"], event["campaignId"]) == ("e", "archive.requested", "a")
    assert event["data"] == {"campaignId": "a"}
    assert plain_event("x", {})["id"] != plain_event("x", {})["id"]
