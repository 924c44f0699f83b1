"""What becomes of the rows of a file: requests for those that are right, an end at once for the others."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from outbound.clock import format_time
from outbound.dispositions.files.reader import RowQueue, message_of
from outbound.events import Event
from worlds.aws import AwsWorld, FakeClock
from worlds.disposition_files import (
    HEADER,
    ROWS,
    DispositionFileWorld,
    file_id,
    gzipped,
    jsonl,
    lines,
    row,
)


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> DispositionFileWorld:
    return DispositionFileWorld(aws, clock)


def _csv(*rows: dict[str, Any]) -> str:
    text = io.StringIO(newline="")
    names = list(dict.fromkeys(name for one in rows for name in one))
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


_FULL = {
    "campaign_id": "renewals",
    "contact_id": "c1",
    "outcome_code": "CALLBACK_LATER",
    "agent_id": "agent-7",
    "notes": 'He said: "later",\nperhaps ☎',
    "custom_fields": '{"callback_date": "2026-12-01", "big": 12345678901234567890123, "no": null, "x": 1.5}',
}
_FULL_DATA = {
    **_FULL,
    "custom_fields": {
        "callback_date": "2026-12-01",
        "x": 1.5,
        "big": 12345678901234567890123,
        "no": None,
    },
}


@pytest.mark.parametrize("name", ["a.csv", "A.CSV", "b/c d.csv.gz", "a.jsonl", "a.jsonl.gz"])
def test_a_row_becomes_the_request_that_the_bus_would_have_brought(
    world: DispositionFileWorld, name: str
) -> None:
    text = jsonl([_FULL_DATA]) if "jsonl" in name else _csv(_FULL)
    found = world.read(name, gzipped(text) if name.endswith("gz") else text)

    (message,) = world.aws.drain(ROWS)
    body = json.loads(message["Body"])
    assert (body["detail-type"], body["source"]) == ("disposition.requested", "outbound-bridge")
    event = Event.from_detail(body["detail"])
    assert event.event_id == f"{found}-000000001"
    assert (event.event_type, event.correlation_id, event.tenant) == ("disposition.requested", found, "acme")
    assert event.data == _FULL_DATA
    assert event.occurred_at == format_time(world.file(found).uploaded_at)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    "header",
    [
        "campaign_id,contact_id,outcome_code,agent_id,notes,occurred_at,custom_fields.x y",
        "campaignId,contactId,outcomeCode,agentId,notes,dispositionTimestamp,customFields.x y",
        " campaign_id , contact_id,outcome_code,agent_id,notes,disposition_timestamp,custom_fields.x y ",
    ],
)
def test_columns_have_the_names_of_either_document_and_a_mark_before_them(
    world: DispositionFileWorld, header: str, mark: str
) -> None:
    moment = format_time(world.clock.now() - timedelta(days=1))
    world.read("a.csv", mark + lines(f"s, c1 ,BUSY,a1, as it is ,{moment},=1+1", header=header))

    (event,) = world.queued()
    assert event.data == {
        "campaign_id": "s",
        "contact_id": "c1",
        "outcome_code": "BUSY",
        "agent_id": "a1",
        "notes": " as it is ",
        "occurred_at": moment,
        "custom_fields": {"x y": "=1+1"},
    }


def test_a_custom_field_with_a_column_of_its_own_joins_those_of_the_one_cell(
    world: DispositionFileWorld,
) -> None:
    header = HEADER + ",custom_fields.a,custom_fields.b"
    world.read("a.csv", lines(row(rest='a1,,,"{""a"": 1, ""c"": 2}",x,'), header=header))
    (event,) = world.queued()
    assert event.data["custom_fields"] == {"a": "x", "c": 2}


def _moment(world: DispositionFileWorld, **ago: float) -> str:
    return format_time(world.clock.now() - timedelta(**ago))


def test_a_broken_row_ends_at_once_and_holds_up_no_other(world: DispositionFileWorld) -> None:
    broken = {
        2: ("renewals,c2", "", "has 2 cells"),
        3: (row("c3", "MAYBE"), "outcome_code", "is none of"),
        4: (row("", "BUSY"), "contact_id", "is missing"),
        5: (row("c5", rest=f"a,{'x' * 100_000},,"), "notes", "more than 4000 characters"),
        6: (row("c6", rest="a,,2026-11-01T08:00:00,"), "occurred_at", "is not a time with an offset"),
        7: (row("c7", rest=f"a,,{_moment(world, days=-1)},"), "occurred_at", "in the future"),
        8: (row("c8", rest=f"a,,{_moment(world, days=31)},"), "occurred_at", "more than 30 days back"),
        9: (row("c9", rest="a,,,{x}"), "custom_fields", "is not a JSON object"),
        10: (row("c10", rest='a,,,"[1]"'), "custom_fields", "is not an object"),
        11: (row("c11", rest='a,,,"{""x"": {}}"'), "custom_fields.x", "is not a text, number"),
        12: (row("c12", rest='a,,,"{""x"": NaN}"'), "custom_fields.x", "is not a number that JSON has"),
        13: (row("c13", "CALLBACK_LATER"), "custom_fields.callback_date", "is needed"),
        14: (row("c 14"), "contact_id", "is not an id"),
    }
    found = world.read("a.csv", lines(row("c1"), *[one for one, _, _ in broken.values()], row("c15")))

    assert [event.data["contact_id"] for event in world.queued()] == ["c1", "c15"]
    rejected = world.rejected(found)
    assert sorted(rejected) == sorted(broken)
    for number, (_, field, message) in broken.items():
        assert rejected[number][0] == field
        assert message in rejected[number][1]
    assert world.row(found, 8)["about"]["reason"] == "too_old"
    assert world.row(found, 3)["contact_id"] == "c3"
    assert world.aws.published() == [], "the file's own fact counts them"
    assert world.sweep() == 0, "and none of them has anything to say"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"notes": 5}, "notes"),
        ({"notes": "\ud800"}, "notes"),
        ({"contact_id": [5]}, "contact_id"),
        ({"contactId": "c1"}, "contact_id"),
        ({"custom_fields": [1]}, "custom_fields"),
        ({"custom_fields": {"x": "\udc00"}}, "custom_fields.x"),
        ({"custom_fields": {str(n): n for n in range(101)}}, "custom_fields"),
        ({"occurred_at": 1773144000}, "occurred_at"),
        ({"phone": "+1 555 0100"}, ""),
    ],
    ids=str,
)
def test_odd_types_in_json_lines_are_named(
    world: DispositionFileWorld, given: dict[str, Any], field: str
) -> None:
    right = {"campaign_id": "s", "contact_id": "c1", "outcome_code": "BUSY"}
    found = world.read(
        "a.jsonl", jsonl([{**right, **given}, {**right, "notes": None, "custom_fields": None}])
    )
    assert {number: name for number, (name, _) in world.rejected(found).items()} == {1: field}
    assert [event.event_id[-1] for event in world.queued()] == ["2"]


_MUST_NOT = {
    "a wrong time": ("a.csv", lines(row("c7", "DO_NOT_CALL", "a,,never,"))),
    "too few cells": ("a.csv", lines("renewals,c7,DO_NOT_CALL")),
    "too many cells": ("a.csv", lines(row("c7", "DO_NOT_CALL", "a,,,,,,"))),
    "a wrong quote": ("a.csv", lines(row("c7", "DO_NOT_CALL", 'a,"x"y,,'))),
    "a quote that stays open": ("a.csv", lines(row("c7", "DO_NOT_CALL", 'a,"x,,'))),
    "notes of megabytes": ("a.csv", lines(row("c7", "DO_NOT_CALL", f"a,{'x' * 3_000_000},,"))),
    "no JSON": ("a.jsonl", '{"contactId": "c7", "outcomeCode": "DO_NOT_CALL", }\n'),
    "a phone number": ("a.jsonl", '{"contact_id": "c7", "outcome_code": "DO_NOT_CALL", "phone": "1"}\n'),
}


@pytest.mark.parametrize("case", _MUST_NOT)
def test_an_opt_out_is_published_however_broken_the_row(world: DispositionFileWorld, case: str) -> None:
    name, content = _MUST_NOT[case]
    found = world.read(name, content)
    assert list(world.rejected(found)) == [1]
    (fact,) = world.aws.published("consent.changed")
    assert fact["data"]["contact_id"] == "c7"
    assert (fact["data"]["change"], fact["correlation_id"]) == ("do_not_call", found)
    assert world.sweep() == 0


def test_a_contact_that_is_a_number_is_its_text(world: DispositionFileWorld) -> None:
    right = {"campaign_id": "s", "contact_id": 12345, "outcome_code": "BUSY"}
    found = world.read(
        "a.jsonl", jsonl([right]) + '{"contact_id": 678, "outcome_code": "BUSY", "notes": "x\n'
    )
    assert [event.event_id[-1] for event in world.queued()] == ["1"]
    assert list(world.rejected(found)) == [2]
    assert world.row(found, 2)["contact_id"] == "678"


def test_a_custom_field_that_is_there_twice_is_named(world: DispositionFileWorld) -> None:
    twice = (
        '{"campaign_id": "s", "contact_id": "c", "outcome_code": "BUSY", "custom_fields": {"x": 1, "x": 2}}'
    )
    found = world.read("a.jsonl", twice + "\n")
    assert world.rejected(found) == {1: ("custom_fields.x", "is there twice")}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_file_that_takes_longer_than_a_run_is_resumed_where_it_was_left(
    world: DispositionFileWorld, kind: str, packed: bool
) -> None:
    rows = [{**_FULL, "contact_id": f"c{number}"} for number in range(1, 36)]
    parsed = [{**one, "custom_fields": json.loads(one["custom_fields"])} for one in rows]
    text = _csv(*rows) if kind == "csv" else jsonl(parsed)
    content = gzip.compress(text.encode()) if packed else text.encode()
    record = world.drop(f"a.{kind}" + (".gz" if packed else ""), content)
    runs = 0
    while (later := world.take(record, seconds=0)) is not None and later.seconds == 0:
        world.start_afresh()
        runs += 1

    assert runs >= 5, "a check, and four slices"
    file = world.file(file_id(record))
    assert (file.place.row, file.place.offset) == (35, len(text.encode()))
    events = world.queued()
    assert [event.data["contact_id"] for event in events] == [one["contact_id"] for one in rows]
    assert {event.data["notes"] for event in events} == {_FULL["notes"]}


@pytest.mark.slow
def test_a_check_that_takes_longer_than_a_run_resumes_where_it_was_left(world: DispositionFileWorld) -> None:
    # Characters of several bytes lie across the blocks that are read.
    content = lines(*[row(rest=f"a,{'☎' * 333},,")] * 9000).encode()
    record = world.drop("a.csv", content)
    checked = []
    while world.take(record, seconds=0) and world.file(file_id(record)).state in ("noting", "checking"):
        checked.append(world.file(file_id(record)).checked)
    checked = [place for place in checked if place]
    assert len(checked) > 1
    assert sorted(set(checked)) == checked
    assert any(place % (4 * 1024 * 1024) for place in checked), "none was cut in the middle of a character"
    assert world.file(file_id(record)).checked == len(content)


def test_a_header_alone_is_a_file_without_rows(world: DispositionFileWorld) -> None:
    found = world.finish("a.csv", HEADER)
    assert world.report("a.csv")["rows"] == 0
    assert world.result("a.csv") == []
    assert world.file(found).state == "finished"


def test_the_same_file_again_is_the_same_file(world: DispositionFileWorld) -> None:
    content = lines(row("c1"), row("c2"))
    found = world.finish("a.csv", content)
    report = world.report("a.csv")
    world.aws.published()

    assert world.finish("a.csv", content) == found
    assert world.queued() == []
    assert world.report("a.csv") == report
    assert world.aws.published() == []
    assert world.read("b.csv", content) != found, "another name is another file"


def test_of_the_same_file_again_only_what_was_rejected_is_tried_again(world: DispositionFileWorld) -> None:
    world.settings = world.settings.model_copy(update={"default_agent_id": ""})
    content = lines(row("c1"), row("c2", rest=",,,"), "broken")
    found = world.finish("a.csv", content)
    assert world.rejected(found).keys() == {2, 3}
    uploaded_at = world.file(found).uploaded_at
    world.settings = world.settings.model_copy(update={"default_agent_id": "agent-1"})
    assert world.finish("a.csv", content) == found

    assert [one["outcome"] for one in world.result("a.csv")] == ["applied", "applied", "rejected"]
    assert (world.file(found).attempt, world.file(found).uploaded_at) == (2, uploaded_at)
    assert len(world.aws.published("disposition.file_finished")) == 2


def test_a_message_is_never_larger_than_the_queue_takes(aws: AwsWorld, clock: FakeClock) -> None:
    world = DispositionFileWorld(aws, clock, max_notes=32_000)
    # Half a megabyte in all; in ASCII each character takes twelve bytes.
    rows = [row(f"c{number}", rest=f"a,{'🙂' * (20_000 if number % 2 else 30_000)},,") for number in range(8)]
    found = world.read("a.csv", lines(*rows))
    assert len(world.queued()) == 4
    assert {message for _, message in world.rejected(found).values()} == {
        "has more than 262144 bytes as a message; shorten notes and custom fields"
    }


def test_messages_are_sent_in_batches_that_the_queue_takes(
    aws: AwsWorld, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[list[int]] = []
    send = RowQueue.send

    def counted(queue: RowQueue, batch: list[str]) -> None:
        sent.append([len(message) for message in batch])
        send(queue, batch)

    monkeypatch.setattr(RowQueue, "send", counted)
    world = DispositionFileWorld(aws, clock, max_notes=32_000, rows_at_once=25)
    world.read("a.csv", lines(*[row(f"c{number}") for number in range(25)]))
    assert [len(batch) for batch in sent] == [10, 10, 5]
    sent.clear()
    world.read("b.csv", lines(*[row(f"c{number}", rest=f"a,{'🙂' * 8_000},,") for number in range(6)]))
    assert [len(batch) for batch in sent] == [2, 2, 2]
    assert all(sum(batch) <= 262_144 for batch in sent)


def test_a_message_holds_characters_that_sqs_does_not_take() -> None:
    event = Event("e", "disposition.requested", "2026-01-01T00:00:00Z", "f", "t", {"notes": "\x07\uffff☎"})
    message = message_of(event)
    assert message.isascii()
    assert message.isprintable()
    assert json.loads(message)["detail"]["data"] == event.data
