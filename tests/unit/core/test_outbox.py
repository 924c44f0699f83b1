"""No fact is lost: what is recorded is published, by its writer or by the sweeper."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from faults import check_every_cut, check_every_refusal, fresh, until_quiet

from outbound.capabilities import publishing
from outbound.clock import Deadline, format_time
from outbound.events import Bus, Event, PublishFailed, deterministic_id
from outbound.store.outbox import DUE_FACTS, SET_FACTS, Outbox, facts_attributes, facts_values
from outbound.store.table import Item, Key, Table
from outbound.sweeper import Sweeper
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock
from worlds.runtime import WorldRuntime

KEY = Key("acme#thing", "one")


@dataclass
class Recorder:
    """A capability in small: it counts, once for each effect, and says so."""

    aws: AwsWorld
    clock: FakeClock

    @property
    def table(self) -> Table:
        return self.aws.table()

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.table, Bus(self.aws.events, ENVIRONMENT["BUS_NAME"], self.clock))

    def record(self, effect: str, key: Key = KEY) -> Item:
        written = self.table.update(
            key,
            f"SET #{effect} = :done, {SET_FACTS}",
            {":done": True, **facts_values([self.fact(effect, key)], self.clock.now())},
            f"attribute_not_exists(#{effect})",
        )
        return written.item

    def fact(self, effect: str, key: Key = KEY) -> Event:
        event_id = deterministic_id(key.sk, effect)
        now = format_time(self.clock.now())
        return Event(event_id, "toy.done", now, event_id, "acme", {"effect": effect})

    def sweep(self, minutes: int = 10, outbox: Outbox | None = None) -> int:
        """Do the deployed sweeper's duty for facts, some time later."""
        self.clock.advance(minutes=minutes)
        runtime = WorldRuntime(self.aws, self.clock)
        runtime.outbox_of = lambda _: outbox or self.outbox  # type: ignore[method-assign]
        duty = publishing(runtime, self.table)
        return Sweeper(self.table, [duty], self.clock).sweep(Deadline(self.clock, 60))["facts"]

    def effects(self) -> list[str]:
        return sorted(event["data"]["effect"] for event in self.aws.published())


@pytest.fixture
def recorder(aws: AwsWorld, clock: FakeClock) -> Recorder:
    return Recorder(aws, clock)


def test_what_is_recorded_is_published_and_unmarked(recorder: Recorder) -> None:
    assert recorder.outbox.publish(KEY, recorder.record("one"))

    assert recorder.effects() == ["one"]
    assert recorder.table.get(KEY) == {"pk": KEY.pk, "sk": KEY.sk, "one": True}
    assert recorder.sweep() == 0


def test_a_put_carries_its_facts_too(recorder: Recorder) -> None:
    item = {"made": True, **facts_attributes([recorder.fact("made")], recorder.clock.now())}
    written = recorder.table.put(KEY, item, "attribute_not_exists(#pk)")

    assert recorder.outbox.publish(KEY, written.item)
    assert recorder.effects() == ["made"]


def test_the_sweeper_publishes_what_a_writer_left_behind(recorder: Recorder) -> None:
    recorder.record("one")

    assert recorder.sweep(minutes=0) == 0, "the writer may still be at it"
    assert recorder.sweep() == 1
    assert recorder.effects() == ["one"]
    assert recorder.sweep() == 0


def test_a_later_effect_does_not_replace_the_fact_of_an_earlier_one(recorder: Recorder) -> None:
    recorder.record("one")
    recorder.outbox.publish(KEY, recorder.record("two"))

    assert recorder.effects() == ["one", "two"]


def test_a_fact_recorded_while_another_is_published_keeps_its_mark(recorder: Recorder) -> None:
    earlier = recorder.record("one")
    recorder.record("two")
    recorder.outbox.publish(KEY, earlier)

    assert recorder.sweep() == 1
    assert set(recorder.effects()) == {"one", "two"}


def test_an_item_without_facts_is_nothing_to_publish(recorder: Recorder) -> None:
    recorder.table.put(KEY, {})

    assert not recorder.outbox.publish(KEY, recorder.table.get(KEY) or {})
    recorder.outbox.publish_left(KEY)
    recorder.outbox.publish_left(Key("acme#thing", "none"))


def test_an_empty_list_of_facts_leaves_the_index(recorder: Recorder) -> None:
    recorder.table.update(KEY, f"SET {SET_FACTS}", facts_values([], recorder.clock.now()))

    assert recorder.sweep() == 1
    assert recorder.sweep() == 0


