"""Tables fit the terminal without cutting anything; one thing is shown in lines."""

from __future__ import annotations

import json

import pytest

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
    assert [line.strip().split(":")[0] for line in lines[5:]] == ["reason", "job_id"]


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


def test_whoever_reads_a_pipe_gets_whole_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    Output(as_json=False).rows(ROWS, "")
    assert len(capsys.readouterr().out.splitlines()) == 4


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
