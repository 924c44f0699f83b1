"""Consent by the file: every row's own time and proof, wrong rows named, what forbids first."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outbound.clock import Deadline
from outbound.consent.changes import InvalidChange
from outbound.consent.files.names import ConsentFile
from outbound.consent.files.rows import COLUMNS, REFUSALS, refused_change, rows_of
from outbound.files.check import check
from outbound.files.content import Place
from outbound.files.refusals import refusals_of
from outbound.store import consent_slots
from outbound.store.consent_state import GrantKind, Terms, Value
from worlds.aws import AwsWorld, FakeClock
from worlds.consent import ConsentWorld
from worlds.consent_files import ConsentFileWorld, grant, lines, record_of, refusal


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> ConsentFileWorld:
    return ConsentFileWorld(aws, clock)


def test_rows_are_recorded_with_their_own_time_and_proof(world: ConsentFileWorld) -> None:
    file = world.read(
        "march.csv", lines(grant("c1"), grant("c2", 5), refusal("c3"), refusal("c4", "revoked"))
    )

    assert (file.state, file.place.row, file.successful, file.failed) == ("finished", 4, 4, 0)
    assert dict(file.taken) == {"granted.written": 2, "do_not_call": 1, "revoked": 1}
    found = world.consents.get_many(["c1", "c2", "c3", "c4"])
    assert [one.refusal for one in found.values()] == ["", "", "do_not_call", "consent_revoked"]
    [told] = world.consents.history("c2")
    assert told.change.terms == Terms(GrantKind.WRITTEN, "Acme", "0123", "form 17")
    assert (told.change.source, told.change.occurred_at.minute, told.took_effect) == ("web", 5, True)


def test_a_file_is_answered_by_a_report_a_list_and_a_fact(world: ConsentFileWorld) -> None:
    wrong = grant("c2", rest="verbal,Acme,,,,,web")
    file = world.read("march.csv", lines(grant("c1"), wrong, refusal("c3", rest="yesterday,?,?,?,?,?,?,crm")))

    assert world.wrong_rows("march.csv") == [
        {
            "row": "2",
            "line": "3",
            "field": "kind",
            "reason": "must be one of 'bare', 'express' or 'written'",
        }
    ]
    report = world.report("march.csv")
    assert (report["status"], report["rows"], report["successful"], report["failed"]) == ("finished", 3, 2, 1)
    assert report["changes"] == {"granted.written": 1, "do_not_call": 1}
    assert report["rejections"] == {"kind: must be one of 'bare', 'express' or 'written'": 1}
    facts = world.aws.published()
    assert [fact["event_type"] for fact in facts] == ["consent.recorded", "consent.file_finished"]
    assert facts[0]["data"]["contact_id"] == "c3", "refusals are told one by one, grants by the file"
    ended = facts[1]["data"]
    assert {name: report[name] for name in ended.keys() & report.keys()} == {
        name: value for name, value in ended.items() if name != "report"
    }
    assert ended["file_id"] == facts[1]["correlation_id"] == file.file_id
    assert world.consents.get("c3").refusal == "do_not_call"


def test_a_wrong_row_is_named_and_its_values_are_not(
    world: ConsentFileWorld, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    world.read("a.csv", lines("Ann Smith,granted,+1 555 0100,written,Acme,,,,,x", "c1,Ann said yes,,,,,,,,"))

    said = json.dumps([world.wrong_rows("a.csv"), world.report("a.csv"), world.aws.published(), logged()])
    assert "Ann" not in said
    assert "555" not in said
    assert [row["field"] for row in world.wrong_rows("a.csv")] == ["contact_id", "change"]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (grant("two words"), "contact_id"),
        (grant(rest="written,Acme,none,,,,"), "number"),
        (grant(rest="written,Acme,,,sales,,"), "scope"),
        (grant(rest="written,Acme,,,,next year,"), "expires_at"),
        (grant(rest=f"written,{'s' * 129},,,,,"), "seller"),
        (grant(rest=f"written,,,{'e' * 201},,,"), "evidence"),
        ("c1,granted,,written,,,,,,", "occurred_at"),
        ("c1,granted,2099-01-01T00:00:00Z,written,,,,,,", "occurred_at"),
        ("c1,agreed,2026-01-01T00:00:00Z,,,,,,,", "change"),
        ("c1,merged,2026-01-01T00:00:00Z,,,,,,,", ""),
        ("c1,granted", ""),
        ('c1,granted,"2026', ""),
    ],
)
def test_what_permits_is_checked_to_the_letter(world: ConsentFileWorld, row: str, field: str) -> None:
    file = world.read("a.csv", lines(grant("c9"), row))

    assert (file.successful, file.failed) == (1, 1)
    [wrong] = world.wrong_rows("a.csv")
    assert field in (wrong["field"], "")
    assert wrong["reason"]
    assert world.consents.get("c1").refusal == "no_consent"


def test_a_merge_is_not_asked_for_a_column_that_there_is_not(world: ConsentFileWorld) -> None:
    merge = '{"contact_id": "c1", "change": "merged"}\n'
    for name, row in (("a.csv", "contact_id,change\nc1,merged\n"), ("b.jsonl", merge)):
        world.read(name, row)
        [wrong] = world.wrong_rows(name)
        assert wrong["field"] == "change"
        assert "merges are not taken from files" in wrong["reason"]


@pytest.mark.parametrize(
    "content",
    [
        "contact_id,change,colour\nc1,do_not_call,red\n",
        "Contact ID;Change\nc1;Do not call\n",
        'contact_id,change\nc9,granted\n"c1,do_not_call\nc1,do_not_call\n',
        '{"contact_id": "c1", "change": "do_not_call", "colour": "red"}\n',
        '[{"contactId": "c1", "change": "DNC"}]',
        '{"contact_id": "c1", "change": "revoked", \n',
        "contact_id\tchange\nc1\trevoked\textra\n",
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.txt"])
def test_what_forbids_is_taken_whatever_is_wrong_with_row_and_file(
    world: ConsentFileWorld, content: str, name: str
) -> None:
    world.read(name, content)

    assert world.consents.get("c1").refusal in ("do_not_call", "consent_revoked")
    assert any(fact["data"].get("contact_id") == "c1" for fact in world.aws.published("consent.recorded"))


def test_what_forbids_is_recorded_before_anything_permits(world: ConsentFileWorld) -> None:
    rows = [grant(f"c{number}") for number in range(30)]
    record = world.drop("a.csv", lines(*rows, refusal("c99")))

    later = world.take(record, seconds=-1)
    while later is not None and not world.consents.get("c99").registers:
        assert not world.consents.get("c0").registers
        later = world.take(record, seconds=-1)
    assert world.consents.get("c99").refusal == "do_not_call"
    assert not world.consents.get("c0").registers


def test_a_file_is_taken_over_many_runs_and_only_once(world: ConsentFileWorld) -> None:
    rows = [grant(f"c{number}") for number in range(55)] + [grant("c1", rest="verbal,,,,,,")] * 3
    file = world.read("a.csv", lines(*rows), seconds=-1)

    assert (file.successful, file.failed) == (55, 3)
    assert [row["row"] for row in world.wrong_rows("a.csv")] == ["56", "57", "58"]
    assert all(len(list(world.consents.history(f"c{number}"))) == 1 for number in range(55))


@pytest.mark.slow
def test_a_long_list_of_wrong_rows_is_written_in_parts(aws: AwsWorld, clock: FakeClock) -> None:
    world = ConsentFileWorld(aws, clock, rows_at_once=5000, part_bytes=5 * 1024 * 1024)
    unknown = "n" * 60
    rows = [json.dumps({"contact_id": "c", "change": "granted", f"{unknown}{n}": 1}) for n in range(48_000)]
    file = world.read("a.jsonl", "\n".join(rows))

    assert file.failed == 48_000
    assert len(file.wrong) <= 51, "reasons are counted apart up to a number"
    assert file.answer.parts
    assert [int(row["row"]) for row in world.wrong_rows("a.jsonl")] == list(range(1, 48_001))


def test_the_same_rows_in_another_file_are_the_same_changes(world: ConsentFileWorld) -> None:
    world.read("a.csv", lines(grant("c1"), refusal("c2"), grant("c1"), header=_header()))
    world.aws.published()
    again = world.read("b.csv", lines(refusal("c2"), grant("c1")))

    assert again.successful == 2
    assert [len(list(world.consents.history(contact))) for contact in ("c1", "c2")] == [1, 1]
    assert [fact["event_type"] for fact in world.aws.published()] == ["consent.file_finished"]


def _header() -> str:
    return "contactId,change,occurredAt,kind,seller,number,evidence,scope,expiresAt,source"


def test_a_list_without_times_that_comes_anew_forbids_anew() -> None:
    """A refusal that states no time is the upload's: the next month's list says it once more."""
    [named] = REFUSALS.of_pairs([("contact_id", "c1"), ("change", "dnc")])
    july = FakeClock().now()
    uploads = (july, july, july.replace(month=8))
    files = [ConsentFile(f"f{n}", "a.csv", "", "", 1, moment) for n, moment in enumerate(uploads)]
    first, again, next_month = [refused_change(named, file, "acme") for file in files]

    assert first == again
    assert first.event_id != next_month.event_id
    assert first.rank < next_month.rank


def test_what_was_not_recorded_is_tried_again_when_the_same_file_is_put_once_more(
    world: ConsentFileWorld,
) -> None:
    early = "c2,granted,2999-01-01T00:00:00Z,written,Acme,,,,,web"
    first = world.read("a.csv", lines(grant("c1"), early))
    assert (first.attempt, first.failed) == (1, 1)
    second = world.read("a.csv", lines(grant("c1"), early))

    assert (second.file_id, second.attempt, second.successful, second.failed) == (first.file_id, 2, 1, 1)
    facts = world.aws.published("consent.file_finished")
    assert len({fact["event_id"] for fact in facts}) == 2
    assert len(list(world.consents.history("c1"))) == 1


def test_a_category_is_revoked_alone_only_by_setting(world: ConsentFileWorld) -> None:
    rows = [grant("c1"), "c1,revoked,2026-03-10T11:00:00Z,,,,,telemarketing,,crm"]
    world.read("a.csv", lines(*rows))
    assert world.consents.get("c1").refusal_for("informational") == "consent_revoked"
    ConsentWorld(world.aws, FakeClock()).configure(revocation_scope="category")
    world.start_afresh()
    world.read("b.csv", lines(*(row.replace("c1", "c2") for row in rows)))
    assert world.consents.get("c2").refusal_for("informational") == ""
    assert world.consents.get("c2").refusal_for("telemarketing") == "consent_revoked"


def test_all_changes_of_one_contact_may_stand_in_one_file(world: ConsentFileWorld) -> None:
    rows = [grant("c1", minute) for minute in range(20)] + [refusal("c1", "revoked"), grant("c2")]
    world.read("a.csv", lines(*rows))

    assert world.consents.get("c1").refusal == "consent_revoked"
    assert len(list(world.consents.history("c1"))) == 21


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl"])
def test_every_form_is_read(world: ConsentFileWorld, name: str) -> None:
    content: str | bytes = gzip.compress(lines(grant("c1")).encode())
    if name.endswith("jsonl"):
        named = {
            "contactId": 17,
            "change": "granted",
            "occurredAt": "2026-01-01T00:00:00Z",
            "kind": "express",
        }
        content = json.dumps({**named, "contactId": "c1", "number": None}) + "\n"
    assert world.read(name, content).successful == 1
    assert world.consents.get("c1").callable


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", lines(grant()), "unknown_extension"),
        ("a.csv", "", "empty"),
        ("a.csv", "contact_id,change,colour\n", "unknown_column"),
        ("a.csv", "contact_id,kind\n", "missing_column"),
        ("a.csv", "contact_id,change,contactId\n", "repeated_column"),
        ("a.csv", b"PK\x03\x04", "not_what_its_name_says"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused_whole(
    world: ConsentFileWorld, name: str, content: str | bytes, reason: str
) -> None:
    file = world.read(name, content)

    assert (file.state, file.reason, file.successful) == ("refused", reason, 0)
    assert world.report(name)["reason"] == reason
    [fact] = world.aws.published("consent.file_finished")
    assert (fact["data"]["status"], fact["data"]["wrong_rows"]) == ("refused", None)


def test_grants_to_more_sellers_than_are_kept_count_for_nothing_and_are_heard(
    world: ConsentFileWorld, logged: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_slots, "MOST_GRANTS", 3)
    partners = [grant("c1", number, rest=f"written,Partner {number},,,,,web") for number in range(5)]
    world.read("a.csv", lines(*partners, grant("c2")))

    sellers = {each.terms.seller for each in world.consents.get("c1").grants}
    assert sellers == {"Partner 0", "Partner 1", "Partner 2"}
    refused = [each.refused for each in world.consents.history("c1")]
    assert refused == ["", "", "", "seller", "seller"]
    assert world.consents.get("c2").callable
    said = [each for each in logged() if "more sellers" in each["message"]]
    assert sum(len(each["changes"]) for each in said) == 2


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", "+12125550100,granted,2026-03-01T00:00:00Z,Ann Smith\n", "no_header"),
        ("a.csv", "Smith,granted,2026-03-01T00:00:00Z\n", "no_header"),
        ("a.csv", "contact_id,change,Ann Smith\n", "unknown_column"),
        ("a.csv", "contact_id,change,+12125550100\n", "unknown_column"),
        ("a.jsonl", '{"contact_id": "c1", "change": "granted", "Ann Smith": 1}\n', ""),
        ("a.jsonl", '{"contact_id": "c1", "change": "granted", "+12125550100": 1}\n', ""),
    ],
)
def test_what_stands_where_a_name_should_be_is_not_told(
    world: ConsentFileWorld,
    name: str,
    content: str,
    reason: str,
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    """A table without a header, or JSON by a person's name: facts and reports go to others."""
    file = world.read(name, content)

    assert (file.reason, file.successful) == (reason, 0)
    said = json.dumps([world.report(name), world.aws.published(), logged(), file.message])
    for personal in ("Smith", "2125550100"):
        assert personal not in said


