"""A file of consent that is cut off anywhere, or meets any refusal, ends as it would have ended."""

from __future__ import annotations

from typing import Any

import pytest
from faults import check_every_cut, check_every_refusal, fresh, until_quiet, unwatched

from outbound.consent.bulk import BulkRecorder
from outbound.consent.facts import Origin
from outbound.queues import TryLater
from outbound.store.consent_state import Change, Register, Value
from worlds.aws import AwsWorld, FakeClock
from worlds.consent import NOON, ConsentWorld, changed
from worlds.consent_files import QUEUE, ConsentFileWorld, grant, lines, refusal

pytestmark = pytest.mark.timeout(900)

# Two slices: grants, refusals with a time of their own, a wrong row, and two changes of one contact. Files
# are as old as S3 says, which differs from run to run.
_CONTENT = lines(
    grant("c1"), refusal("c2"), grant("c3", rest="verbal,,,,,,"), refusal("c1", "revoked"), grant("c4", 5)
)
_VOLATILE = ("finished_at", "uploaded_at")


def _dropped(aws: AwsWorld, clock: FakeClock) -> ConsentFileWorld:
    world = ConsentFileWorld(aws, clock, rows_at_once=3)
    world.put(world.drop("a.csv", _CONTENT))
    return world


def _work(world: ConsentFileWorld) -> None:
    world.trigger.poll()


def _recover(world: ConsentFileWorld) -> None:
    def step() -> int:
        world.clock.advance(minutes=31)
        world.trigger.let_time_pass()
        return world.trigger.poll()

    world.start_afresh()
    until_quiet(step)
    until_quiet(world.sweep)


def _state(world: ConsentFileWorld) -> object:
    contacts = ("c1", "c2", "c3", "c4")
    with unwatched():
        files = [(one.file_id, one.state, one.place, one.taken, one.wrong) for one in world.files.all()]
        found = world.consents.get_many(contacts)
        told = [
            (name, one.change.value, one.change.event_id, one.took_effect)
            for name in contacts
            for one in world.consents.history(name)
        ]
        report = {name: value for name, value in world.report("a.csv").items() if name not in _VOLATILE}
        facts = {(fact["event_id"], fact["event_type"]) for fact in world.aws.published()}
        dead = [message["Body"] for message in world.aws.drain(f"{QUEUE}-dlq")]
        listed = world.wrong_rows("a.csv")
    return files, found, told, report, listed, sorted(facts), dead


def test_a_file_ends_as_undisturbed_wherever_it_is_cut_off() -> None:
    checked = check_every_cut(fresh(_dropped), _work, _recover, _state)
    assert {
        "s3 GetObject",
        "dynamodb BatchGetItem",
        "dynamodb TransactWriteItems",
        "events PutEvents",
    } <= set(checked.calls)


def test_a_file_ends_as_undisturbed_wherever_aws_refuses_once() -> None:
    assert check_every_refusal(fresh(_dropped), _work, _recover, _state).runs > 40


def _hasty(aws: AwsWorld, clock: FakeClock) -> ConsentFileWorld:
    """A world whose every run has no time: it hands over wherever it can."""
    world = _dropped(aws, clock)
    world.seconds = -1.0
    return world


def _work_to_the_list(world: ConsentFileWorld) -> None:
    for _ in range(6):
        world.trigger.let_time_pass()
        world.trigger.poll()


def test_hand_overs_end_as_undisturbed_wherever_they_are_cut_off() -> None:
    assert check_every_cut(fresh(_hasty), _work_to_the_list, _recover, _state).runs > 40


def test_two_runs_of_one_file_at_once_end_it_once(aws: AwsWorld, clock: FakeClock) -> None:
    world, other = ConsentFileWorld(aws, clock, rows_at_once=2), ConsentFileWorld(aws, clock)
    record = world.drop("a.csv", _CONTENT)
    assert other.take(record, seconds=-1) is not None

    class Overtaken:
        """A deadline that lets another run end the file between two slices of this one."""

        taken = False

        def left(self) -> float:
            if not self.taken:
                self.taken = True
                while other.take(record):
                    pass
            return 100

    with pytest.raises(TryLater, match="another run"):
        world.processor.take(record, Overtaken())  # type: ignore[arg-type]
    assert world.take(record) is None
    [file] = world.files.all()
    assert (file.successful, file.failed) == (4, 1)
    assert all(len(list(world.consents.history(name))) <= 2 for name in ("c1", "c2", "c4"))


def _changes(number: int) -> list[Change]:
    return [Change(f"k{n}", Register.CALL, Value.GRANTED, "file", NOON, f"e{n}") for n in range(number)]


def test_a_slice_in_which_another_writer_was_faster_is_done_change_by_change(
    aws: AwsWorld, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, live = ConsentFileWorld(aws, clock), ConsentWorld(aws, clock)
    recorder = BulkRecorder.of(files.runtime, 1)
    ledger: Any = recorder._ledger
    write, overtaken = ledger.write, []

    def overtaking(writes: Any) -> bool:
        if not overtaken:
            overtaken.append(live.take(changed("revoked", -30, contact_id="k3")))
        return bool(write(writes))

    monkeypatch.setattr(ledger, "write", overtaking)
    recorder.record(_changes(7), Origin("acme", "f", "f"))

    found = live.consents.get_many([f"k{n}" for n in range(7)])
    assert [one.refusal for one in found.values()] == [""] * 7
    assert [len(list(live.consents.history(f"k{n}"))) for n in range(7)] == [1, 1, 1, 2, 1, 1, 1]


def test_a_contact_that_all_writers_write_comes_back_later(
    aws: AwsWorld, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = BulkRecorder.of(ConsentFileWorld(aws, clock).runtime, 1)
    monkeypatch.setattr(recorder._ledger, "write", lambda _: False)

    with pytest.raises(TryLater, match="the same contact"):
        recorder.record(_changes(2), Origin("acme", "f", "f"))


def test_few_calls_record_many_rows(aws: AwsWorld, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    world = ConsentFileWorld(aws, clock, rows_at_once=100)
    calls: list[str] = []
    aws.dynamodb.meta.events.register("before-call.dynamodb", _counting(calls), unique_id="counting")
    try:
        world.read("a.csv", lines(*(grant(f"c{number}") for number in range(200))))
    finally:
        aws.dynamodb.meta.events.unregister("before-call.dynamodb", unique_id="counting")
    assert calls.count("BatchGetItem") == calls.count("TransactWriteItems") == 4
    # What else there is, is for the file and not for its rows.
    assert len(calls) - 8 < 15


def _counting(calls: list[str]) -> Any:
    def count(model: Any, **_: Any) -> None:
        calls.append(model.name)

    return count
