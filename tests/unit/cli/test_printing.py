"""Tables fit the terminal without cutting anything; one thing is shown in lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outbound.cli.__main__ import main
from outbound.cli.output import Output

ROWS = [
    {"start": "2026-03-10T08:00:00Z", "state": "completed", "reason": None, "job_id": "spring-" + "x" * 60},
    {"start": "2026-03-10T09:00:00Z", "state": "waiting", "reason": "a " * 60, "job_id": "spring-2"},
]


def test_what_does_not_fit_stands_below_its_row_uncut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    Output(as_json=False).rows(ROWS, "")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["start", "state"]
    assert lines[2].split() == ["2026-03-10T08:00:00Z", "completed"]
    assert lines[3] == "    job_id: spring-" + "x" * 60
    assert lines[4].split() == ["2026-03-10T09:00:00Z", "waiting"]
    assert " ".join(line.strip() for line in lines[5:-1]) == "reason: " + " ".join("a" * 60)
    assert lines[-1] == "    job_id: spring-2"


def test_a_table_that_fits_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    Output(as_json=False).rows([{"a": 1, "b": "x" * 70}], "")
    assert capsys.readouterr().out.splitlines() == [
        f"a  b{' ' * 69}".rstrip(),
        f"-  {'-' * 70}",
        f"1  {'x' * 70}",
    ]


def test_the_reader_of_a_pipe_gets_whole_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    Output(as_json=False).rows(ROWS, "")
    assert len(capsys.readouterr().out.splitlines()) == 4


URL = "https://crm.example.com/hooks/" + "outbound-" * 8
COMMAND = "outbound campaigns register " + "spring-renewals-" * 4


def _printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], row: Any) -> list[str]:
    monkeypatch.setenv("COLUMNS", "80")
    Output(as_json=False).rows([row], "")
    return capsys.readouterr().out.splitlines()


def test_prose_of_a_table_is_folded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prose = "given up after 8 attempts; the last one answered 503 " * 4
    lines = _printed(monkeypatch, capsys, {"id": "m1", "reason": prose})
    assert max(map(len, lines)) < 80
    assert " ".join(line.strip() for line in lines[3:]) == f"reason: {prose}".strip()


@pytest.mark.parametrize("copied", [URL, "arn:aws:sqs:eu-west-1:123456789012:" + "x" * 50])
def test_what_is_to_be_copied_stays_in_one_piece_on_a_line_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], copied: str
) -> None:
    lines = _printed(monkeypatch, capsys, {"destination": "crm", "url": copied, "on": True, "parked": 0})
    assert lines[2:] == ["crm", "    url:", f"        {copied}", "    on: yes  parked: 0"]


def test_a_command_at_the_end_of_a_sentence_stays_in_one_piece(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    Output(as_json=False).said(f"the campaign is not registered, so it has no pulls; use: {COMMAND}")
    assert capsys.readouterr().out.splitlines() == [
        "the campaign is not registered, so it has no pulls; use:",
        f"    {COMMAND}",
    ]
    lines = _printed(monkeypatch, capsys, {"id": "m1", "reason": f"it is not registered; use: {COMMAND}"})
    assert lines[3:] == ["    reason: it is not registered; use:", f"        {COMMAND}"]


def test_a_sentence_is_folded_between_words_and_hyphens_do_not_end_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    sentence = "asked for spring-renewals [2026-03-10T08:00:00Z, 2026-03-11T08:00:00Z); request 77-88-99-aa"
    Output(as_json=False).said(sentence)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) < 60
    assert [word for line in lines for word in line.split()] == sentence.split()


def test_a_refusal_is_folded_to_the_terminal_and_its_command_stays_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.delenv("OUTBOUND_STACK", raising=False)
    assert main(["compliance", "explain", "--at", "yesterday"]) == 2
    assert main(["campaigns", "provision", "nowhere.json"]) == 2
    with pytest.raises(SystemExit):
        main(["campaigns", "register", "spring-renewals", "--max-per-day", "many"])
    lines = capsys.readouterr().err.splitlines()
    assert max(map(len, lines)) < 60
    assert " ".join(line.strip() for line in lines) == (
        "outbound: --at: 'yesterday' is not a time; write one like -1h, now or 2026-01-31T08:00:00Z"
        " outbound: nowhere.json: No such file or directory"
        " outbound: argument --max-per-day: 'many' is not a whole number;"
        " see: outbound campaigns register --help"
    )
    monkeypatch.delenv("COLUMNS")
    assert main(["compliance", "explain", "--at", "yesterday"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1, "a script reads one line"


def test_a_first_column_wider_than_the_terminal_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    Output(as_json=False).rows([{"a": "x" * 30, "b": "y"}], "")
    assert capsys.readouterr().out.splitlines()[2:] == ["x" * 30, "    b: y"]


def test_one_thing_is_lines_for_a_person_and_json_for_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    record = {
        "id": "r1",
        "empty": None,
        "about": {"reason": "busy"},
        "left": [{"id": 1, "why": "x"}],
        "n": [1, 2],
    }
    Output(as_json=False).record(record)
    assert capsys.readouterr().out.splitlines() == [
        "id: r1",
        "empty: -",
        "about:",
        "  reason: busy",
        "left:",
        "  - id: 1",
        "    why: x",
        "n: 1, 2",
    ]
    Output(as_json=True).record(record)
    assert json.loads(capsys.readouterr().out) == record


@pytest.mark.parametrize("as_json", [True, False])
def test_a_set_is_printed_in_order(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    Output(as_json).record({"noted": {"c2", "c1"}})
    said = capsys.readouterr().out
    assert said.index("c1") < said.index("c2")
    assert "{'" not in said