def test_answers_of_ours_are_not_files(world: ConsentFileWorld) -> None:
    world.read("a.csv", lines(grant("c1", rest="verbal,,,,,,")))
    keys = list(world.aws.objects("LAKE_BUCKET", "consent/inbox/"))
    for key in keys:
        if key != "consent/inbox/a.csv":
            head = world.aws.s3.head_object(Bucket=world.inbox.bucket, Key=key)
            assert world.take(record_of(key, head["ETag"].strip('"'))) is None
    assert len(list(world.files.all())) == 1


_ROWS = (
    grant("p", 0),
    grant("p", 1, "bare,,,,,,crm"),
    grant("p", 9, "express,,,,,,crm"),
    "p,revoked,2026-03-10T10:05:00Z,,,,,telemarketing,,crm",
    "p,do_not_call,,,,,,,,crm",
    "p,do_not_call_lifted,2026-03-10T10:30:00Z,,,,,,,crm",
)


@pytest.mark.slow
def test_whatever_the_order_of_rows_the_ledger_ends_the_same(aws: AwsWorld, clock: FakeClock) -> None:
    world = ConsentFileWorld(aws, clock, rows_at_once=2)
    ends = set()
    for number, order in enumerate(list(permutations(_ROWS[:5]))[::11]):
        name = f"p{number}"
        world.read(f"{name}.csv", lines(*(row.replace("p,", f"{name},", 1) for row in order)))
        consent = world.consents.get(name)
        history = [(one.change.value, one.change.occurred_at.minute) for one in world.consents.history(name)]
        kinds = tuple(grant.terms.kind for grant in consent.grants_for(""))
        ends.add((consent.refusal, kinds, tuple(v for v, _ in history if v is not Value.SET)))
    assert len(ends) == 1


