"""Records: what becomes a row, what is set aside and why, whatever it is that arrives."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.cxone.json_bodies import Unreadable
from outbound.cxone.platform.outcomes import PlatformCalls
from outbound.cxone.ports.outcomes import OutcomePage
from outbound.outcomes.job import Job, Part, new_job
from outbound.outcomes.part_writer import OpenPart, PartWriter
from outbound.outcomes.rows import RowMaker
from outbound.outcomes.seen_calls import SeenCalls
from outbound.outcomes.settings import COLUMNS, OutcomeSettings
from outbound.outcomes.windows import Window
from outbound.store.objects import Lake

START = datetime(2026, 3, 10, 8, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(hours=1))
SETTINGS = OutcomeSettings()
CALL = {
    "id": "call-1",
    "campaignId": "spring",
    "dispositionCode": "CONVERTED",
    "startTime": "2026-03-10T08:10:00Z",
    "endTime": "2026-03-10T08:12:30Z",
    "direction": "OUTBOUND",
    "contactId": "contact-1",
    "agentId": "agent-1",
    "attemptNumber": 2,
    "queueId": "queue-1",
}
# The types that the columns of a table over the lake have.
TYPES: dict[str, tuple[type, ...]] = {
    **{column: (str, type(None)) for column in COLUMNS},
    "id": (str,),
    "campaign_id": (str,),
    "disposition_code": (str,),
    "mapped_category": (str,),
    "start_time": (str,),
    "duration_seconds": (int,),
    "attempt_number": (int, type(None)),
    "queue_id": (str, type(None)),
}


class MemoryS3:
    """Keeps what is put."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, Key: str, Body: bytes, **more: Any) -> None:  # noqa: N803 - boto3's name
        self.objects[Key] = Body

    def lines(self, prefix: str) -> list[dict[str, Any]]:
        bodies = [body for key, body in self.objects.items() if key.startswith(prefix)]
        return [orjson.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]


def _job() -> Job:
    return new_job("spring", WINDOW.start, WINDOW.end, "schedule", WINDOW.end, "c")


@dataclass(frozen=True)
class Written:
    """A part of one page, and how many records were dropped of it."""

    part: Part
    duplicates: int


def _write(
    *records: Any,
    before: Sequence[str] = (),
    job: Job | None = None,
    settings: OutcomeSettings = SETTINGS,
) -> tuple[Written, MemoryS3]:
    s3, seen, job = MemoryS3(), SeenCalls(), job or _job()
    seen.add(before)
    page = OutcomePage(PlatformCalls(list(records)), "", 1)
    part = OpenPart(0, WINDOW.end)
    dropped = part.add(page, RowMaker(job.campaign_id, WINDOW, settings), seen)
    return Written(PartWriter(Lake(s3, "lake")).write(job, part), dropped), s3  # type: ignore[arg-type]


def _row(settings: OutcomeSettings = SETTINGS, **changed: Any) -> dict[str, Any]:
    _, s3 = _write(CALL | changed, settings=settings)
    [row] = s3.lines("outcomes/")
    return row


def _reason(record: Any) -> str:
    page, s3 = _write(record)
    assert page.part.records == 0
    [aside] = s3.lines("set-aside/")
    assert page.part.set_aside == {aside["reason"]: 1}
    reason: str = aside["reason"]
    return reason


def test_a_call_becomes_a_row() -> None:
    assert _row() == {
        "id": "call-1",
        "campaign_id": "spring",
        "disposition_code": "CONVERTED",
        "mapped_category": "success",
        "start_time": "2026-03-10T08:10:00Z",
        "end_time": "2026-03-10T08:12:30Z",
        "duration_seconds": 150,
        "contact_id": "contact-1",
        "agent_id": "agent-1",
        "attempt_number": 2,
        "queue_id": "queue-1",
    }


