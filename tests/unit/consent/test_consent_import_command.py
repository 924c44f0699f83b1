"""`outbound consent import`, `files`, `report`: a list is looked at, put, and accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from outbound.cli.stack import Stack
from worlds.aws import AwsWorld, FakeClock
from worlds.command import Command, command
from worlds.consent_files import PREFIX, ConsentFileWorld, grant, lines, record_of, refusal

_ROWS = (grant("c1"), grant("c2", rest="bare,,,,,,"), refusal("c3"), grant("c4", rest="verbal,,,,,,"))


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> ConsentFileWorld:
    return ConsentFileWorld(aws, clock)


@pytest.fixture
def outbound(
    world: ConsentFileWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return command(world.aws, world.clock, monkeypatch, capsys)


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(lines(*_ROWS))
    return path


def test_a_dry_run_counts_by_change_and_kind_and_needs_no_stack(
    outbound: Command, listed: Path, monkeypatch: pytest.MonkeyPatch, world: ConsentFileWorld
) -> None:
    def no_stack(name: str) -> Stack:
        raise AssertionError(f"{name} was asked for")

    monkeypatch.setattr(Stack, "named", no_stack)
    said = outbound("--json", "consent", "import", str(listed), "--dry-run").json

    assert said["changes"] == {"do_not_call": 1, "granted.bare": 1, "granted.written": 1}
    assert (said["rows"], said["right"], said["wrong"], said["forbidding"]) == (4, 3, 1, 1)
    [wrong] = said["wrong_rows"]
    assert (wrong["row"], wrong["line"], wrong["field"]) == (4, 5, "kind")
    assert "verbal" not in str(said)
    assert world.aws.objects("LAKE_BUCKET", PREFIX) == {}


def test_a_dry_run_of_a_file_that_would_be_refused_says_why(outbound: Command, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("contact_id,change,colour\nc1,do_not_call,red\n")
    said = outbound("consent", "import", str(path), "--dry-run")

    assert said.code == 2
    assert "colour" in said.out


def test_a_list_is_put_and_accounted_for(outbound: Command, listed: Path, world: ConsentFileWorld) -> None:
    said = outbound("--json", "consent", "import", str(listed), "--as", "2026/march.csv").json
    assert (said["rows"], said["wrong"], said["key"]) == (4, 1, "consent/inbox/2026/march.csv")
    etag = world.aws.s3.head_object(Bucket=world.inbox.bucket, Key=said["key"])["ETag"].strip('"')
    assert world.take(record_of(said["key"], etag)) is None

    [row] = outbound("--json", "consent", "files").json
    assert (row["file"], row["state"], row["recorded"], row["wrong"]) == ("2026/march.csv", "finished", 3, 1)
    report = outbound("--json", "consent", "report", said["file_id"]).json
    assert report["changes"] == {"do_not_call": 1, "granted.bare": 1, "granted.written": 1}
    assert [(wrong["row"], wrong["field"]) for wrong in report["first_wrong_rows"]] == [("4", "kind")]
    again = outbound("consent", "import", str(listed), "--as", "2026/march.csv").out
    assert "was there before; what was not recorded of it is tried again" in again
    listed.write_text(lines(grant("c5")))
    for said_of_it in ("is in the inbox (rows: 1, wrong: 0)", "was there before and is finished"):
        assert said_of_it in outbound("consent", "import", str(listed)).out
        etag = world.aws.s3.head_object(Bucket=world.inbox.bucket, Key=f"{PREFIX}list.csv")["ETag"].strip('"')
        assert world.take(record_of(f"{PREFIX}list.csv", etag)) is None
    shown = outbound("--json", "consent", "show", "c1").json
    assert shown["grants"][0] == {
        "value": "granted",
        "source": "web",
        "since": "2026-03-10T10:00:00Z",
        "kind": "written",
        "seller": "Acme",
        "number_ends_in": "0123",
        "evidence": "form 17",
    }


def test_a_file_that_is_refused_is_in_the_inbox_all_the_same(
    outbound: Command, tmp_path: Path, world: ConsentFileWorld
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("contact_id,change,colour\nc1,do_not_call,red\n")
    said = outbound("consent", "import", str(path))

    assert said.code != 0
    assert "is in the inbox and is refused" in said.err
    assert list(world.aws.objects("LAKE_BUCKET", PREFIX)) == ["consent/inbox/list.csv"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "nowhere.csv"),
        ("import", "list.txt"),
        ("import", "list.csv", "--as", "../list.csv"),
        ("report", "f1"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    outbound: Command, listed: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(listed.parent)
    (listed.parent / "list.txt").write_text(listed.read_text())
    said = outbound("consent", *arguments)

    assert said.code == 2
    assert said.err.count("\n") == 1


def test_no_list_is_an_answer(outbound: Command) -> None:
    assert outbound("consent", "files").out == "no list of consent has come in\n"
