"""Receive, route, publish, replay: cut off or refused anywhere, the same comes of it in the end."""

from __future__ import annotations

from typing import Any

import pytest
from faults import check_every_cut, check_every_refusal, fresh, until_quiet

from worlds.aws import AwsWorld, FakeClock
from worlds.webhooks import TENANT, IngressWorld, as_json, consent, from_file, large_delivery, request

STORIES: dict[str, list[bytes]] = {
    "one event": [as_json(consent())],
    "events, one invalid, one not understood": [as_json([consent(1), consent(2, data={}), {"type": "lead"}])],
    "again and again": [as_json(consent()), as_json(consent())],
}


def _build(aws: AwsWorld, clock: FakeClock) -> IngressWorld:
    return IngressWorld(aws, clock)


def _recover(world: IngressWorld) -> None:
    world.start_afresh()
    world.clock.advance(minutes=15)
    world.trigger.let_time_pass()
    until_quiet(world.trigger.poll)
    world.runtime.sweep()


def _state(world: IngressWorld) -> Any:
    # When it was routed differs, and how often a sender had to send; what came of it must not.
    items = [
        {name: value for name, value in item.items() if name not in ("routed_at", "ttl", "received_at")}
        for item in world.table.query(f"{TENANT}#webhook")
    ]
    published = {event["event_id"]: event["data"] for event in world.aws.published()}
    return sorted(world.kept()), items, published, world.dead()


def _send_until_taken(world: IngressWorld, bodies: list[bytes]) -> None:
    """Do as senders do: what is not answered with 202 is sent again."""
    for body in bodies:
        for _ in range(3):
            if world.receive(request(body))["statusCode"] == 202:
                break


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
@pytest.mark.parametrize("check", [check_every_cut, check_every_refusal])
def test_whatever_happens_behind_the_queue_the_same_comes_of_it(check: Any, story: list[bytes]) -> None:
    def build(aws: AwsWorld, clock: FakeClock) -> IngressWorld:
        world = IngressWorld(aws, clock)
        _send_until_taken(world, story)
        return world

    checked = check(fresh(build), lambda world: world.trigger.poll(), _recover, _state)
    assert {"s3 PutObject", "dynamodb PutItem", "events PutEvents"} <= set(checked.calls)


@pytest.mark.parametrize("check", [check_every_cut, check_every_refusal])
def test_a_large_delivery_is_published_whole_wherever_it_is_cut(check: Any) -> None:
    def build(aws: AwsWorld, clock: FakeClock) -> IngressWorld:
        world = IngressWorld(aws, clock)
        _send_until_taken(world, [as_json(large_delivery())])
        return world

    checked = check(fresh(build), lambda world: world.trigger.poll(), _recover, _state)
    assert checked.calls.count("dynamodb PutItem") == 2


@pytest.mark.parametrize("check", [check_every_cut, check_every_refusal])
def test_whatever_happens_to_a_receiver_a_sender_that_comes_again_is_heard_once(check: Any) -> None:
    def recover(world: IngressWorld) -> None:
        world.start_afresh()
        _send_until_taken(world, [as_json(consent())])
        _recover(world)

    def send(world: IngressWorld) -> None:
        _send_until_taken(world, [as_json(consent())])

    checked = check(fresh(_build), send, recover, _state)
    assert "sqs SendMessage" in checked.calls


@pytest.mark.parametrize("check", [check_every_cut, check_every_refusal])
def test_a_replay_that_is_cut_off_is_read_once(check: Any) -> None:
    def build(aws: AwsWorld, clock: FakeClock) -> IngressWorld:
        world = IngressWorld(aws, clock)
        record = from_file("route_webhooks", "plain_many_events")["Records"][0]
        aws.sqs.send_message(QueueUrl=world.queue_url, MessageBody=record["body"])
        world.route()
        (item,) = world.table.query(f"{TENANT}#webhook")
        kept = world.replays.named(item["sk"])
        assert kept is not None
        world.replays.send(kept.delivery, "run-1")
        return world

    check(fresh(build), lambda world: world.trigger.poll(), _recover, _state)