def test_a_call_that_nobody_answered_has_no_end_and_no_duration() -> None:
    row = _row(endTime=None)
    assert (row["end_time"], row["duration_seconds"]) == (None, 0)


def test_times_in_other_zones_are_stored_in_utc() -> None:
    row = _row(startTime="2026-03-10T09:10:00.250+01:00", endTime="2026-03-10T03:11:00-05:00")
    assert (row["start_time"], row["end_time"]) == ("2026-03-10T08:10:00.250000Z", "2026-03-10T08:11:00Z")
    assert row["duration_seconds"] == 59


def test_an_unknown_code_is_kept_and_neutral() -> None:
    row = _row(dispositionCode="MAYBE_LATER")
    assert (row["disposition_code"], row["mapped_category"]) == ("MAYBE_LATER", "neutral")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"id": None}, "id_missing"),
        ({"id": ""}, "id_missing"),
        ({"id": 17.5}, "id_invalid"),
        ({"id": True}, "id_invalid"),
        ({"id": ["call-1"]}, "id_invalid"),
        ({"id": "x" * 257}, "id_invalid"),
        ({"direction": "INBOUND"}, "not_outbound"),
        ({"direction": None}, "not_outbound"),
        ({"direction": ["OUTBOUND"]}, "not_outbound"),
        ({"campaignId": "autumn"}, "other_campaign"),
        ({"campaignId": None}, "other_campaign"),
        ({"campaignId": 17}, "other_campaign"),
        ({"dispositionCode": None}, "code_missing"),
        ({"dispositionCode": ""}, "code_missing"),
        ({"dispositionCode": {"code": "BUSY"}}, "code_invalid"),
        ({"dispositionCode": "X" * 65}, "code_invalid"),
        ({"startTime": None}, "start_time_invalid"),
        ({"startTime": "yesterday"}, "start_time_invalid"),
        ({"startTime": 1_773_000_000}, "start_time_invalid"),
        ({"startTime": "0001-01-01T00:00:00+14:00"}, "start_time_invalid"),
        ({"startTime": "2026-03-10T08:10:00"}, "start_time_naive"),
        ({"startTime": "2026-03-10"}, "start_time_naive"),
        ({"endTime": "soon"}, "end_time_invalid"),
        ({"endTime": ""}, "end_time_invalid"),
        ({"endTime": "9999-12-31T23:59:59-14:00"}, "end_time_invalid"),
        ({"endTime": "2026-03-10T08:12:00"}, "end_time_naive"),
        ({"endTime": "2026-03-10T08:09:59Z"}, "end_before_start"),
        ({"startTime": "2026-03-10T07:59:59Z"}, "outside_window"),
        ({"startTime": "2026-03-10T09:00:01Z", "endTime": None}, "outside_window"),
    ],
)
def test_a_bad_record_is_set_aside_with_its_reason(changed: dict[str, Any], reason: str) -> None:
    assert _reason(CALL | changed) == reason


@pytest.mark.parametrize("record", [None, 7, 1.5, "call", [CALL], True])
def test_a_record_that_is_no_object_is_set_aside(record: Any) -> None:
    assert _reason(record) == "not_an_object"


def test_a_record_that_is_set_aside_is_kept_as_it_came() -> None:
    _, s3 = _write(CALL | {"id": 17.5, "note": "ü"})
    [aside] = s3.lines("set-aside/")
    assert orjson.loads(aside["record"]) == CALL | {"id": 17.5, "note": "ü"}


def test_a_record_that_is_nested_too_deeply_to_be_kept_is_still_counted() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    assert _reason({"deep": deep}) == "id_missing"


