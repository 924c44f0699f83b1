"""Destinations that are down, slow down, or go away: nothing lost, nothing double."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from outbound.store.table import Key
from worlds.aws import AwsWorld, FakeClock
from worlds.deliveries import DeliveryWorld, Receiver, Sent

World = Callable[..., DeliveryWorld]


def _down_until(
    clock: FakeClock, end: datetime, taken: Counter[str]
) -> Callable[[Sent], tuple[int, dict[str, str]]]:
    def answer(sent: Sent) -> tuple[int, dict[str, str]]:
        if clock.now() < end:
            return 503, {}
        taken[sent.id] += 1
        return 200, {}

    return answer


@pytest.mark.slow
def test_a_crm_that_is_down_for_an_hour_gets_each_event_once_afterwards(
    deliveries: World, receiver: Receiver, clock: FakeClock
) -> None:
    world = deliveries()
    taken: Counter[str] = Counter()
    receiver.answer = _down_until(clock, clock.now() + timedelta(hours=1), taken)
    world.put(*(world.event(number) for number in range(12)))
    world.run(hours=1)
    assert not taken
    world.run(hours=3)
    assert taken == Counter(f"event-{number}" for number in range(12))
    assert not world.queue.messages
    assert not world.queue.dead
    assert {world.item(number)["status"] for number in range(12)} == {"delivered"}


def test_an_open_circuit_parks_without_trying_and_counts_no_attempt(
    deliveries: World, receiver: Receiver
) -> None:
    world = deliveries(circuit={"failures": 3})
    receiver.say(503)
    world.put(*(world.event(number) for number in range(8)))
    world.pump()
    assert len(receiver.got) == 3
    parked = [world.item(number) for number in range(3, 8)]
    assert {(item["status"], item["attempts"], item["last_error"]) for item in parked} == {
        ("parked", 0, "the circuit is open")
    }
    receiver.say(200)
    world.run(hours=1)
    assert {world.item(number)["status"] for number in range(8)} == {"delivered"}


def test_refusals_do_not_open_the_circuit(deliveries: World, receiver: Receiver) -> None:
    world = deliveries(circuit={"failures": 2})
    receiver.say(400)
    world.put(*(world.event(number) for number in range(6)))
    world.pump()
    assert len(receiver.got) == 6


def test_an_open_circuit_lets_one_delivery_try_and_closes_on_its_success(
    deliveries: World, receiver: Receiver, clock: FakeClock
) -> None:
    world = deliveries(circuit={"failures": 1, "recovery_seconds": 60})
    receiver.say(503)
    world.put(world.event(1))
    world.pump()
    receiver.say(200)
    clock.advance(seconds=30)
    world.put(world.event(2))
    world.pump()
    assert [sent.id for sent in receiver.got] == ["event-1"]
    clock.advance(seconds=31)
    world.put(world.event(3))
    world.pump()
    assert "event-3" in {sent.id for sent in receiver.got}
    assert world.table.get(Key("acme#circuit", "crm"))["state"] == "CLOSED"


def test_a_long_wait_is_parked_and_the_message_taken(deliveries: World, receiver: Receiver) -> None:
    world = deliveries(waits_seconds=[1800])
    receiver.say(503)
    world.put(world.event())
    world.pump()
    assert not world.queue.messages
    item = world.item()
    assert (item["status"], item["due_kind"]) == ("parked", "deliveries")
    assert "ttl" not in item
    assert item["due_at"] >= world.clock.now().timestamp() + 1800 * 0.8
    receiver.say(200)
    world.run(hours=1)
    assert len(receiver.got) == 2
    assert "ttl" in world.item()


def test_a_duplicate_that_arrives_while_an_event_is_parked_does_not_send_it_early(
    deliveries: World, receiver: Receiver
) -> None:
    world = deliveries(waits_seconds=[1800])
    receiver.say(503)
    world.put(world.event())
    world.pump()
    world.put(world.event())
    world.pump()
    assert len(receiver.got) == 1
    assert not world.queue.messages
    assert world.item()["status"] == "parked"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("40", 40),
        ("86400000", 7200),
        ("9" * 30, 7200),
        ("-1", 5),
        ("soon", 5),
        ("", 5),
        ("0", 5),
        ("1773144060", 5),
    ],
)
def test_retry_after_lengthens_a_wait_within_reason(
    deliveries: World, receiver: Receiver, header: str, seconds: int
) -> None:
    world = deliveries(waits_seconds=[5], max_retry_after_seconds=7200)
    receiver.say(429, Retry_After=header)
    world.put(world.event())
    world.pump()
    assert world.item()["next_at"] - world.clock.now().timestamp() == pytest.approx(seconds, abs=2)


def test_retry_after_may_be_a_date(deliveries: World, receiver: Receiver, clock: FakeClock) -> None:
    world = deliveries(waits_seconds=[5])
    receiver.say(503, Retry_After=format_datetime(clock.now() + timedelta(minutes=4), usegmt=True))
    world.put(world.event())
    world.pump()
    assert world.item()["next_at"] - clock.now().timestamp() == 240


def test_waits_grow_over_hours_until_the_last_attempt(
    deliveries: World, receiver: Receiver, clock: FakeClock
) -> None:
    world = deliveries(circuit={"failures": 100})
    tried: list[datetime] = []

    def answer(_: Sent) -> tuple[int, dict[str, str]]:
        tried.append(clock.now())
        return 500, {}

    receiver.answer = answer
    world.put(world.event())
    world.run(days=6)
    waits = [(later - earlier).total_seconds() for earlier, later in pairwise(tried)]
    wanted = world.settings().waits_seconds
    assert len(waits) == len(wanted) == 11
    for wait, want in zip(waits, wanted, strict=True):
        assert want * 0.8 <= wait <= want * 1.2 + 121
    assert len(world.queue.dead) == 1


@pytest.mark.slow
def test_the_queue_never_gives_up_on_a_message_before_the_schedule_does(
    deliveries: World, receiver: Receiver
) -> None:
    world = deliveries(waits_seconds=[30] * 60, circuit={"failures": 100})
    receiver.say(503)
    world.put(world.event())
    world.run(hours=3)
    assert len(receiver.got) == 61
    assert world.queue.most_receives <= 10
    assert len(world.queue.dead) == 1


def test_a_destination_that_is_gone_is_switched_off_and_says_so_once(
    deliveries: World, receiver: Receiver, aws: AwsWorld
) -> None:
    world = deliveries()
    receiver.say(410)
    world.put(*(world.event(number) for number in range(4)))
    world.pump()
    assert len(receiver.got) == 1
    (fact,) = aws.published("destination.disabled")
    assert fact["data"] == {"destination": "crm", "event_id": "event-0", "status": 410}
    assert world.switch.is_off()
    assert {(world.item(n)["status"], world.item(n)["attempts"]) for n in range(4)} == {("parked", 0)}
    assert not world.queue.messages
    assert not world.queue.dead


def test_a_destination_that_is_switched_on_again_gets_everything_that_waited(
    deliveries: World, receiver: Receiver, aws: AwsWorld
) -> None:
    world = deliveries()
    receiver.say(410)
    world.put(*(world.event(number) for number in range(4)))
    world.run(days=3)
    assert len(receiver.got) == 1
    aws.published()
    receiver.say(200)
    assert world.switch.on() == 4
    world.sweep()
    world.pump()
    assert Counter(sent.id for sent in receiver.got[1:]) == Counter(f"event-{n}" for n in range(4))
    assert [fact["data"] for fact in aws.published("destination.enabled")] == [{"destination": "crm"}]


def test_what_was_parked_after_its_destination_was_switched_on_is_found_without_an_operator(
    deliveries: World, receiver: Receiver
) -> None:
    world = deliveries()
    receiver.say(410)
    world.put(world.event(1))
    world.pump()
    receiver.say(200)
    is_off = world.switch.is_off
    world.switch.is_off = lambda: True  # what a worker saw a moment before the operator's command
    is_off()
    world.put(world.event(2))
    world.switch.on()
    world.pump()
    world.switch.is_off = is_off
    world.run(hours=2)
    assert {world.item(n)["status"] for n in (1, 2)} == {"delivered"}


def test_switching_on_what_is_on_is_no_news_and_brings_parked_deliveries_forward(
    deliveries: World, receiver: Receiver, aws: AwsWorld
) -> None:
    world = deliveries(waits_seconds=[7200])
    receiver.say(503)
    world.put(world.event())
    world.pump()
    assert world.switch.on() == 1
    assert not aws.published("destination.enabled")
    receiver.say(200)
    world.sweep()
    world.pump()
    assert world.item()["status"] == "delivered"


def test_off_and_on_again_are_facts_of_their_own(
    deliveries: World, receiver: Receiver, aws: AwsWorld, clock: FakeClock
) -> None:
    world = deliveries()
    receiver.say(410)
    for number in range(2):
        world.put(world.event(number))
        world.pump()
        world.switch.on()
        clock.advance(hours=1)
    facts = aws.published()
    assert [fact["event_type"] for fact in facts] == ["destination.disabled", "destination.enabled"] * 2
    assert len({fact["event_id"] for fact in facts}) == 4
