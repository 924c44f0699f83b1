"""`outbound dispositions`: what an operator sees of deliveries and files, and how a file is put in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from outbound.cli.__main__ import parser
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.dispositions.ledger import DUE_WAITING, DispositionStatus
from outbound.dispositions.requests import best_effort_request
from outbound.store.outbox import DUE_FACTS
from sandbox.running import Tenant
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock
from worlds.disposition_files import HEADER, DispositionFileWorld, lines, row
from worlds.dispositions import DELIVERY, DispositionWorld


@pytest.fixture
def files(aws: AwsWorld, clock: FakeClock) -> DispositionFileWorld:
    return DispositionFileWorld(aws, clock)


@pytest.fixture
def outbound(aws: AwsWorld, clock: FakeClock, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command of the group as a script (JSON) or as a person (a text)."""
    outputs = {name: ENVIRONMENT[key] for name, key in (("Tenant", "TENANT"), ("LakeBucket", "LAKE_BUCKET"))}
    outputs |= {"StateTable": ENVIRONMENT["STATE_TABLE"], "BusName": ENVIRONMENT["BUS_NAME"]}

    def run(*arguments: str, as_json: bool = True) -> Any:
        chosen = parser().parse_args(["dispositions", *arguments])
        run.code = chosen.run(  # type: ignore[attr-defined]
            Stack("outbound", outputs, clock), chosen, Output(as_json=as_json)
        )
        said = capsys.readouterr().out
        return json.loads(said) if as_json else said

    return run


def test_the_report_of_a_delivery(world: DispositionWorld, outbound: Any) -> None:
    first, second = world.requested(id="r1"), world.requested("MAYBE", id="r2", contact="c2")
    world.take(first, second)

    report = outbound("report", DELIVERY)
    assert (report["correlation_id"], report["processed"], report["successful"]) == (DELIVERY, 2, 1)
    assert (report["failed"], report["accuracy_rate_percent"]) == (1, 50.0)
    shown = outbound("show", DELIVERY)
    assert [(one["request_id"], one["outcome"], one["field"]) for one in shown] == [
        ("r1", "applied", None),
        ("r2", "rejected", "outcome_code"),
    ]
    one = outbound("show", DELIVERY, "r1")
    assert (one["outcome"], one["contact_id"]) == ("applied", world.contact_id("c1"))
    assert not {"pk", "ttl", "due_kind"} & set(one)
    assert outbound("show", DELIVERY, as_json=False).startswith("request_id")
    # One thing is lines for a person.
    assert outbound("show", DELIVERY, "r1", as_json=False).startswith("request_id: r1\n")
    assert outbound("report", DELIVERY, as_json=False).startswith(f"correlation_id: {DELIVERY}\n")


@pytest.mark.parametrize("command", [("report", "nothing"), ("show", "nothing"), ("show", "nothing", "r1")])
def test_what_is_not_known_is_refused(aws: AwsWorld, outbound: Any, command: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="nothing is known of"):
        outbound(*command)


def test_those_that_wait_are_listed_oldest_first_until_they_end(
    world: DispositionWorld, outbound: Any, tenant: Tenant
) -> None:
    for name in ("c1", "c2"):
        tenant.set_contact_state("renewals", world.contact_id(name), "CONNECTED")
        # One of them also says that its contact must not be called: a fact of its own, published before.
        world.take(world.requested("DO_NOT_CALL" if name == "c2" else "BUSY", id=name, contact=name))
        world.clock.advance(minutes=1)
    world.take(world.requested("DO_NOT_CALL", id="c2", contact="c2"))

    rows = outbound("waiting")
    assert [(one["request_id"], one["looked"], one["state"]) for one in rows] == [
        ("c1", 1, "CONNECTED"),
        ("c2", 2, "CONNECTED"),
    ]
    assert [one["since"] for one in rows] == ["2026-03-10T12:00:00Z", "2026-03-10T12:01:00Z"]
    assert {one["correlation_id"] for one in rows} == {DELIVERY}
    assert world.sweep() == 0, "what waits is not the sweeper's"

    tenant.set_contact_state("renewals", world.contact_id("c1"), "READY")
    world.take(world.requested("BUSY", id="c1", contact="c1"))
    assert [one["request_id"] for one in outbound("waiting")] == ["c2"]
    assert "due_kind" not in world.ledger.get(DELIVERY, "c1")
    tenant.set_contact_state("renewals", world.contact_id("c2"), "READY")
    world.take(world.requested("DO_NOT_CALL", id="c2", contact="c2"))
    assert outbound("waiting", as_json=False) == "no disposition waits for its contact\n"
    assert world.endings() == {"c1": "applied", "c2": "applied"}