def test_a_record_of_any_length_is_kept_up_to_a_bound() -> None:
    _, s3 = _write({"note": "x" * 1_000_000})
    assert len(s3.lines("set-aside/")[0]["record"]) == 64 * 1024


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("a-1", "a-1"),
        (17, "17"),
        (2**64, str(2**64)),
        ("", None),
        (True, None),
        (1.5, None),
        ([], None),
        ({}, None),
    ],
)
@pytest.mark.parametrize(("field", "column"), [("agentId", "agent_id"), ("contactId", "contact_id")])
def test_an_id_is_text_or_null(field: str, column: str, value: Any, stored: str | None) -> None:
    assert _row(**{field: value})[column] == stored


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("string", "x" * 2000, "x" * 1000),
        ("string", 7, "7"),
        ("string", ["x"], None),
        ("integer", 7, 7),
        ("integer", 2**63, None),
        ("integer", "7", None),
        ("integer", True, None),
        ("integer", 7.5, None),
        ("number", 7, 7.0),
        ("number", 1e400, None),
        ("number", float("nan"), None),
        ("number", "7", None),
        ("boolean", False, False),
        ("boolean", "false", None),
    ],
)
def test_a_carried_field_has_the_type_of_its_column_or_is_null(kind: str, value: Any, stored: Any) -> None:
    settings = OutcomeSettings.model_validate({"carried_fields": {"more": {"column": "more", "type": kind}}})
    row = _row(settings, more=value)
    assert (row["more"], type(row["more"])) == (stored, type(stored))


@pytest.mark.parametrize("column", ["id", "agent_id", "Mixed", "a b", "1st", "", "drop table"])
def test_a_carried_column_that_would_break_the_table_is_refused(column: str) -> None:
    with pytest.raises(ValueError, match="carried_fields"):
        OutcomeSettings.model_validate({"carried_fields": {"more": {"column": column}}})


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
times = st.sampled_from(
    [CALL["startTime"], CALL["endTime"], "2026-03-10T09:00:00Z", "2026-03-10T08:30:00", None]
)
odd_call = st.fixed_dictionaries(
    {},
    optional={
        field: st.one_of(st.just(value), anything, times if field.endswith("Time") else st.just(value))
        for field, value in CALL.items()
    },
)


@pytest.mark.slow
@given(st.lists(odd_call | anything, max_size=8))
def test_whatever_arrives_each_record_is_counted_once_and_every_row_has_the_tables_shape(
    records: list[Any],
) -> None:
    page, s3 = _write(*records)
    aside = sum(page.part.set_aside.values())
    assert page.part.records + aside + page.duplicates == len(records)
    rows = s3.lines("outcomes/")
    assert len(rows) == page.part.records
    for row in rows:
        assert list(row) == list(TYPES)
        assert all(type(row[column]) in types for column, types in TYPES.items())
    assert all(set(line) == {"reason", "record"} for line in s3.lines("set-aside/"))


def test_ids_that_are_numbers_are_their_text() -> None:
    assert _row(id=17)["id"] == "17"
    job = replace(_job(), campaign_id="2026")
    _, s3 = _write(CALL | {"id": 2**63, "campaignId": 2026}, job=job)
    [row] = s3.lines("outcomes/")
    assert (row["id"], row["campaign_id"]) == (str(2**63), "2026")


def test_a_record_that_is_no_json_is_set_aside_as_the_text_that_it_came_as() -> None:
    text = '{"id": "call-1", "note": "\\ud83d"}'
    page, s3 = _write(Unreadable(text))
    assert page.part.set_aside == {"unreadable": 1}
    [aside] = s3.lines("set-aside/")
    assert orjson.loads(aside["record"]) == text


def test_a_call_that_comes_twice_is_kept_once() -> None:
    page, s3 = _write(CALL, CALL)
    assert (len(s3.lines("outcomes/")), page.duplicates) == (1, 1)


def test_a_call_of_the_page_before_is_dropped() -> None:
    page, s3 = _write(CALL, before=["call-1"])
    assert (s3.objects, page.duplicates) == ({}, 1)


def test_a_call_that_starts_when_the_window_ends_is_left_to_the_next_window() -> None:
    page, s3 = _write(CALL | {"startTime": "2026-03-10T09:00:00Z", "endTime": None})
    assert (s3.objects, page.duplicates, page.part.set_aside) == ({}, 1, {})


