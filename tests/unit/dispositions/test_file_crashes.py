"""A file that is cut off anywhere, or meets any refusal, ends as it would have ended."""

from __future__ import annotations

import pytest
from faults import check_every_cut, check_every_refusal, fresh, until_quiet, unwatched

from outbound.dispositions.ledger import DispositionStatus
from worlds.aws import AwsWorld, FakeClock
from worlds.disposition_files import ROWS, DispositionFileWorld, file_id, lines, row

pytestmark = pytest.mark.timeout(600)

# Two slices of rows, right ones and broken ones, one of which says who must not be called, and since when:
# files are as old as S3 says, which differs from run to run.
_CONTENT = lines(row("c1"), row("c2"), "renewals,c3,DO_NOT_CALL,a,,2026-01-31T08:00:00Z", row("c4"))
_ENDINGS = {2: DispositionStatus.UNCHANGED, 4: DispositionStatus.SUPERSEDED}
_VOLATILE = ("finished_at", "uploaded_at", "average_latency_ms", "p95_latency_ms")


def _dropped(aws: AwsWorld, clock: FakeClock) -> DispositionFileWorld:
    world = DispositionFileWorld(aws, clock, rows_at_once=2)
    world.put(world.drop("a.csv", _CONTENT))
    return world


def _read(aws: AwsWorld, clock: FakeClock) -> DispositionFileWorld:
    """A world whose file is read, and whose rows have ended."""
    world = _dropped(aws, clock)
    world.trigger.poll()
    _end_rows(world)
    world.trigger.let_time_pass()
    return world


def _end_rows(world: DispositionFileWorld) -> int:
    with unwatched():
        events = world.queued()
        for event in events:
            world.end_row(event, _ENDINGS.get(int(event.event_id[-9:]), DispositionStatus.APPLIED))
    return len(events)


def _work(world: DispositionFileWorld) -> None:
    world.trigger.poll()


def _recover(world: DispositionFileWorld) -> None:
    def step() -> int:
        world.clock.advance(minutes=31)
        world.trigger.let_time_pass()
        handled = world.trigger.poll()
        return _end_rows(world) + handled

    world.start_afresh()
    until_quiet(step)
    until_quiet(world.sweep)


def _state(world: DispositionFileWorld) -> object:
    with unwatched():
        key = next(iter(world.aws.objects("LAKE_BUCKET", "dispositions/inbox/")))
        etag = world.aws.s3.head_object(Bucket=world.inbox.bucket, Key=key)["ETag"]
    files = [(file.file_id, file.state, file.place, file.ended, file.reason) for file in world.files.all()]
    items = [
        (item["sk"], item.get("status"), item.get("about", {}).get("field"), "facts" in item)
        for item in world.ledger.requests_of(files[0][0])
    ]
    report = {name: value for name, value in world.report("a.csv").items() if name not in _VOLATILE}
    facts = {
        (
            fact["event_id"],
            fact["event_type"],
            fact["data"].get("contact_id"),
            str(fact["data"].get("outcomes")),
        )
        for fact in world.aws.published()
    }
    dead = [message["Body"] for message in world.aws.drain("read-disposition-files-dlq")]
    return files, items, report, world.result("a.csv"), sorted(facts, key=str), dead, etag


def test_reading_ends_as_undisturbed_wherever_it_is_cut_off() -> None:
    checked = check_every_cut(fresh(_dropped), _work, _recover, _state)
    assert {"s3 GetObject", "sqs SendMessageBatch", "dynamodb PutItem", "events PutEvents"} <= set(
        checked.calls
    )


def test_reading_ends_as_undisturbed_wherever_aws_refuses_once() -> None:
    assert check_every_refusal(fresh(_dropped), _work, _recover, _state).runs > 40


def test_answering_ends_as_undisturbed_wherever_it_is_cut_off() -> None:
    checked = check_every_cut(fresh(_read), _work, _recover, _state)
    assert {"s3 PutObject", "dynamodb Query", "events PutEvents"} <= set(checked.calls)


def test_answering_ends_as_undisturbed_wherever_aws_refuses_once() -> None:
    assert check_every_refusal(fresh(_read), _work, _recover, _state).runs > 15


def test_two_runs_of_one_file_at_once_end_it_once(aws: AwsWorld, clock: FakeClock) -> None:
    world = DispositionFileWorld(aws, clock)
    record = world.drop("a.csv", _CONTENT)
    other = DispositionFileWorld(aws, clock)
    settings, taken = world.settings, []

    def overtaken() -> object:
        """Let another run take the file up to its end, between this one's look and its work."""
        if not taken:
            taken.append(other.take(record))
        return settings

    later = None
    try:
        world.processor.take(record, overtaken, _Patient())  # type: ignore[arg-type]
    except Exception as error:
        later = error
    assert "another run" in str(later)
    assert world.file(file_id(record)).place.row == 4
    assert len(aws.drain(ROWS)) == 3


class _Patient:
    def left(self) -> float:
        return 100