def test_a_request_with_facts_to_publish_waits_visibly_once_they_are_out(
    world: DispositionWorld, outbound: Any
) -> None:
    event, now = world.requested("DO_NOT_CALL", id="r1"), world.clock.now()
    ledger = world.ledger
    ledger.record_facts(DELIVERY, "r1", "c1", [event], now)
    request = _request(world, "r1")
    assert ledger.defer(request, "DIALING", now)["due_kind"] == DUE_FACTS
    world.clock.advance(minutes=1)
    assert ledger.defer(request, "DIALING", world.clock.now())["deferrals"] == 2

    assert world.sweep() == 1
    assert ledger.get(DELIVERY, "r1")["due_kind"] == DUE_WAITING
    assert [one["since"] for one in outbound("waiting")] == ["2026-03-10T12:00:00Z"]


def test_a_request_that_ends_with_facts_to_publish_waits_no_more(
    world: DispositionWorld, outbound: Any
) -> None:
    event, now = world.requested("DO_NOT_CALL", id="r1"), world.clock.now()
    world.ledger.record_facts(DELIVERY, "r1", "c1", [event], now)
    request = _request(world, "r1")
    world.ledger.defer(request, "DIALING", now)
    world.ledger.end(request, DispositionStatus.SUPERSEDED, {}, [world.requested(id="r2")], now)

    assert world.sweep() == 1
    item = world.ledger.get(DELIVERY, "r1")
    assert not {"due_kind", "due_at", "next_due", "facts"} & set(item)
    assert outbound("waiting") == []
    assert len(world.aws.published()) == 2


def _request(world: DispositionWorld, request_id: str) -> Any:
    return best_effort_request(world.requested("DO_NOT_CALL", id=request_id), world.clock.now())


def test_files_and_their_reports(files: DispositionFileWorld, outbound: Any) -> None:
    files.read("waiting.csv", lines(row("c1")))
    files.queued()
    files.read("refused.csv", "")
    found = files.finish("good.csv", lines(row("c1"), "broken"))

    rows = {one["file"]: one for one in outbound("files")}
    assert {name: one["state"] for name, one in rows.items()} == {
        "waiting.csv": "waiting",
        "refused.csv": "refused",
        "good.csv": "finished",
    }
    assert (rows["good.csv"]["applied"], rows["good.csv"]["rejected"]) == (1, 1)
    assert rows["refused.csv"]["why"] == "it is empty"
    report = outbound("report", found)
    assert (report["state"], report["rows"], report["processed"]) == ("finished", 2, 2)
    assert report["outcomes"] == files.report("good.csv")["outcomes"]
    waiting = outbound("report", rows["waiting.csv"]["file_id"])
    assert (waiting["state"], waiting["rows"], waiting["processed"]) == ("waiting", 1, 0)
    assert [one["outcome"] for one in outbound("show", found)] == ["applied", "rejected"]
    assert outbound("show", rows["waiting.csv"]["file_id"]) == []


def test_no_files(files: DispositionFileWorld, outbound: Any) -> None:
    assert outbound("files", as_json=False) == "no file has come in\n"


def test_a_file_is_put_in_under_the_id_that_it_then_has(
    files: DispositionFileWorld, outbound: Any, tmp_path: Path
) -> None:
    file = tmp_path / "march.csv"
    file.write_text(lines(row("c1")))
    put = outbound("put", str(file), "--as", "crm/2026.csv")
    assert put["key"] == "dispositions/inbox/crm/2026.csv"

    assert files.finish("crm/2026.csv", file.read_text()) == put["file_id"]
    assert outbound("report", put["file_id"])["successful"] == 1
    again = outbound("put", str(file), "--as", "crm/2026.csv", as_json=False)
    assert put["file_id"] in again
    assert "was there before and is finished" in again
    assert "is in the inbox" in outbound("put", str(file), "--as", "crm/again.csv", as_json=False)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.xlsx", "ends in none of"),
        ("missing.csv", "No such file"),
    ],
)
def test_what_cannot_be_put_in_is_refused(
    aws: AwsWorld, outbound: Any, tmp_path: Path, name: str, message: str
) -> None:
    if name != "missing.csv":
        (tmp_path / name).write_text("x")
    with pytest.raises(ValueError, match=message):
        outbound("put", str(tmp_path / name))
    assert aws.objects("LAKE_BUCKET") == {}


