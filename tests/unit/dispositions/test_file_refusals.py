"""Files that are refused as a whole: nothing of them has an effect, and they are told why."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from outbound.queues import Refused
from worlds.aws import AwsWorld, FakeClock
from worlds.disposition_files import (
    BUCKET,
    HEADER,
    PREFIX,
    DispositionFileWorld,
    file_id,
    gzipped,
    jsonl,
    lines,
    record_of,
    row,
)

MakeWorld = Callable[..., DispositionFileWorld]


@pytest.fixture
def make(aws: AwsWorld, clock: FakeClock) -> MakeWorld:
    return lambda **settings: DispositionFileWorld(aws, clock, **settings)


@pytest.fixture
def world(make: MakeWorld) -> DispositionFileWorld:
    return make()


def _zipped(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, lines(row()))
    return file.getvalue()


_CSV = lines(row("c1"), row("c2"))
_JSONL = jsonl([{"campaign_id": "s", "contact_id": "c1", "outcome_code": "BUSY"}])
_LATE = lines(*[row()] * 40_000).encode() + "renewals,c1,BUSY,a,Müller,,\n".encode("latin-1")

_UNFIT: dict[str, tuple[str, str | bytes, str, str]] = {
    "empty": ("a.csv", "", "empty", "empty"),
    "blank": ("a.csv", "\n\n", "empty", "empty"),
    "empty gzip": ("a.csv.gz", gzipped(""), "empty", "empty"),
    "empty JSON lines": ("a.jsonl", "", "empty", "empty"),
    "another extension": ("a.xlsx", _CSV, "unknown_extension", ".csv"),
    "no extension": ("a", _CSV, "unknown_extension", ".csv"),
    "JSON named CSV": ("a.csv", _JSONL, "not_what_its_name_says", ".jsonl"),
    "CSV named JSON": ("a.jsonl", _CSV, "not_what_its_name_says", "JSON object"),
    "a JSON array": ("a.jsonl", '[{"contact_id": "c1"}]', "not_what_its_name_says", "one a line"),
    "a zip": ("a.csv", _zipped("a.csv"), "not_what_its_name_says", "zip"),
    "gzip without its name": ("a.csv", gzipped(_CSV), "not_what_its_name_says", ".gz"),
    "no gzip": ("a.csv.gz", _CSV, "not_gzip", "gzip"),
    "a gzip that is cut off": ("a.csv.gz", gzipped(_LATE.decode("latin-1"))[:-20], "not_gzip", "cut off"),
    "UTF-16": ("a.csv", _CSV.encode("utf-16"), "not_what_its_name_says", "UTF-16"),
    "Latin-1 in the header": ("a.csv", "campaign_id,Müller\n".encode("latin-1"), "not_utf8", "UTF-8"),
    "Latin-1 in the last row": ("a.csv", _LATE, "not_utf8", "UTF-8"),
    "UTF-8 that is cut off": ("a.csv", _CSV.encode() + b"\xc3", "not_utf8", "UTF-8"),
    "binary": ("a.csv", _CSV.encode() + bytes(range(32)), "not_what_its_name_says", "zero bytes"),
    "no header": ("a.csv", row() + "\n", "unknown_column", "'renewals'"),
    "an unknown column": ("a.csv", lines(header=HEADER + ",phone"), "unknown_column", "'phone'"),
    "a column twice": ("a.csv", lines(header=HEADER + ",contactId"), "repeated_column", "'contactId'"),
    "a column too few": ("a.csv", "campaign_id,contact_id\n", "missing_column", "'outcome_code'"),
    "too many columns": (
        "a.csv",
        HEADER + "".join(f",custom_fields.{number}" for number in range(50_000)),
        "too_many_columns",
        "1000 columns",
    ),
    "a column of a name without end": (
        "a.csv",
        lines(header=HEADER + ",custom_fields." + "x" * 500_000),
        "unknown_column",
        "custom_fields.",
    ),
    "a header whose quote is open": ("a.csv", '"' + _CSV, "no_header", "header"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", _UNFIT)
def test_a_file_that_is_not_what_its_name_says_is_refused_with_its_reason(
    world: DispositionFileWorld, case: str
) -> None:
    name, content, reason, said = _UNFIT[case]
    found = world.read(name, content)

    report = world.report(name)
    assert (report["status"], report["reason"], report["file_id"]) == ("refused", reason, found)
    assert said in report["message"]
    (fact,) = world.aws.published("disposition.file_finished")
    assert (fact["data"]["status"], fact["data"]["reason"]) == ("refused", reason)
    assert fact["data"]["report"] == f"{PREFIX}{name}.{found}.report.json"
    assert fact["data"]["result"] is None
    assert world.queued() == []
    assert list(world.ledger.requests_of(found)) == []


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_file_that_is_too_large_is_refused_and_so_is_what_it_would_unpack_to(
    make: MakeWorld, name: str
) -> None:
    content = lines(*[row()] * 100)
    size = len(content.encode())
    packed = gzip.compress(content.encode()) if name.endswith(".gz") else content.encode()
    found = make(max_file_bytes=size - 1).read(name, packed)

    world = make(max_file_bytes=size)
    assert world.file(found).reason == "too_large"
    assert str(size - 1) in world.file(found).message
    assert world.file(world.read(f"b-{name}", packed)).place.row == 100


def test_a_file_that_was_replaced_before_it_was_read_is_not_taken_for_the_other(
    world: DispositionFileWorld,
) -> None:
    first, second = world.drop("a.csv", _CSV), world.drop("a.csv", lines(row("c3")))

    assert world.take(first) is None
    assert world.file(file_id(first)).reason == "gone"
    assert "a.csv.report.json" not in str(world.aws.objects("LAKE_BUCKET")), (
        "it would be taken for the other's"
    )
    assert world.take(second) is not None
    assert [event.data["contact_id"] for event in world.queued()] == ["c3"]


def test_a_file_that_is_replaced_while_it_is_read_says_how_far_it_came(world: DispositionFileWorld) -> None:
    record = world.drop("a.csv", lines(*[row()] * 15))
    assert world.take(record, seconds=0) is not None, "checked"
    assert world.take(record, seconds=0) is not None, "a slice is read"
    world.drop("a.csv", _CSV)

    assert world.take(record) is None
    file = world.file(file_id(record))
    assert (file.reason, file.place.row, len(world.queued())) == ("gone", 10, 10)
    (fact,) = world.aws.published("disposition.file_finished")
    assert (fact["data"]["rows"], fact["data"]["report"]) == (10, None)


def test_a_file_that_was_removed_is_gone(world: DispositionFileWorld) -> None:
    assert world.take(record_of(f"{PREFIX}a.csv", "0" * 32, 3)) is None
    (fact,) = world.aws.published("disposition.file_finished")
    assert fact["data"]["reason"] == "gone"


def test_our_own_answers_and_folders_are_not_files(world: DispositionFileWorld) -> None:
    found = world.finish("a.csv", _CSV)
    world.aws.published()
    answers = [key for key in world.aws.objects("LAKE_BUCKET") if key != f"{PREFIX}a.csv"]
    assert len(answers) == 4
    for key in answers:
        etag = world.aws.s3.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"')
        assert world.take(record_of(key, etag, 3)) is None
        assert world.take(record_of(key, "0" * 32, 3)) is None, "replaced by the next"
    assert world.take(world.drop("folder/", "")) is None
    assert [file.file_id for file in world.files.all()] == [found]
    assert world.aws.published() == []


def test_a_file_that_is_named_like_an_answer_is_a_file(world: DispositionFileWorld) -> None:
    found = world.finish("monday.result.csv", _CSV)
    assert world.file(found).state == "finished"
    assert world.report("monday.result.csv")["processed"] == 2


def test_a_corrected_result_is_sent_again_under_its_own_name(world: DispositionFileWorld) -> None:
    world.finish("a.csv", lines(row("c1"), row("-c2", "MAYBE")))
    text = world.aws.objects("LAKE_BUCKET")[f"{PREFIX}a.csv.result.csv"].decode()
    assert "'-c2" in text
    found = world.read("a.csv.result.csv", text.replace("MAYBE", "BUSY"))

    (event,) = world.queued()
    assert (event.data["contact_id"], event.data["outcome_code"]) == ("-c2", "BUSY")
    ((field, message),) = world.rejected(found).values()
    assert (field, "ended well" in message) == ("outcome", True)


def test_what_was_removed_is_taken_when_it_is_put_again(world: DispositionFileWorld) -> None:
    first = world.drop("a.csv", _CSV)
    world.aws.s3.delete_object(Bucket=BUCKET, Key=f"{PREFIX}a.csv")
    assert world.take(first) is None
    assert world.file(file_id(first)).reason == "gone"
    second = world.drop("a.csv", _CSV)

    assert world.take(second) is not None
    assert len(world.queued()) == 2
    assert (world.file(file_id(first)).state, world.file(file_id(first)).attempt) == ("waiting", 2)
    assert world.take(first) is not None, "the report of the first upload, come again, changes nothing"
    assert world.file(file_id(first)).attempt == 2


def test_the_first_content_again_under_a_name_is_taken(world: DispositionFileWorld) -> None:
    a, b = world.drop("a.csv", _CSV), world.drop("a.csv", lines(row("c3")))
    assert world.take(a) is None, "it is gone"
    assert world.take(b) is not None
    again = world.drop("a.csv", _CSV)
    assert world.take(again) is not None
    assert sorted(event.data["contact_id"] for event in world.queued()) == ["c1", "c2", "c3"]


def test_a_limit_that_was_raised_counts_for_the_next_upload(make: MakeWorld) -> None:
    found = make(max_file_bytes=10).read("a.csv", _CSV)
    world = make()
    assert world.file(found).reason == "too_large"
    assert world.read("a.csv", _CSV) == found
    assert (world.file(found).state, world.file(found).reason) == ("waiting", "")
    assert world.finish("a.csv", _CSV) == found
    facts = world.aws.published("disposition.file_finished")
    assert [fact["data"]["status"] for fact in facts] == ["refused", "finished"]
    assert len({fact["event_id"] for fact in facts}) == 2


def test_answers_belong_to_their_file_though_an_older_one_ends_last(world: DispositionFileWorld) -> None:
    older = world.drop("a.csv", lines(row("c1")))
    assert world.take(older) is not None
    events = world.queued()
    newer = world.finish("a.csv", lines(row("c2"), row("c3")))
    world.end_row(events[0])
    assert world.take(older) is None

    assert [one["contact_id"] for one in world.result("a.csv")] == ["c2", "c3"]
    assert world.report("a.csv")["file_id"] == newer
    assert [one["contact_id"] for one in world.result(f"a.csv.{file_id(older)}")] == ["c1"]
    facts = {
        fact["data"]["file_id"]: fact["data"] for fact in world.aws.published("disposition.file_finished")
    }
    for found in (newer, file_id(older)):
        assert facts[found]["result"] == f"{PREFIX}a.csv.{found}.result.csv"
        assert facts[found]["report"] == f"{PREFIX}a.csv.{found}.report.json"


@pytest.mark.parametrize(
    "content",
    [
        _CSV.replace("\n", "\r"),
        _CSV.replace("\n", "\r\n"),
        _CSV.replace(",", ";"),
        _CSV.replace(",", "\t"),
        "sep=;\r\n" + _CSV.replace(",", ";"),
        "sep=,\r" + _CSV.replace("\n", "\r"),
        "\ufeffsep=;\n" + _CSV.replace(",", ";"),
        HEADER + "\n" + "\r".join([row("c1"), row("c2"), ""]),
    ],
    ids=["cr", "crlf", "semicolons", "tabs", "sep", "sep and cr", "mark and sep", "rows in cr"],
)
@pytest.mark.parametrize("seconds", [0, 100])
def test_what_spreadsheets_write_is_read(world: DispositionFileWorld, content: str, seconds: float) -> None:
    found = world.read("a.csv", content, seconds)
    assert [event.data["contact_id"] for event in world.queued()] == ["c1", "c2"]
    assert world.rejected(found) == {}


def test_json_lines_that_end_with_cr_are_read(world: DispositionFileWorld) -> None:
    world.read("a.jsonl", _JSONL.replace("\n", "\r") * 3)
    assert len(world.queued()) == 3


def test_a_file_in_another_encoding_is_told_what_to_save_it_as(world: DispositionFileWorld) -> None:
    found = world.read("a.csv", _CSV.encode() + b"\xfc\n")
    assert "save it as CSV UTF-8" in world.file(found).message


@pytest.mark.parametrize(
    "body",
    ["", "{}", "[]", '{"detail": {}}', '{"detail": {"bucket": {"name": 1}, "object": {"key": "a"}}}'],
)
def test_a_message_that_is_not_a_notice_of_an_object_is_refused(
    world: DispositionFileWorld, body: str
) -> None:
    with pytest.raises(Refused, match="not a notice of a"):
        world.take({"body": body})


def test_an_object_elsewhere_is_refused(world: DispositionFileWorld) -> None:
    with pytest.raises(Refused, match="under dispositions/inbox/"):
        world.take(record_of("outcomes/a.csv", "0" * 32, 3))


def test_a_refused_file_that_comes_again_is_refused_once(world: DispositionFileWorld) -> None:
    record: Any = world.drop("a.csv", "")
    for _ in range(3):
        assert world.take(record) is None
    assert len(world.aws.published("disposition.file_finished")) == 1