def test_a_call_that_starts_when_the_window_starts_belongs_to_it() -> None:
    assert _row(startTime="2026-03-10T08:00:00Z")["id"] == "call-1"


@given(st.lists(odd_call | st.just(CALL) | anything, max_size=60))
def test_records_come_to_the_same_together_and_one_by_one(records: list[Any]) -> None:
    """Columns at once are quick; what is odd is looked at by itself."""
    numbered = [
        record | {"id": f"call-{number}"} if isinstance(record, dict) and "id" in record else record
        for number, record in enumerate(records)
    ]
    together, s3 = _write(*numbered)
    alone = [_write(record) for record in numbered]
    for prefix in ("outcomes/", "set-aside/"):
        assert s3.lines(prefix) == [line for _, one in alone for line in one.lines(prefix)]
    assert together.duplicates == sum(written.duplicates for written, _ in alone)


OFTEN = {
    "as the lake has them": {"startTime": "2026-03-10T08:10:00Z", "endTime": "2026-03-10T08:12:30Z"},
    "with parts of a second": {"startTime": "2026-03-10T08:10:00.5Z", "endTime": "2026-03-10T08:12:30.000Z"},
    "with an offset": {"startTime": "2026-03-10T09:10:00+01:00", "endTime": "2026-03-10T09:12:30+01:00"},
    "of the basic form": {"startTime": "20260310T081000Z", "endTime": None},
    "of weeks": {"startTime": "2026-W11-2T08:10:00Z", "endTime": None},
    "without an offset": {"startTime": "2026-03-10T08:10:00", "endTime": None},
    "without an end": {"endTime": None},
    "that end before they start": {"endTime": "2026-03-10T08:09:59Z"},
    "of another window": {"startTime": "2026-03-10T09:00:01Z", "endTime": None},
    "of the next window": {"startTime": "2026-03-10T09:00:00Z", "endTime": None},
    "that took days": {"endTime": "2026-03-12T08:10:00Z"},
    "of no agent": {"agentId": None, "contactId": ""},
    "with a long text": {"queueId": "q" * 2000},
    "with another type": {"queueId": 7, "attemptNumber": "2"},
    "with quotation marks": {"queueId": '},{"id":"', "dispositionCode": '"},{'},
}


@pytest.mark.parametrize("changed", OFTEN.values(), ids=OFTEN)
@pytest.mark.parametrize("others", [0, 1, 40], ids="{} others".format)
def test_times_and_fields_of_each_form_are_the_same_among_others(
    changed: dict[str, Any], others: int
) -> None:
    calls = [CALL | changed | {"id": f"call-{number}"} for number in range(40)]
    _, s3 = _write(*calls, *(CALL | {"id": f"other-{number}"} for number in range(others)))
    alone = [_write(call)[1] for call in calls]
    for prefix in ("outcomes/", "set-aside/"):
        written = [line for line in s3.lines(prefix) if not line.get("id", "").startswith("other")]
        assert written == [line for one in alone for line in one.lines(prefix)]


def test_a_few_odd_records_among_many_cost_nothing_but_themselves() -> None:
    calls = [CALL | {"id": f"call-{number}"} for number in range(2_000)]
    odd = {3: {"direction": "INBOUND"}, 499: {"endTime": "soon"}, 500: {"id": None}, 1_777: {"id": "call-7"}}
    written, s3 = _write(*(call | odd.get(number, {}) for number, call in enumerate(calls)))
    assert written.part.set_aside == {"not_outbound": 1, "end_time_invalid": 1, "id_missing": 1}
    assert (written.part.records, written.duplicates) == (1_996, 1)
    ids = [row["id"] for row in s3.lines("outcomes/")]
    assert ids == [call["id"] for number, call in enumerate(calls) if number not in odd]
    assert len(written.part.ids) == 8 * 1_996
