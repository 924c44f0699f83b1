"""Events are really sent to what was registered, as often as the retry policy says."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.running import ControlFailed, Tenant, running_tenant
from sandbox.world import parse_time, read_world, write_world
from worlds.signed_webhooks import CAMPAIGNS, DIALER, METRICS, SCOPES, SETTINGS, Receiver, campaigns, dialer

WHEN = "2026-03-10T12:00:00Z"


def test_an_event_reaches_who_asked_for_it_with_its_headers(
    quick: Tenant, call: Callable[..., requests.Response], receiver: Receiver
) -> None:
    call("POST", CAMPAIGNS, campaigns(receiver.url, headers={"X-Webhook-Source": "bridge", "X-Key": "k"}))
    call("POST", DIALER, dialer(receiver.url, auth={"type": "bearer", "token": "hush"}))

    sent = quick.emit(METRICS, {"successRate": 0.2}, campaign_id="camp-a", occurred_at=parse_time(WHEN))
    quick.emit(SETTINGS, {"versionTag": "v2"}, event_id="evt-1")
    quick.emit("dialer.campaign.activated")
    metrics, settings = quick.sent_webhooks()

    assert sent.deliveries == 1
    (first, second) = sorted(receiver.got, key=lambda one: one[1]["type"], reverse=True)
    assert first[1] == {
        "id": sent.ids[0],
        "type": METRICS,
        "occurredAt": WHEN,
        "campaignId": "camp-a",
        "data": {"successRate": 0.2},
    }
    assert (first[0]["x-webhook-source"], first[0]["x-key"]) == ("bridge", "k")
    assert "authorization" not in first[0]
    assert second[0]["authorization"] == "Bearer hush"
    assert second[1]["id"] == "evt-1"
    assert "campaignId" not in second[1]
    assert (metrics.sent, metrics.acknowledged, metrics.answers) == (1, 1, {"202": 1})
    assert (settings.sent, settings.acknowledged) == (1, 1)


@pytest.mark.slow
def test_events_can_be_many_or_one_that_comes_again(
    quick: Tenant, call: Callable[..., requests.Response], receiver: Receiver
) -> None:
    call("POST", CAMPAIGNS, campaigns(receiver.url))
    many = quick.emit(METRICS, times=40)
    again = quick.emit(METRICS, event_id="evt-1", times=3)
    quick.sent_webhooks()

    assert (len(set(many.ids)), set(again.ids)) == (40, {"evt-1"})
    assert sorted(body["id"] for _, body in receiver.got) == sorted([*many.ids, *again.ids])


@pytest.mark.slow
def test_what_is_not_acknowledged_is_sent_again_with_growing_pauses(
    quick: Tenant, call: Callable[..., requests.Response], receiver: Receiver
) -> None:
    call("POST", DIALER, dialer(receiver.url, retryPolicy={"maxRetries": 3, "backoffMultiplier": 3}))
    receiver.answers = [500, 302, 404, 202]
    (event_id,) = quick.emit(SETTINGS).ids
    (webhook,) = quick.sent_webhooks()

    assert (webhook.sent, webhook.acknowledged, webhook.failed) == (4, 1, 0)
    assert {body["id"] for _, body in receiver.got} == {event_id}
    pauses = [after - before for before, after in zip(receiver.arrived, receiver.arrived[1:], strict=False)]
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 0.45


def test_an_event_is_given_up_after_the_retries_of_the_policy(
    quick: Tenant, call: Callable[..., requests.Response], receiver: Receiver
) -> None:
    call("POST", DIALER, dialer(receiver.url, retryPolicy={"maxRetries": 1}))
    receiver.answers = [503, 503]
    quick.emit(SETTINGS)
    (webhook,) = quick.sent_webhooks()

    assert (webhook.sent, webhook.acknowledged, webhook.failed, webhook.answers) == (2, 0, 1, {"503": 2})


@pytest.mark.slow
def test_a_receiver_that_is_slow_or_gone_counts_as_no_answer(
    quick: Tenant, call: Callable[..., requests.Response], receiver: Receiver
) -> None:
    policy = {"maxRetries": 0, "timeoutSec": 1}
    call("POST", DIALER, dialer(receiver.url, retryPolicy=policy))
    call("POST", DIALER, dialer("http://127.0.0.1:9/hooks", retryPolicy=policy))
    receiver.delay = 1.5
    quick.emit(SETTINGS)
    slow, gone = quick.sent_webhooks()

    assert (slow.failed, slow.answers) == (1, {"ReadTimeout": 1})
    assert (gone.failed, gone.answers) == (1, {"ConnectError": 1})


def test_what_is_disabled_or_removed_gets_nothing(
    quick: Tenant, call: Callable[..., requests.Response], receiver: Receiver
) -> None:
    call("POST", CAMPAIGNS, campaigns(receiver.url, enabled=False))
    removed = call("POST", CAMPAIGNS, campaigns(receiver.url)).json()["id"]
    call("DELETE", f"{CAMPAIGNS}/{removed}")

    assert quick.emit(METRICS).deliveries == 0
    assert receiver.got == []


@pytest.mark.slow
def test_a_reset_forgets_webhooks_and_what_was_on_its_way(
    tenant: Tenant, new_token: Callable[..., str], receiver: Receiver
) -> None:
    headers = {"Authorization": f"Bearer {new_token(scope=SCOPES)}"}
    requests.post(tenant.url + CAMPAIGNS, json=campaigns(receiver.url), headers=headers, timeout=5)
    receiver.answers = [500]
    tenant.emit(METRICS)
    while not receiver.got:
        time.sleep(0.01)
    tenant.reset()

    assert tenant.webhooks() == []
    time.sleep(1.2)  # the pause before the first retry, and a little more
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "document", [{}, {"type": "no.such.event"}, {"type": METRICS, "time": 3}, {"type": METRICS, "times": 0}]
)
def test_nonsense_is_not_emitted(tenant: Tenant, document: dict[str, Any]) -> None:
    with pytest.raises(ControlFailed):
        tenant._call("POST", "/emit", document)


@pytest.mark.slow
def test_a_process_ends_with_events_on_their_way(receiver: Receiver) -> None:
    receiver.delay = 30
    with running_tenant() as tenant:
        form = {"grant_type": "client_credentials", "scope": SCOPES}
        issued = requests.post(
            f"{tenant.url}/oauth/token", data=form, auth=("bridge", "sandbox-only"), timeout=5
        ).json()
        headers = {"Authorization": f"Bearer {issued['access_token']}"}
        requests.post(tenant.url + CAMPAIGNS, json=campaigns(receiver.url), headers=headers, timeout=5)
        tenant.emit(METRICS)
        started = time.monotonic()
    receiver.delay = 0
    assert time.monotonic() - started < 5


def test_the_pause_before_a_retry_is_part_of_the_world() -> None:
    world = read_world({"webhook_pause": 0.2})

    assert read_world(write_world(world)).webhook_pause == 0.2
