"""What becomes of a delivery, by what its destination answers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import pytest

from worlds.aws import AwsWorld, FakeClock
from worlds.deliveries import DeliveryWorld, Receiver, Sent

World = Callable[..., DeliveryWorld]


def test_an_event_is_delivered_with_the_body_of_its_type_and_without_any_token(
    deliveries: World, receiver: Receiver
) -> None:
    world = deliveries()
    world.put(world.event(1, private="stays here"))
    world.pump()
    (sent,) = receiver.got
    assert json.loads(sent.body) == {"metrics": {"total_records": 1}, "audit": {"job_id": "j-1"}}
    assert b": " not in sent.body
    assert sent.path == "/hook?from=bridge"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["user-agent"].startswith("outbound-bridge")
    assert sent.headers["x-correlation-id"] == "correlation-1"
    assert "authorization" not in sent.headers
    assert not world.queue.messages
    assert world.item()["status"] == "delivered"


def test_a_destination_setting_may_add_headers(deliveries: World, receiver: Receiver) -> None:
    world = deliveries(headers={"Authorization": "Basic abc", "X-Team": "dialling"})
    world.put(world.event())
    world.pump()
    assert receiver.got[0].headers["authorization"] == "Basic abc"
    assert receiver.got[0].headers["x-team"] == "dialling"


def test_a_delivered_event_is_never_sent_again(deliveries: World, receiver: Receiver) -> None:
    world = deliveries()
    world.put(world.event(), world.event())
    world.pump()
    world.put(world.event())
    world.pump()
    assert [sent.id for sent in receiver.got] == ["event-1"]
    assert not world.queue.messages


def test_events_that_a_destination_did_not_ask_for_leave_nothing_behind(
    deliveries: World, receiver: Receiver
) -> None:
    world = deliveries(event_types=["outcomes.*"])
    world.put(world.event(1, "campaign.registered"), world.event(2, "outcomes.coverage_lost"))
    world.pump()
    assert [sent.id for sent in receiver.got] == ["event-2"]
    assert world.item(1) == {}


def test_a_destination_without_a_url_takes_its_events_and_keeps_nothing(
    deliveries: World, receiver: Receiver
) -> None:
    world = deliveries(url="")
    world.put(world.event())
    world.pump()
    assert not world.queue.messages
    assert not receiver.got
    assert world.item() == {}


def test_what_is_parked_for_a_destination_that_is_taken_away_is_drop(
    deliveries: World, receiver: Receiver
) -> None:
    world = deliveries(waits_seconds=[3600])
    receiver.say(500)
    world.put(world.event())
    world.pump()
    assert world.item()["status"] == "parked"
    world.document = world.document.model_copy(update={"destinations": {}})
    world.run(hours=2)
    assert world.item()["status"] == "dropped"
    assert "due_kind" not in world.item()
    assert len(receiver.got) == 1


def test_a_destination_is_not_told_about_itself(deliveries: World, receiver: Receiver) -> None:
    world = deliveries(event_types=["*"])
    own = world.event(1, "delivery.dead_lettered", destination="crm")
    other = world.event(2, "delivery.dead_lettered", destination="wfm")
    world.put(own, other)
    world.pump()
    assert [sent.id for sent in receiver.got] == ["event-2"]


def test_the_death_of_a_fact_about_a_death_is_no_further_fact(
    deliveries: World, receiver: Receiver, aws: AwsWorld
) -> None:
    world = deliveries(event_types=["*"])
    receiver.say(400)
    world.put(world.event(1, "delivery.dead_lettered", destination="wfm"))
    world.pump()
    assert len(world.queue.dead) == 1
    assert world.item()["status"] == "dead"
    assert not aws.published()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422])
def test_a_refusal_ends_in_the_dead_letter_queue_at_once_with_its_reason(
    deliveries: World, receiver: Receiver, aws: AwsWorld, status: int
) -> None:
    world = deliveries()
    receiver.say(status)
    world.put(world.event())
    world.pump()
    (dead,) = world.queue.dead
    assert dead["attributes"] == {
        "reason": f"answered {status}",
        "queue": "arn:aws:sqs:us-east-1:123456789012:deliver-crm",
        "status": str(status),
        "destination": "crm",
        "event_id": "event-1",
    }
    assert json.loads(dead["body"])["detail"]["event_id"] == "event-1"
    assert not world.queue.messages
    assert len(receiver.got) == 1
    assert world.item()["status"] == "dead"
    (fact,) = aws.published("delivery.dead_lettered")
    assert fact["data"] == {
        "destination": "crm",
        "event_id": "event-1",
        "event_type": "outcomes.pulled",
        "attempts": 1,
        "status": status,
        "reason": f"answered {status}",
    }
    assert fact["correlation_id"] == "correlation-1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_refusal_and_is_not_followed(
    deliveries: World, receiver: Receiver, status: int
) -> None:
    world = deliveries()
    receiver.say(status, Location=f"http://127.0.0.1:{receiver.port}/elsewhere")
    world.put(world.event())
    world.pump()
    assert [sent.path for sent in receiver.got] == ["/hook?from=bridge"]
    assert world.queue.dead[0]["attributes"]["reason"] == f"answered {status}"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_trouble_is_tried_again(deliveries: World, receiver: Receiver, status: int) -> None:
    world = deliveries()
    receiver.say(status)
    world.put(world.event())
    world.pump()
    assert world.item()["status"] == "waiting"
    receiver.say(204)
    world.run(minutes=1)
    assert len(receiver.got) == 2
    assert world.item()["status"] == "delivered"
    assert not world.queue.dead


def test_the_last_attempt_ends_in_the_dead_letter_queue(
    deliveries: World, receiver: Receiver, aws: AwsWorld
) -> None:
    world = deliveries(waits_seconds=[5, 5, 5], circuit={"failures": 100})
    receiver.say(503)
    world.put(world.event())
    world.run(minutes=5)
    assert len(receiver.got) == 4
    (dead,) = world.queue.dead
    assert dead["attributes"]["reason"] == "given up after 4 attempts; the last one answered 503"
    assert [fact["data"]["attempts"] for fact in aws.published("delivery.dead_lettered")] == [4]


def test_a_dead_delivery_that_is_redriven_is_tried_again_from_its_first_attempt(
    deliveries: World, receiver: Receiver, clock: FakeClock
) -> None:
    world = deliveries(waits_seconds=[5, 5], circuit={"failures": 100})
    receiver.say(503)
    world.put(world.event())
    world.run(minutes=5)
    clock.advance(minutes=5)
    receiver.answer = _fail_once()
    _send(world, world.queue.dead[0]["body"])
    world.run(minutes=5)
    assert world.item()["status"] == "delivered"
    assert world.item()["attempts"] == 2
    assert len(world.queue.dead) == 1


def test_a_late_duplicate_of_a_dead_delivery_does_not_wake_it(deliveries: World, receiver: Receiver) -> None:
    world = deliveries()
    receiver.say(400)
    world.put(world.event(), world.event())
    world.clock.advance(seconds=1)
    world.pump()
    assert len(receiver.got) == 1
    assert len(world.queue.dead) == 1


def test_a_delivery_that_dies_twice_is_two_facts(
    deliveries: World, receiver: Receiver, clock: FakeClock, aws: AwsWorld
) -> None:
    world = deliveries()
    receiver.say(400)
    world.put(world.event())
    world.pump()
    clock.advance(hours=1)
    world.put(world.event())
    world.pump()
    facts = aws.published("delivery.dead_lettered")
    assert len({fact["event_id"] for fact in facts}) == 2


def test_a_worker_near_its_end_gives_its_messages_back_unsent(deliveries: World, receiver: Receiver) -> None:
    world = deliveries()
    world.put(world.event())
    batch = world.queue.receive()
    from outbound.clock import Deadline
    from outbound.queues import TryLater

    with pytest.raises(TryLater):
        world.deliveries.deliver(batch[0], Deadline(world.clock, 15))
    assert not receiver.got
    assert world.item() == {}


def test_a_body_expression_that_an_event_does_not_fit_ends_in_the_dead_letter_queue(
    deliveries: World, receiver: Receiver
) -> None:
    world = deliveries(bodies={"outcomes.pulled": "length(data.missing)"})
    world.put(world.event())
    world.pump()
    assert not receiver.got
    assert "does not fit the event" in world.queue.dead[0]["attributes"]["reason"]


def test_an_address_that_may_not_be_spoken_to_ends_in_the_dead_letter_queue(
    deliveries: World, receiver: Receiver
) -> None:
    world = deliveries(allow_private=False)
    world.put(world.event())
    world.pump()
    assert not receiver.got
    assert "not a public address" in world.queue.dead[0]["attributes"]["reason"]


def test_a_message_that_is_no_event_is_a_dead_letter_alone(deliveries: World, receiver: Receiver) -> None:
    world = deliveries()
    _send(world, "no JSON")
    _send(world, json.dumps({"detail": {**_envelope(world), "event_id": "a\r\nb"}}))
    world.put(world.event())
    world.pump()
    assert [sent.id for sent in receiver.got] == ["event-1"]
    assert not world.queue.messages
    assert len(world.queue.dead) == 2


def test_a_wrong_secret_counts_no_attempt_and_loses_nothing(deliveries: World, aws: AwsWorld) -> None:
    world = deliveries()
    aws.secrets.put_secret_value(SecretId="outbound/crm", SecretString=json.dumps({"key": "!"}))
    world.put(world.event())
    world.pump()
    assert world.item() == {}
    assert len(world.queue.messages) == 1


def _send(world: DeliveryWorld, body: str) -> None:
    world.queue.send_message(QueueUrl=world.queue.url, MessageBody=body)


def _envelope(world: DeliveryWorld) -> dict[str, object]:
    detail: dict[str, object] = json.loads(world.event(9).to_json())
    return detail


def _fail_once() -> Callable[[Sent], tuple[int, dict[str, str]]]:
    statuses = iter([503, 200, 200])
    return lambda _: (next(statuses), {})


def test_deliveries_of_a_destination_are_spread_over_partitions(deliveries: World) -> None:
    world = deliveries()
    keys = [world.ledger.read(f"event-{number}").key for number in range(1000)]

    partitions = Counter(key.pk for key in keys)
    assert len(partitions) == 16
    assert max(partitions.values()) < 2 * 1000 / 16
    assert {key.sk for key in keys} == {f"event-{number}" for number in range(1000)}
    assert world.ledger.read("event-1").key == keys[1], "the same delivery, the same place"