def test_what_an_item_waits_for_next_takes_the_place_of_the_mark(recorder: Recorder) -> None:
    due = {"kind": "dispatch", "at": 4_000_000_000}
    written = recorder.table.update(
        KEY,
        f"SET #next_due = :next, {SET_FACTS}",
        {":next": due, **facts_values([recorder.fact("one")], recorder.clock.now())},
    )
    recorder.outbox.publish(KEY, written.item)

    assert [item["sk"] for item in recorder.table.due("dispatch", due["at"], 10)] == [KEY.sk]
    assert "next_due" not in (recorder.table.get(KEY) or {})


class _RefusingBus:
    """Refuses the facts of some effects."""

    def __init__(self, bus: Bus, refused: set[str], error: type[Exception]) -> None:
        self._bus = bus
        self._refused = refused
        self._error = error
        self.asked = 0

    def publish(self, details: list[str]) -> None:
        self.asked += 1
        if self._refused & {json.loads(detail)["data"]["effect"] for detail in details}:
            raise self._error("no")
        self._bus.publish(details)


def _with_refusals(
    recorder: Recorder, refused: set[str], error: type[Exception]
) -> tuple[Outbox, _RefusingBus]:
    bus = _RefusingBus(Bus(recorder.aws.events, ENVIRONMENT["BUS_NAME"], recorder.clock), refused, error)
    return Outbox(recorder.table, bus), bus  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [PublishFailed, ValueError])
def test_one_broken_item_does_not_hold_up_the_others(recorder: Recorder, error: type[Exception]) -> None:
    for name in ("a", "bad", "c"):
        recorder.record(name, Key("acme#thing", name))
    outbox, _ = _with_refusals(recorder, {"bad"}, error)

    assert recorder.sweep(1, outbox) == 2
    assert recorder.effects() == ["a", "c"]
    assert recorder.sweep(1) == 0, "it is put off, so that it fills no later run"
    assert recorder.sweep(1) == 1
    assert recorder.effects() == ["bad"]


def test_an_item_whose_facts_cannot_be_read_does_not_hold_up_the_others(recorder: Recorder) -> None:
    broken = {"facts": ["{"], "due_kind": DUE_FACTS, "due_at": 1}
    recorder.table.put(Key("acme#thing", "broken"), broken)
    recorder.record("one")

    assert recorder.sweep() == 1
    assert recorder.effects() == ["one"]


def test_a_bus_that_is_down_loses_nothing(recorder: Recorder) -> None:
    names = {f"n{number}" for number in range(8)}
    for name in names:
        recorder.record(name, Key("acme#thing", name))
    outbox, bus = _with_refusals(recorder, names, PublishFailed)

    assert recorder.sweep(1, outbox) == 0
    assert bus.asked == 8
    assert recorder.sweep() == 8
    assert set(recorder.effects()) == names


@pytest.mark.parametrize("refused", [set(), {"one"}])
def test_what_the_bus_refuses_may_be_left_to_the_sweeper(recorder: Recorder, refused: set[str]) -> None:
    outbox, _ = _with_refusals(recorder, refused, PublishFailed)
    outbox.publish_or_leave(KEY, recorder.record("one"))

    assert recorder.effects() == ([] if refused else ["one"])
    assert recorder.sweep() == len(refused)
    assert recorder.effects() == sorted(refused)


# Two effects on one item, then one on another: every way in which facts can meet.
_EFFECTS = (("one", KEY), ("two", KEY), ("three", Key("acme#thing", "other")))


def _work(recorder: Recorder) -> None:
    """A message that is worked on again for every effect that is not recorded yet."""
    for effect, key in _EFFECTS:
        recorder.outbox.publish(key, recorder.record(effect, key))


def _recover(recorder: Recorder) -> None:
    _work(recorder)
    until_quiet(recorder.sweep)


def _state(recorder: Recorder) -> object:
    items = [recorder.table.get(key) for _, key in _EFFECTS]
    return items, sorted({(event["event_id"], event["data"]["effect"]) for event in recorder.aws.published()})


def test_no_fact_is_lost_wherever_its_writer_is_cut_off() -> None:
    checked = check_every_cut(fresh(Recorder), _work, _recover, _state)

    assert checked.calls == ("dynamodb UpdateItem", "events PutEvents", "dynamodb UpdateItem") * 3


def test_no_fact_is_lost_wherever_aws_refuses_once() -> None:
    assert check_every_refusal(fresh(Recorder), _work, _recover, _state).runs > 20


def test_no_fact_is_lost_wherever_the_sweeper_is_cut_off() -> None:
    def left_behind(aws: AwsWorld, clock: FakeClock) -> Recorder:
        recorder = Recorder(aws, clock)
        for effect, key in _EFFECTS:
            recorder.record(effect, key)
        return recorder

    checked = check_every_cut(fresh(left_behind), Recorder.sweep, lambda r: until_quiet(r.sweep), _state)

    assert "events PutEvents" in checked.calls
