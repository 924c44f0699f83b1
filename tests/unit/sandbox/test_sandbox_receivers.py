"""Receivers believe a good signature, and remember everything that came."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
from standardwebhooks import Webhook

from sandbox.running import ControlFailed, Receivers, new_secret

BODY = '{"event_type":"outcomes.pulled","total_calls":3}'


def signed(secret: str, body: str = BODY, webhook_id: str = "msg-1", age: float = 0.0) -> dict[str, str]:
    moment = datetime.now(UTC) - timedelta(seconds=age)
    # The library reads the clock reading as UTC whatever its zone.
    signature = Webhook(secret).sign(webhook_id, moment, body)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signature,
        "content-type": "application/json",
    }


def deliver(receivers: Receivers, name: str, headers: dict[str, str], body: str = BODY) -> int:
    url = f"{receivers.url_of(name)}/leads/sync"
    return requests.post(url, body.encode(), headers=headers, timeout=5).status_code


@pytest.mark.parametrize("name", ["crm", "warehouse", "wfm"])
def test_a_good_signature_is_believed_and_the_delivery_remembered(receivers: Receivers, name: str) -> None:
    assert deliver(receivers, name, signed(receivers.secrets[name][0])) == 204
    received = receivers.received(name)
    (delivery,) = received.deliveries
    assert (received.verified, received.refused, received.counts) == (1, 0, {"msg-1": 1})
    assert (delivery.path, delivery.body, delivery.verified) == (f"/{name}/leads/sync", BODY, True)
    assert delivery.headers["content-type"] == "application/json"
    assert not delivery.with_authorization


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,\u00e9"},
        {"webhook-signature": "v2,x y,z"},
        {"webhook-signature": ""},
        {"webhook-id": "msg-2"},
        {"webhook-timestamp": "0"},
        {"webhook-timestamp": "soon"},
    ],
)
def test_a_bad_signature_is_refused_and_remembered_as_such(receivers: Receivers, change: dict) -> None:
    headers = signed(receivers.secrets["crm"][0]) | change
    encoded = {name: value.encode() for name, value in headers.items()}
    assert requests.post(receivers.url_of("crm"), BODY, headers=encoded, timeout=5).status_code == 401
    assert [one.verified for one in receivers.received("crm").deliveries] == [False]


def test_another_body_or_an_old_one_is_refused(receivers: Receivers) -> None:
    secret = receivers.secrets["crm"][0]
    assert deliver(receivers, "crm", signed(secret), BODY + " ") == 401
    assert deliver(receivers, "crm", signed(secret, age=400)) == 401
    assert deliver(receivers, "crm", signed(receivers.secrets["wfm"][0])) == 401
    assert receivers.received("crm").refused == 3


def test_two_secrets_are_good_while_one_is_rotated(receivers: Receivers) -> None:
    (old,), new = receivers.secrets["warehouse"], new_secret()
    assert deliver(receivers, "warehouse", signed(new)) == 401
    receivers.use_secrets("warehouse", [old, new])
    assert [deliver(receivers, "warehouse", signed(one)) for one in (old, new)] == [204, 204]
    receivers.use_secrets("warehouse", [new])
    assert [deliver(receivers, "warehouse", signed(one)) for one in (old, new)] == [401, 204]
    receivers.use_secrets("warehouse", [old])
    with pytest.raises(ControlFailed):
        receivers.use_secrets("warehouse", ["whsec_"])
    assert deliver(receivers, "warehouse", signed(old)) == 204


def test_a_delivery_made_twice_is_counted_twice(receivers: Receivers) -> None:
    headers = signed(receivers.secrets["crm"][0], webhook_id="msg-9")
    deliver(receivers, "crm", headers)
    deliver(receivers, "crm", headers)
    received = receivers.received("crm")
    assert (received.counts, received.ids, len(received.deliveries)) == ({"msg-9": 2}, 1, 2)


def test_an_authorization_header_is_flagged_and_its_value_not_kept(receivers: Receivers) -> None:
    headers = signed(receivers.secrets["crm"][0])
    deliver(receivers, "crm", headers | {"Authorization": "Bearer not-for-the-crm"})
    deliver(receivers, "crm", headers)
    received = receivers.received("crm")
    assert received.with_authorization == 1
    assert [one.with_authorization for one in received.deliveries] == [True, False]
    assert "not-for-the-crm" not in repr(received)


def test_a_lost_answer_is_of_a_delivery_that_arrived(receivers: Receivers) -> None:
    receivers.add_fault({"serve_then": "cut"}, path="^/crm")
    with pytest.raises(requests.ConnectionError):
        deliver(receivers, "crm", signed(receivers.secrets["crm"][0]))
    assert receivers.received("crm").verified == 1


def test_a_receiver_without_a_secret_believes_nobody_until_it_is_reset(receivers: Receivers) -> None:
    (secret,) = receivers.secrets["wfm"]
    receivers.use_secrets("wfm", [])
    assert deliver(receivers, "wfm", signed(secret)) == 401
    receivers.reset()
    assert receivers.secrets["wfm"] == (secret,)
    assert receivers.received("wfm").refused == 0
    assert deliver(receivers, "wfm", signed(secret)) == 204
