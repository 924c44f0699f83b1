"""Workers that race, and workers that are cut off anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import product
from typing import Any

import pytest

from outbound.clock import Deadline
from outbound.deliveries.ledger import DeliveryLedger
from outbound.queues import TryLater
from worlds.aws import AwsWorld
from worlds.deliveries import DeliveryWorld, Receiver, Sent

World = Callable[..., DeliveryWorld]


class CutOff(BaseException):
    """The worker's process is gone."""


class _Cut:
    """Cuts a worker off before or after its nth outside call."""

    def __init__(self, number: int, after: bool) -> None:
        self.number = number
        self.after = after
        self.calls = 0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def cut(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls == self.number and not self.after:
                raise CutOff
            answer = call(*args, **kwargs)
            if self.calls == self.number:
                raise CutOff
            return answer

        return cut


@contextmanager
def _cut_off(world: DeliveryWorld, cut: _Cut, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    outside = [
        (world.table, "get"),
        (world.table, "put"),
        (world.table, "update"),
        (world.outgoing, "post"),
        (world.queue, "send_message"),
        (world.queue, "change_message_visibility"),
        (world.outbox._bus, "publish"),
    ]
    with monkeypatch.context() as patch:
        for owner, name in outside:
            patch.setattr(owner, name, cut.around(getattr(owner, name)))
        yield


def _facts(aws: AwsWorld) -> set[str]:
    return {fact["event_id"] for fact in aws.published()}


# Which statuses the receiver gives in turn, and how the delivery ends.
_STORIES: list[tuple[list[int], str]] = [
    ([200], "delivered"),
    ([503, 200], "delivered"),
    ([400], "dead"),
    ([410], "parked"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("statuses", "end"), _STORIES, ids=["taken", "taken later", "refused", "gone"])
def test_a_worker_cut_off_at_any_call_loses_nothing_and_doubles_nothing(
    deliveries: World,
    receiver: Receiver,
    aws: AwsWorld,
    monkeypatch: pytest.MonkeyPatch,
    statuses: list[int],
    end: str,
) -> None:
    world = deliveries(circuit={"failures": 100})
    for number, (call, after) in enumerate(product(range(1, 9), (False, True))):
        left = list(statuses)
        receiver.got.clear()
        receiver.answer = lambda _, left=left: (left.pop(0) if len(left) > 1 else left[0], {})
        world.put(world.event(number))
        with _cut_off(world, _Cut(call, after), monkeypatch), suppress(CutOff):
            world.pump()
        world.start_afresh()
        world.run(hours=1)
        _assert_ended(world, receiver, aws, number, end, len(statuses))
        _clear(world, receiver, aws)


def _assert_ended(
    world: DeliveryWorld, receiver: Receiver, aws: AwsWorld, number: int, end: str, tries: int
) -> None:
    item = world.item(number)
    assert item["status"] == end
    assert not world.queue.messages
    assert "facts" not in item
    assert {sent.id for sent in receiver.got} == {f"event-{number}"}
    # Between the call and its record no party can know: then, and only then, the wire carries it once more.
    assert len(receiver.got) <= tries + 1
    assert len(_facts(aws)) == (1 if end in ("dead", "parked") else 0)
    assert bool(world.queue.dead) == (end == "dead")


def _clear(world: DeliveryWorld, receiver: Receiver, aws: AwsWorld) -> None:
    """Bring what the story left behind to its end, so that the next one begins afresh."""
    receiver.say(200)
    world.switch.on()
    world.run(hours=1)
    world.queue.dead.clear()
    aws.published()


def test_of_two_workers_with_the_same_event_one_sends_it(deliveries: World, receiver: Receiver) -> None:
    world = deliveries()
    world.put(world.event(), world.event())
    first, second = world.queue.receive()
    seen: list[float] = []

    def while_the_first_sends(_: Sent) -> tuple[int, dict[str, str]]:
        with pytest.raises(TryLater) as later:
            world.deliveries.deliver(second, Deadline(world.clock, 120))
        seen.append(later.value.seconds)
        return 200, {}

    receiver.answer = while_the_first_sends
    world.deliveries.deliver(first, Deadline(world.clock, 120))
    world.deliveries.deliver(second, Deadline(world.clock, 120))
    assert len(receiver.got) == 1
    assert seen == [130]


def test_of_two_workers_that_read_the_same_state_the_slower_one_sends_nothing(
    deliveries: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = deliveries()
    world.put(world.event(), world.event())
    first, second = world.queue.receive()
    read = DeliveryLedger.read
    reads: list[str] = []

    def read_then_let_the_other_finish(ledger: DeliveryLedger, event_id: str) -> Any:
        entry = read(ledger, event_id)
        reads.append(event_id)
        if len(reads) == 1:
            world.deliveries.deliver(second, Deadline(world.clock, 120))
        return entry

    monkeypatch.setattr(DeliveryLedger, "read", read_then_let_the_other_finish)
    with pytest.raises(TryLater):
        world.deliveries.deliver(first, Deadline(world.clock, 120))
    assert len(receiver.got) == 1
    assert world.item()["status"] == "delivered"


def test_a_worker_whose_claim_ran_out_does_not_overwrite_what_came_after(
    deliveries: World, receiver: Receiver
) -> None:
    world = deliveries()
    world.put(world.event(), world.event())
    first, second = world.queue.receive()

    def stall(sent: Sent) -> tuple[int, dict[str, str]]:
        if len(receiver.got) == 1:
            world.clock.advance(seconds=151)
            world.deliveries.deliver(second, Deadline(world.clock, 120))
            return 503, {}
        return 200, {}

    receiver.answer = stall
    with pytest.raises(TryLater):
        world.deliveries.deliver(first, Deadline(world.clock, 120))
    assert world.item()["status"] == "delivered"
    assert [sent.id for sent in receiver.got] == ["event-1", "event-1"]


def test_a_fact_that_the_bus_refused_is_published_by_the_sweeper(
    deliveries: World, receiver: Receiver, aws: AwsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    from outbound.events import PublishFailed

    def refuse(_: object) -> None:
        raise PublishFailed("no")

    world = deliveries()
    receiver.say(400)
    world.put(world.event())
    with monkeypatch.context() as patch:
        patch.setattr(world.outbox._bus, "publish", refuse)
        world.pump()
    assert not aws.published()
    world.run(hours=1)
    assert len(_facts(aws)) == 1
    assert len(world.queue.dead) == 1
    assert not world.queue.messages
