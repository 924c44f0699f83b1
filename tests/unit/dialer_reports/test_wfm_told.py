"""WFM is told of each change of the dialer once, whoever made it: CXone's webhook, router, delivery."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from outbound.clock import Deadline
from outbound.cxone.ports.subscriptions import Subscription
from outbound.deliveries.deliverer import build as deliverer
from outbound.deliveries.redelivery import message_of
from outbound.deliveries.settings import PACKAGED, DeliverySettings
from outbound.settings import read_document
from outbound.subscriptions.registrar import SubscriptionRegistrar
from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock, Invocation, sqs_event
from worlds.deliveries import KEY, Receiver, running_receiver
from worlds.dialer_reports import SPRING, DialerReportWorld, other_settings, present
from worlds.runtime import WorldRuntime
from worlds.signed_webhooks import Receiver as HookReceiver
from worlds.signed_webhooks import running_receiver as running_hook
from worlds.webhooks import CXONE_TOKEN, IngressWorld, as_json, from_file

WFM_TYPES = {"dialer.settings_updated", "dialer.campaign_activated"}


@pytest.fixture
def hook() -> Iterator[HookReceiver]:
    """Where CXone sends its webhooks: what the API stands in front of."""
    with running_hook() as receiver:
        yield receiver


@pytest.fixture
def wfm() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def subscribed(world: DialerReportWorld, hook: HookReceiver) -> DialerReportWorld:
    """The dialer's webhook as the stack registers it, and once more."""
    registrar = SubscriptionRegistrar.of(world.runtime, Deadline(world.clock, 3600))
    wanted = Subscription("outbound dialer", "dialer", hook.url, "outbound-bridge/outbound", CXONE_TOKEN)
    assert [registrar.register(wanted).outcome for _ in range(2)] == ["registered", "unchanged"]
    world.aws.published()
    return world


def _requests(hook: HookReceiver) -> list[dict[str, Any]]:
    """What CXone sent, as API Gateway hands it to the receiver."""
    made = []
    for headers, body in hook.got:
        request = from_file("cxone_webhook", "settings_updated")
        sent = {"Content-Type": "application/json", "Authorization": headers["authorization"]}
        request |= {"headers": sent, "multiValueHeaders": {name: [value] for name, value in sent.items()}}
        made.append(request | {"body": base64.b64encode(as_json(body)).decode()})
    return made


def _routed(aws: AwsWorld, clock: FakeClock, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Receive and route requests, each of them twice, and return the events that this comes to."""
    ingress = IngressWorld(aws, clock, {"cxone": {"scheme": "bearer"}})
    for request in (*requests, *requests):
        assert ingress.receive(request)["statusCode"] == 202
    ingress.route()
    return [event for event in aws.published() if event["event_type"].startswith("dialer.")]


def _delivered(world: DialerReportWorld, events: list[dict[str, Any]], wfm: Receiver) -> None:
    """Let the function of the WFM's queue take the events, each of them twice."""
    place = {"url": wfm.url, "allow_insecure": True, "allow_private": True}
    document = read_document(DeliverySettings, json.dumps({"destinations": {"wfm": place}}))
    world.aws.secrets.create_secret(Name="outbound/wfm", SecretString=json.dumps({"key": KEY}))
    urls = {"QUEUE_URLS": json.dumps({"wfm": world.aws.queue_urls["deliver-wfm"]})}
    names = {"DESTINATION": "wfm", "DESTINATION_SECRET": "outbound/wfm", **urls}
    given = {"deliveries": lambda: document}
    runtime = WorldRuntime(world.aws, world.clock, "deliver-wfm", given, **names)
    bodies = [message_of(each["event_type"], json.dumps(each)) for each in (*events, *events)]
    for body in bodies:
        answer = deliverer(runtime)(sqs_event("deliver-wfm", body), Invocation())  # type: ignore[arg-type]
        assert answer == {"batchItemFailures": []}


def test_wfm_is_told_of_every_change_once_whoever_made_it(
    subscribed: DialerReportWorld, hook: HookReceiver, wfm: Receiver, tenant: Tenant, clock: FakeClock
) -> None:
    tenant.change_dialer(other_settings(3.0), actor="console")
    subscribed.changed_by_us("r-1", ratio=1.8)
    # The operation takes its time; what is active then is told as well.
    for _ in range(200):
        if len(tenant.dialer()["log"]) == 3:
            break
    tenant.emit("dialer.campaign.activated", {"status": "COMPLETED"}, campaign_id=SPRING)
    tenant.sent_webhooks()
    assert len(hook.got) == 3
    clock.time = present()
    events = _routed(subscribed.aws, clock, _requests(hook))
    assert {each["event_type"] for each in events} == WFM_TYPES
    _delivered(subscribed, events, wfm)
    told = [json.loads(sent.body) for sent in wfm.got]
    ratios = sorted(
        each["data"]["settings"]["algorithm"]["dial_ratio"] for each in told if "settings" in each["data"]
    )
    assert ratios == [1.8, 3.0]
    (activated,) = [each for each in told if each["event_type"] == "dialer.campaign_activated"]
    assert (activated["data"]["campaign_id"], activated["data"]["operation"]["status"]) == (
        SPRING,
        "COMPLETED",
    )
    assert len(told) == 3
    assert len({sent.id for sent in wfm.got}) == 3


def test_wfm_gets_what_cxone_says_and_not_what_our_rollouts_say_beside_it() -> None:
    """Each change of ours comes from CXone, too: it would be told twice."""
    assert set(PACKAGED["wfm"].event_types) == WFM_TYPES
