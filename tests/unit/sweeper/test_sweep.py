"""The sweeper: what was left undone is done, once, and one thing does not hold up another."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from outbound.capabilities import sweeping
from outbound.clock import Deadline
from outbound.deliveries.ledger import DeliveryLedger
from outbound.events import Bus, Event, PublishFailed, new_event
from outbound.events.facts.campaigns import CampaignRegistered
from outbound.store.outbox import DUE_FACTS, Outbox, facts_attributes
from outbound.store.table import Item, Key, Table
from outbound.sweeper import Duty, Sweeper
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock
from worlds.runtime import WorldRuntime

EVENTS = Path(__file__).parents[3] / "events" / "sweep"


@pytest.fixture
def table(aws: AwsWorld) -> Table:
    table: Table = aws.table()
    return table


class Discharged(list[str]):
    """Remembers what it was given; stumbles over what it is told to."""

    def __init__(self, *stumbles: str) -> None:
        super().__init__()
        self.stumbles = stumbles

    def __call__(self, item: Item) -> None:
        self.append(item["sk"])
        if item["sk"] in self.stumbles:
            raise KeyError("event")


def _due(table: Table, kind: str, name: str, clock: FakeClock, seconds: int = 0) -> None:
    table.put(Key(f"acme#{kind}", name), {"due_kind": kind, "due_at": int(clock.now().timestamp()) + seconds})


def _sweep(table: Table, clock: FakeClock, *duties: Duty, seconds: float = 60) -> dict[str, int]:
    return Sweeper(table, duties, clock).sweep(Deadline(clock, seconds))


def test_what_is_due_is_discharged_oldest_first_and_nothing_before_its_time(
    table: Table, clock: FakeClock
) -> None:
    done = Discharged()
    for name, seconds in (("late", -10), ("later", -5), ("future", 5)):
        _due(table, "job", name, clock, seconds)
    assert _sweep(table, clock, Duty("job", 300, done)) == {"job": 2}
    assert done == ["late", "later"]


def test_an_item_that_cannot_be_swept_rings(
    table: Table, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[tuple[str, float]] = []
    monkeypatch.setattr(
        "outbound.metrics.metrics.add_metric",
        lambda name, unit, value: measured.append((name, value)),
    )
    for name in ("good", "bad"):
        _due(table, "job", name, clock)

    assert _sweep(table, clock, Duty("job", 300, Discharged("bad"))) == {"job": 1}

    assert measured == [("MessagesFailed", 1), ("ItemsSwept", 1)]


def test_two_sweepers_at_once_discharge_an_item_once(
    table: Table, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = Discharged()
    _due(table, "job", "one", clock)
    stale = list(table.due("job", int(clock.now().timestamp()), 10))
    _sweep(table, clock, Duty("job", 300, done))
    monkeypatch.setattr(table, "due", lambda *_: iter(stale))
    assert _sweep(table, clock, Duty("job", 300, done)) == {"job": 0}
    assert done == ["one"]


def test_an_item_that_was_discharged_since_the_index_was_read_is_left_alone(
    table: Table, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = Discharged()
    _due(table, "job", "one", clock)
    stale = list(table.due("job", int(clock.now().timestamp()), 10))
    table.update(Key("acme#job", "one"), "REMOVE #due_kind, #due_at", {})
    monkeypatch.setattr(table, "due", lambda *_: iter(stale))
    _sweep(table, clock, Duty("job", 300, done))
    assert not done


def test_an_item_that_fails_does_not_stop_the_others_and_comes_up_again(
    table: Table, clock: FakeClock
) -> None:
    done = Discharged("bad")
    _due(table, "job", "bad", clock, -10)
    _due(table, "job", "good", clock, -5)
    assert _sweep(table, clock, Duty("job", 300, done)) == {"job": 1}
    assert done == ["bad", "good"]
    done.clear()
    clock.advance(seconds=299)
    _sweep(table, clock, Duty("job", 300, done))
    assert not done
    clock.advance(seconds=1)
    _sweep(table, clock, Duty("job", 300, done))
    assert done == ["bad", "good"]


def test_a_sweep_ends_before_its_time_and_the_next_one_goes_on(table: Table, clock: FakeClock) -> None:
    done: list[str] = []

    def slow(item: Item) -> None:
        done.append(item["sk"])
        clock.advance(seconds=20)
        table.update(Key(item["pk"], item["sk"]), "REMOVE #due_kind, #due_at", {})

    for number in range(5):
        _due(table, "job", str(number), clock, number - 10)
    assert _sweep(table, clock, Duty("job", 300, slow)) == {"job": 3}
    assert _sweep(table, clock, Duty("job", 300, slow)) == {"job": 2}
    assert done == ["0", "1", "2", "3", "4"]


def test_a_flood_of_one_kind_leaves_time_for_the_others(table: Table, clock: FakeClock) -> None:
    def slow(_: Item) -> None:
        clock.advance(seconds=10)

    done = Discharged()
    for number in range(20):
        _due(table, "flood", str(number), clock)
    _due(table, "job", "one", clock)
    swept = _sweep(table, clock, Duty("flood", 300, slow), Duty("job", 300, done))
    assert swept["flood"] < 20
    assert done == ["one"]


def test_a_fact_that_was_left_behind_is_published_once(
    aws: AwsWorld, table: Table, clock: FakeClock, sweep: Any
) -> None:
    _leave_fact(table, clock, "spring")
    assert sweep()["facts"] == 0  # its writer may still be at it
    clock.advance(seconds=31)
    assert sweep()["facts"] == 1
    assert sweep()["facts"] == 0
    assert [fact["data"]["campaign_id"] for fact in aws.published()] == ["spring"]


def test_a_bus_that_refuses_one_fact_does_not_hold_up_the_others(
    aws: AwsWorld, table: Table, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = Bus(aws.events, ENVIRONMENT["BUS_NAME"], clock)
    publish = bus.publish

    def choosy(details: list[str]) -> None:
        if "spring" in details[0]:
            raise PublishFailed("refused")
        publish(details)

    monkeypatch.setattr(bus, "publish", choosy)
    outbox = Outbox(table, bus)
    for campaign in ("spring", "autumn"):
        _leave_fact(table, clock, campaign)
    clock.advance(minutes=1)
    duty = Duty(DUE_FACTS, 120, lambda item: outbox.publish(Key(item["pk"], item["sk"]), item))
    assert _sweep(table, clock, duty) == {"facts": 1}
    monkeypatch.setattr(bus, "publish", publish)
    clock.advance(minutes=2)
    assert _sweep(table, clock, duty) == {"facts": 1}
    assert {fact["data"]["campaign_id"] for fact in aws.published()} == {"spring", "autumn"}


def test_a_bus_that_is_down_does_not_hold_up_other_duties(
    aws: AwsWorld, table: Table, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = Bus(aws.events, ENVIRONMENT["BUS_NAME"], clock)

    def refuse(_: list[str]) -> None:
        clock.advance(seconds=3)
        raise PublishFailed("refused")

    monkeypatch.setattr(bus, "publish", refuse)
    outbox, done = Outbox(table, bus), Discharged()
    for number in range(30):
        _leave_fact(table, clock, f"c{number}")
    clock.advance(minutes=1)
    _due(table, "job", "one", clock)
    facts = Duty(DUE_FACTS, 120, lambda item: outbox.publish(Key(item["pk"], item["sk"]), item))

    assert _sweep(table, clock, facts, Duty("job", 300, done)) == {"facts": 0, "job": 1}
    monkeypatch.undo()
    clock.advance(minutes=3)
    assert _sweep(table, clock, facts, Duty("job", 300, done))["facts"] == 30


def test_a_parked_delivery_goes_to_the_queue_of_its_destination_when_due(
    aws: AwsWorld, table: Table, clock: FakeClock, sweep: Any
) -> None:
    event = _park(table, clock, "crm")
    _park(table, clock, "warehouse")
    assert sweep()["deliveries"] == 0
    clock.advance(hours=1)
    assert sweep()["deliveries"] == 2
    (message,) = aws.drain("deliver-crm")
    body = json.loads(message["Body"])
    assert body["detail"] == json.loads(event.to_json())
    assert body["detail-type"] == event.event_type
    assert len(aws.drain("deliver-warehouse")) == 1


def test_a_parked_delivery_travels_as_it_is_stored(
    aws: AwsWorld, table: Table, clock: FakeClock, sweep: Any
) -> None:
    # 180 KB; with each character written as its number it would be 360 KB, and no queue takes that.
    notes = "\u682a\u5f0f\u4f1a\u793e" * 15_000
    event = _park(table, clock, "crm", notes=notes)
    clock.advance(hours=1)
    assert sweep()["deliveries"] == 1
    (message,) = aws.drain("deliver-crm")
    assert f'"detail":{event.to_json()}}}' in message["Body"]
    assert Event.from_detail(json.loads(message["Body"])["detail"]) == event


def test_a_parked_delivery_whose_message_was_lost_is_sent_again(
    aws: AwsWorld, table: Table, clock: FakeClock, sweep: Any
) -> None:
    _park(table, clock, "crm")
    clock.advance(hours=1)
    sweep()
    assert sweep()["deliveries"] == 0
    assert len(aws.drain("deliver-crm")) == 1
    clock.advance(minutes=15)
    assert sweep()["deliveries"] == 1
    assert len(aws.drain("deliver-crm")) == 1


def test_a_delivery_to_a_destination_without_a_queue_stays_parked_and_blocks_nobody(
    aws: AwsWorld, table: Table, clock: FakeClock, sweep: Any
) -> None:
    _park(table, clock, "fax")
    _park(table, clock, "crm")
    clock.advance(hours=1)
    assert sweep()["deliveries"] == 1
    assert DeliveryLedger(table, "acme", "fax").read("event-1").item["status"] == "parked"


@pytest.fixture
def sweep(aws: AwsWorld, clock: FakeClock, lambda_context: Any) -> Any:
    """The function itself, on the event of its folder, under the test's clock."""
    urls = {name: aws.queue_urls[f"deliver-{name}"] for name in ("crm", "warehouse", "wfm")}
    work = sweeping(WorldRuntime(aws, clock, QUEUE_URLS=json.dumps(urls)))
    event = json.loads((EVENTS / "schedule.json").read_text())
    return lambda: work(event, lambda_context)


def _leave_fact(table: Table, clock: FakeClock, campaign_id: str) -> None:
    registered = CampaignRegistered(campaign_id=campaign_id, revision=1, enabled=True)
    fact = new_event(registered, "acme", clock.now(), (campaign_id,))
    table.put(Key("acme#campaign", campaign_id), facts_attributes([fact], clock.now()))


def _park(table: Table, clock: FakeClock, destination: str, notes: str = "Grüße") -> Event:
    event = Event("event-1", "outcomes.pulled", "2026-03-10T12:00:00Z", "c", "acme", {"notes": notes})
    ledger = DeliveryLedger(table, "acme", destination)
    ledger.park(ledger.read("event-1"), event, clock.now(), clock.now() + timedelta(hours=1), {})
    return event
