"""How a file is answered: when its last row has ended, in the order of its rows, with what they amount to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from outbound.dispositions.ledger import DispositionStatus
from outbound.queues import TryLater
from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.disposition_files import (
    BUCKET,
    PREFIX,
    TENANT,
    DispositionFileWorld,
    file_id,
    lines,
    row,
)
from worlds.dispositions import CAMPAIGN, DispositionWorld

_MIXED = {
    1: DispositionStatus.APPLIED,
    2: DispositionStatus.UNCHANGED,
    4: DispositionStatus.SUPERSEDED,
    5: DispositionStatus.APPLIED,
    6: DispositionStatus.APPLIED,
}


@pytest.fixture
def files(aws: AwsWorld, clock: FakeClock) -> DispositionFileWorld:
    return DispositionFileWorld(aws, clock)


def _looks(world: DispositionFileWorld, record: Any) -> list[float]:
    """Let a file wait for a day; return the waits between its looks."""
    waits: list[float] = []
    end = world.clock.time.timestamp() + 86_400
    while world.clock.time.timestamp() < end:
        later = world.take(record)
        assert later is not None
        waits.append(later.seconds)
        world.clock.advance(seconds=later.seconds)
    return waits


def test_a_mixed_file_is_answered_row_by_row(files: DispositionFileWorld) -> None:
    content = lines(
        row("c1"), row("c2"), "renewals,c3", row("c4"), row("c5", "BUSY"), row("@SUM( c6)"), row("-c7")
    )
    found = files.finish("a.csv", content, _MIXED)

    result = files.result("a.csv")
    assert list(result[0]) == [
        *("row", "contact_id", "campaign_id", "outcome_code"),
        *("outcome", "reason", "field", "message"),
    ]
    assert [(one["row"], one["contact_id"], one["outcome"]) for one in result] == [
        ("1", "c1", "applied"),
        ("2", "c2", "unchanged"),
        ("3", "c3", "rejected"),
        ("4", "c4", "superseded"),
        ("5", "c5", "applied"),
        ("6", "", "rejected"),
        ("7", "'-c7", "applied"),
    ]
    assert result[4]["outcome_code"] == "BUSY"
    assert result[5]["reason"] == "invalid_request"
    assert (result[5]["field"], result[5]["message"][:8]) == ("contact_id", "is not a")

    report = files.report("a.csv")
    assert (report["rows"], report["processed"], report["successful"], report["failed"]) == (7, 7, 4, 2)
    assert report["accuracy_rate_percent"] == 60.0
    assert report["average_latency_ms"] == 100.0
    assert report["p95_latency_ms"] == pytest.approx(100, rel=0.01)
    assert report["outcomes"] == {
        "waiting": 0,
        "applied": 3,
        "unchanged": 1,
        "superseded": 1,
        "rejected": 2,
    }
    assert report["rejections"] == {"invalid_request": 2}
    assert report["audit_trail"]["correlation_id"] == found
    (fact,) = files.aws.published("disposition.file_finished")
    assert fact["correlation_id"] == found
    assert fact["data"]["outcomes"] == report["outcomes"]
    assert fact["data"]["result"] == f"{PREFIX}a.csv.{found}.result.csv"
    assert files.file(found).state == "finished"


def test_a_file_waits_less_and_less_often_and_reads_no_row_twice(
    files: DispositionFileWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = files.drop("a.csv", lines(*[row(f"c{n}") for n in range(30)]))
    first = files.take(record)
    assert first is not None
    assert first.seconds == 2
    events = files.queued()
    for event in events[:20]:
        files.end_row(event)
    seen: list[str] = []
    of = files.ledger.__class__.requests_of

    def counted(*given: Any, **more: Any) -> Any:
        for item in of(*given, **more):
            seen.append(item["sk"])
            yield item

    monkeypatch.setattr(files.ledger.__class__, "requests_of", counted)
    waits = _looks(files, record)

    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (2, 1800)
    assert len(waits) < 100
    assert files.file(file_id(record)).ended == 20
    assert len(seen) == 20

    for event in events[20:]:
        files.end_row(event)
    assert files.take(record) is None
    assert len(seen) == 20 + 10 + 30, "a row is looked at once while it is waited for, and once to answer it"


def test_a_file_whose_rows_never_end_is_answered_in_the_end(files: DispositionFileWorld) -> None:
    record = files.drop("a.csv", lines(*[row(f"c{n}") for n in range(1, 5)]))
    files.take(record)
    first, _, third, _ = files.queued()
    files.end_row(first)
    files.ledger.record_facts(third.correlation_id, third.event_id, "c3", [], files.clock.now())
    files.clock.advance(days=7)

    assert files.take(record) is None
    assert [one["outcome"] for one in files.result("a.csv")] == ["applied", *["waiting"] * 3]
    report = files.report("a.csv")
    assert (report["rows"], report["processed"], report["outcomes"]["waiting"]) == (4, 1, 3)
    assert report["accuracy_rate_percent"] == 100.0


@pytest.fixture
def large(aws: AwsWorld, clock: FakeClock) -> DispositionFileWorld:
    """A world whose results are uploaded in parts; S3's least part is of five megabytes."""
    return DispositionFileWorld(aws, clock, part_bytes=5 * 1024 * 1024)