_cell = st.sampled_from(
    [
        "c1",
        "granted",
        "revoked",
        "do_not_call",
        "2026-03-10T10:00:00Z",
        "written",
        "",
        "telemarketing",
        '"',
        "x",
    ]
)


@given(st.lists(st.lists(_cell, min_size=1, max_size=11).map(",".join), max_size=6), st.booleans())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_a_row_forbids_is_found_first_and_is_the_same_change(rows: list[str], crlf: bool) -> None:
    """Whatever the reading of rows takes for a refusal, the first pass took for the same one."""
    content = lines(*rows).replace("\n", "\r\n" if crlf else "\n").encode()
    clock = FakeClock()
    file = ConsentFile("f", "a.csv", "e", "", len(content), clock.now())

    def block(first: int, size: int) -> bytes:
        return content[first : first + size]

    noted = {
        refused_change(each, file, "acme").event_id
        for row in refusals_of(block, len(content), REFUSALS, Place())
        for each in row.refusals
    }
    checked = check(file, COLUMNS, block, 10**6, Deadline(clock, 60))
    for row in rows_of(checked, block, checked.place, "acme"):
        assert (row.change is None) == isinstance(row.wrong, InvalidChange)
        assert row.change is None or not row.change.value.forbids or row.change.event_id in noted