@pytest.mark.parametrize("name", ["../a.csv", "a/../b.csv", "/a.csv", "a//b.csv"])
def test_a_file_keeps_to_the_inbox(aws: AwsWorld, outbound: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(ValueError, match="is not a name"):
        outbound("put", str(tmp_path / "a.csv"), "--as", name)
    assert aws.objects("LAKE_BUCKET") == {}


def test_a_dry_run_says_what_is_in_a_file_and_changes_nothing(
    files: DispositionFileWorld, outbound: Any, tmp_path: Path, aws: AwsWorld
) -> None:
    file = tmp_path / "march.csv"
    rows = [row(f"c{number}") for number in range(100)]
    file.write_text(lines(*rows, row("c200", "DO_NOT_CALL"), row("c201", "MAYBE"), "other,c202,DNC"))
    said = outbound("put", str(file), "--dry-run")

    assert outbound.code == 0
    assert (said["rows"], said["right"], said["wrong"], said["do_not_call"]) == (103, 101, 2, 2)
    assert said["outcome_codes"] == {"DO_NOT_CALL": 1, "INTERESTED": 100}
    assert said["campaigns"] == {"renewals": 101}
    assert said["seconds_at_least"] == 21, "ten calls a second, two a row"
    assert [(one["row"], one["field"]) for one in said["wrong_rows"]] == [(102, "outcome_code"), (103, "")]
    assert aws.objects("LAKE_BUCKET") == {}
    assert aws.published() == []
    assert "seconds_at_least" in outbound("put", str(file), "--dry-run", as_json=False)


def test_a_dry_run_of_a_file_that_is_refused_is_not_a_success(
    files: DispositionFileWorld, outbound: Any, tmp_path: Path, aws: AwsWorld
) -> None:
    file = tmp_path / "march.csv"
    file.write_text(lines(row("c7", "DNC") + ",1", header=HEADER + ",phone"))
    said = outbound("put", str(file), "--dry-run")
    assert outbound.code == 2
    assert "'phone'" in said["refused"]
    assert said["do_not_call"] == 1

    with pytest.raises(ValueError, match="is refused: its column 'phone'"):
        outbound("put", str(file))
    assert list(aws.objects("LAKE_BUCKET")) == ["dispositions/inbox/march.csv"], (
        "whom it forbids to call counts"
    )


def test_a_file_that_is_cancelled_applies_nothing_more(
    aws: AwsWorld, clock: FakeClock, tenant: Tenant, outbound: Any
) -> None:
    files, applying = DispositionFileWorld(aws, clock), DispositionWorld(aws, clock, tenant)
    ids = [applying.contact_id(name) for name in ("c1", "c2", "c3")]
    rest = f"{applying.agent},,,"
    record = files.drop(
        "a.csv", lines(row(ids[0], rest=rest), row(ids[1], "DO_NOT_CALL", rest), row(ids[2], rest=rest))
    )
    assert files.take(record) is not None
    (first, *others) = files.queued()
    applying.take(first)
    found = first.correlation_id
    assert outbound("cancel", found)["file_id"] == found
    assert outbound("files")[0]["state"] == "waiting, cancelled"
    applying.take(*others)
    applying.take(*others)

    assert files.take(record) is None
    assert [(one["outcome"], one["reason"]) for one in files.result("a.csv")] == [
        ("applied", ""),
        ("rejected", "cancelled"),
        ("rejected", "cancelled"),
    ]
    assert [fact["data"]["contact_id"] for fact in aws.published("consent.changed")] == [ids[1]]
    assert len(applying.contact("c3").writes) == 0
    with pytest.raises(ValueError, match="finished already"):
        outbound("cancel", found)
    with pytest.raises(ValueError, match="no file"):
        outbound("cancel", "nothing")


def test_a_file_that_is_cancelled_while_it_is_read_queues_no_more_rows(
    files: DispositionFileWorld, outbound: Any
) -> None:
    rows = [row(f"c{number}") for number in range(35)]
    record = files.drop("a.csv", lines(*rows, row("c7", "DNC"), row("c8", "DO_NOT_CALL")))
    while not (early := files.queued()):
        assert files.take(record, seconds=0) is not None
    outbound("cancel", early[0].correlation_id)
    files.end_rows("", {})
    for event in early:
        files.end_row(event)
    while files.take(record) is not None:
        files.clock.advance(seconds=60)

    assert files.queued() == []
    outcomes = [one["outcome"] for one in files.result("a.csv")]
    assert outcomes == ["applied"] * 10 + ["rejected"] * 27
    assert files.report("a.csv")["rejections"] == {"cancelled": 26, "invalid_request": 1}
    assert {fact["data"]["contact_id"] for fact in files.aws.published("consent.changed")} == {"c7", "c8"}