@pytest.fixture
def wide(large: DispositionFileWorld, monkeypatch: pytest.MonkeyPatch) -> tuple[DispositionFileWorld, Any]:
    """A file of few rows whose result takes three parts: the messages of its rows are long."""
    message = "x" * (1024 * 1024 // 3)
    cells = "outbound.dispositions.files.results._cells"
    monkeypatch.setattr(cells, lambda item: [item["contact_id"], "", "", "", "", "", message])
    record = large.drop("a.csv", lines(*[row(f"c{n}") for n in range(1, 41)]))
    large.take(record)
    large.end_rows(file_id(record), {})
    return large, record


def _numbers(world: DispositionFileWorld) -> list[int]:
    return [int(one["row"]) for one in world.result("a.csv")]


@pytest.mark.slow
def test_a_large_result_is_written_in_parts(wide: tuple[DispositionFileWorld, Any]) -> None:
    world, record = wide
    assert world.take(record) is None
    assert _numbers(world) == list(range(1, 41))
    assert world.file(file_id(record)).result.upload_id
    assert world.report("a.csv")["processed"] == 40


@pytest.mark.slow
def test_a_large_result_is_resumed_where_it_was_left(
    wide: tuple[DispositionFileWorld, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, record = wide
    monkeypatch.setattr("outbound.dispositions.files.results._SLICE", 20)
    runs: list[TryLater | None] = []
    for _ in range(3):
        runs.append(world.take(record, seconds=0))
        world.start_afresh()
    assert all(runs)
    parts = world.file(file_id(record)).result.parts
    assert parts
    assert world.take(record) is None
    assert _numbers(world) == list(range(1, 41))
    assert world.report("a.csv")["outcomes"]["applied"] == 40


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["upload_part", "complete_multipart_upload"])
def test_an_upload_that_is_not_known_any_more_is_begun_anew(
    wide: tuple[DispositionFileWorld, Any], monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    world, record = wide
    call: Callable[..., Any] = getattr(world.aws.s3, lost)
    left = [None]

    def dropping(**given: Any) -> Any:
        if left:
            left.pop()
            # As S3 says it; moto falls over.
            error = {"Error": {"Code": "NoSuchUpload", "Message": "The upload does not exist."}}
            raise ClientError(error, lost)  # type: ignore[arg-type]
        return call(**given)

    monkeypatch.setattr(world.aws.s3, lost, dropping)
    later = world.take(record)
    assert later is not None
    assert later.reason == "the result is written anew"
    assert world.take(record) is None
    assert _numbers(world) == list(range(1, 41))
    assert world.report("a.csv")["processed"] == 40


def test_a_file_and_the_function_that_applies_its_rows(
    aws: AwsWorld, clock: FakeClock, tenant: Tenant
) -> None:
    """From the inbox to CXone and back, without a stand-in between the two functions."""
    files = DispositionFileWorld(aws, clock)
    applying = DispositionWorld(aws, clock, tenant)
    ids = [applying.contact_id(name) for name in ("c1", "c2", "c3")]
    rows = [f"{CAMPAIGN},{one},INTERESTED,{applying.agent},,," for one in ids]
    record = files.drop("a.csv", lines(*rows, rows[0], f"{CAMPAIGN},nobody,BUSY,{applying.agent},,,", "x"))
    assert files.take(record) is not None
    while applying.trigger.poll():
        pass

    assert files.take(record) is None
    outcomes = [one["outcome"] for one in files.result("a.csv")]
    assert outcomes[1:3] == ["applied", "applied"]
    # The same contact twice at the same moment: the later row counts, whichever came first.
    assert (outcomes[0], outcomes[3]) in [("superseded", "applied"), ("applied", "unchanged")]
    assert outcomes[4:] == ["rejected", "rejected"]
    assert files.report("a.csv")["rejections"] == {"contact_not_found": 1, "invalid_request": 1}
    assert applying.contact("c2").outcome_code == "INTERESTED"
    assert len(aws.published("disposition.rejected")) == 1, "the broken row is the file's own affair"


def test_what_is_remembered_of_a_file_holds_nothing_of_its_rows(files: DispositionFileWorld) -> None:
    found = files.finish("a.csv", lines(row("c1", rest="a,Ann Example +1 555 0100,,")))
    item = files.table.get(files.files.key(found))
    assert item is not None
    assert "Ann" not in json.dumps(item)
    assert item["pk"] == f"{TENANT}#disposition-files"
    assert item["ttl"] > files.clock.now().timestamp() + 365 * 86_400
    assert BUCKET not in item["pk"]
