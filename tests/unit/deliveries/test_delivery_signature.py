"""Signatures, as the reference library of Standard Webhooks reads them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from botocore.stub import Stubber
from standardwebhooks import Webhook, WebhookVerificationError

from outbound.deliveries.signature import Signer
from outbound.secrets import Secrets
from outbound.settings import ConfigurationError
from worlds.aws import AwsWorld, FakeClock
from worlds.deliveries import KEY, SECRET, DeliveryWorld, Receiver, Sent

NEW_KEY = "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


@pytest.fixture
def clock() -> FakeClock:
    """The reference library looks at the machine's clock."""
    return FakeClock(datetime.now(UTC))


@pytest.mark.parametrize(
    ("key", "message_id", "timestamp", "body", "signature"),
    [
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            '{"test": 2432232314}',
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1649367553,
            '{"email":"test@example.com","username":"test_user"}',
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
    ],
)
def test_known_answers(
    aws: AwsWorld, clock: FakeClock, key: str, message_id: str, timestamp: int, body: str, signature: str
) -> None:
    aws.secrets.create_secret(Name="key", SecretString=json.dumps({"key": key}))
    moment = datetime.fromtimestamp(timestamp, UTC)
    headers = Signer(Secrets(aws.secrets, clock), "key").headers(message_id, moment, body.encode())
    assert headers == {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }


def test_the_reference_library_accepts_a_delivery(
    deliveries: Callable[..., DeliveryWorld], receiver: Receiver
) -> None:
    world = deliveries()
    world.put(world.event(1, note="schöne Grüße \ud800"))
    world.pump()
    _accepted(receiver.got[0], KEY)
    with pytest.raises(WebhookVerificationError):
        _accepted(receiver.got[0], NEW_KEY)


def test_both_keys_are_accepted_while_the_secret_is_rotated(
    deliveries: Callable[..., DeliveryWorld], receiver: Receiver, aws: AwsWorld
) -> None:
    world = deliveries()
    aws.secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps({"key": f"whsec_{NEW_KEY}"}))
    world.put(world.event())
    world.pump()
    assert receiver.got[0].headers["webhook-signature"].count("v1,") == 2
    _accepted(receiver.got[0], KEY)
    _accepted(receiver.got[0], NEW_KEY)


def test_a_worker_that_knows_only_the_old_key_reads_the_secret_again_when_it_is_refused(
    deliveries: Callable[..., DeliveryWorld], receiver: Receiver, aws: AwsWorld, clock: FakeClock
) -> None:
    world = deliveries()
    world.put(world.event(1))
    world.pump()
    aws.secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps({"key": NEW_KEY}))
    receiver.answer = lambda sent: (200 if " " in sent.headers["webhook-signature"] else 401, {})
    clock.advance(seconds=61)
    world.put(world.event(2))
    world.pump()
    assert [sent.id for sent in receiver.got] == ["event-1", "event-2", "event-2"]
    assert world.item(2)["status"] == "delivered"
    assert world.item(2)["attempts"] == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_signature_that_is_refused_shortly_after_a_rotation_waits_for_the_new_key(
    deliveries: Callable[..., DeliveryWorld],
    receiver: Receiver,
    aws: AwsWorld,
    clock: FakeClock,
    status: int,
) -> None:
    world = deliveries()
    world.put(world.event(1))
    world.pump()
    clock.advance(seconds=20)
    aws.secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps({"key": NEW_KEY}))
    receiver.answer = lambda sent: (200 if " " in sent.headers["webhook-signature"] else status, {})
    world.put(*(world.event(number) for number in range(2, 22)))
    world.pump()

    assert {world.item(number)["status"] for number in range(2, 22)} == {"waiting"}, (
        "and the circuit is closed"
    )
    assert world.queue.dead == []
    world.run(minutes=3)
    assert {world.item(number)["status"] for number in range(2, 22)} == {"delivered"}


def test_a_signature_that_is_refused_while_the_secret_cannot_be_read_waits(
    deliveries: Callable[..., DeliveryWorld], receiver: Receiver, aws: AwsWorld, clock: FakeClock
) -> None:
    world = deliveries()
    world.put(world.event(1))
    world.pump()
    clock.advance(minutes=5)
    receiver.say(401)
    world.put(world.event(2))
    with Stubber(aws.secrets) as stubber:
        stubber.add_client_error("get_secret_value", "ThrottlingException")
        world.pump()
    assert (world.item(2)["status"], world.queue.dead) == ("waiting", [])

    world.run(minutes=5)
    assert world.item(2)["status"] == "dead", "the secret was looked at, and it is this one"


@pytest.mark.parametrize("value", [{"key": "not base64!"}, {"key": ""}, {"secret": KEY}, {"key": "whsec_"}])
def test_a_secret_that_is_no_key_is_named_and_not_quoted(
    aws: AwsWorld, clock: FakeClock, value: dict[str, str]
) -> None:
    aws.secrets.create_secret(Name="key", SecretString=json.dumps(value))
    with pytest.raises(ConfigurationError, match="the secret key needs the form") as refused:
        Signer(Secrets(aws.secrets, clock), "key").headers("id", clock.now(), b"")
    assert "not base64!" not in str(refused.value)


def _accepted(sent: Sent, key: str) -> None:
    Webhook(key).verify(sent.body, dict(sent.headers))
