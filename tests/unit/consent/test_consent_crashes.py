"""Workers that race for a contact, and workers that are cut off anywhere, lose and double nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from faults import check_every_cut, check_every_refusal, fresh, until_quiet

from outbound.events import Event
from outbound.queues import TryLater
from worlds.aws import AwsWorld, FakeClock
from worlds.consent import ConsentWorld, changed, message

# A grant, what follows it out of order, one that comes twice, one from the future and one that is invalid.
_STORY = (
    changed("granted", -60),
    changed("revoked", -30),
    changed("granted", -45),
    changed("granted", -60),
    changed("do_not_call", -20),
    changed("granted", 30),
    changed("maybe"),
)


def _build(*events: Event) -> Callable[[AwsWorld, FakeClock], ConsentWorld]:
    def build(aws: AwsWorld, clock: FakeClock) -> ConsentWorld:
        world = ConsentWorld(aws, clock)
        world.put(*events)
        return world

    return build


def _work(world: ConsentWorld) -> None:
    world.trigger.poll()


def _recover(world: ConsentWorld) -> None:
    world.clock.advance(minutes=15)
    world.start_afresh()
    world.trigger.let_time_pass()
    until_quiet(world.trigger.poll)
    until_quiet(world.sweep)


def _state(world: ConsentWorld) -> object:
    contacts = ("c1", "c2")
    told = [(one.change, one.refused) for contact in contacts for one in world.consents.history(contact)]
    facts = {
        (fact["event_id"], fact["event_type"], str(sorted(fact["data"].items())))
        for fact in world.aws.published()
    }
    dead = [message["Body"] for message in world.aws.drain("record-consent-dlq")]
    return [world.state(contact) for contact in contacts], told, sorted(facts), dead


@pytest.mark.parametrize("event", _STORY, ids=lambda event: event.event_id)
def test_a_change_is_recorded_and_published_wherever_its_worker_is_cut_off(event: Event) -> None:
    assert check_every_cut(fresh(_build(event)), _work, _recover, _state).runs >= 2


# Of two contacts, for a change that comes late because of the disturbance may find itself overtaken.
_BATCH = (changed("granted", -60), changed("do_not_call", -20, contact_id="c2"))


def test_a_batch_ends_as_undisturbed_wherever_its_worker_is_cut_off() -> None:
    # Everything after the cut comes again, and what was recorded comes with it.
    checked = check_every_cut(fresh(_build(*_BATCH)), _work, _recover, _state)

    assert "dynamodb TransactWriteItems" in checked.calls
    assert "events PutEvents" in checked.calls


def test_a_batch_ends_as_undisturbed_wherever_aws_refuses_once() -> None:
    assert check_every_refusal(fresh(_build(*_BATCH)), _work, _recover, _state).runs > 30


@pytest.mark.parametrize("first", ["granted", "revoked"])
def test_two_workers_who_record_different_changes_at_once_both_count(
    world: ConsentWorld, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    second = {"granted": "revoked", "revoked": "granted"}[first]
    _interleave(world, monkeypatch, changed(second, -10))
    world.take(changed(first, -20))

    assert world.state()["call_consent"][0] == second
    assert [one.took_effect for one in world.consents.history("c1")] == [False, True]
    assert [fact["data"]["value"] for fact in world.aws.published()] == [second]


def test_the_previous_value_is_the_one_that_was_replaced(
    world: ConsentWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    _interleave(world, monkeypatch, changed("granted", -20))
    world.take(changed("revoked", -10))

    facts = world.aws.published()
    assert [(fact["data"]["value"], fact["data"]["previous"]) for fact in facts] == [
        ("granted", None),
        ("revoked", "granted"),
    ]


def test_two_workers_with_the_same_change_record_it_once(
    world: ConsentWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = changed("granted", -20)
    _interleave(world, monkeypatch, same)
    world.take(same)

    assert len(list(world.consents.history("c1"))) == 1
    assert len({fact["event_id"] for fact in world.aws.published()}) == 1


def test_a_contact_that_all_invocations_write_comes_back_later(
    world: ConsentWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.recorder._ledger, "record", lambda *_: False)

    with pytest.raises(TryLater, match="the same contact"):
        world.recorder.record(changed("granted"))


@pytest.mark.parametrize(("times", "seconds"), [("1", 15), ("2", 30), ("7", 900), ("20", 900)])
def test_a_message_waits_longer_with_every_outage_that_it_meets(
    world: ConsentWorld, monkeypatch: pytest.MonkeyPatch, times: str, seconds: int
) -> None:
    def throttled(*_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.example.com")

    monkeypatch.setattr(world.recorder._ledger, "find", throttled)
    record = {"body": message(changed("granted")), "attributes": {"ApproximateReceiveCount": times}}

    with pytest.raises(TryLater) as later:
        world.recorder.take(record)
    assert later.value.seconds == seconds


def test_a_bus_that_is_down_loses_no_fact(world: ConsentWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        world.aws.events, "put_events", lambda **_: {"Entries": [{"ErrorCode": "InternalFailure"}]}
    )
    world.put(changed("granted", -60))
    _work(world)
    assert world.consents.get("c1").callable, "what is recorded counts before it is published"
    monkeypatch.undo()

    assert world.sweep() == 1
    assert len(world.aws.published("consent.recorded")) == 1


def _interleave(world: ConsentWorld, monkeypatch: pytest.MonkeyPatch, other: Event) -> None:
    """Let another worker record a change between this one's look and its write."""
    ledger: Any = world.recorder._ledger
    record = ledger.record
    waiting = [other]

    def overtaken(*given: Any) -> bool:
        if waiting:
            world.new_recorder().record(waiting.pop())
        return bool(record(*given))

    monkeypatch.setattr(ledger, "record", overtaken)
