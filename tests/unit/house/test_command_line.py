"""How the operator's command takes its arguments, and how it says that it cannot reach anything."""

from __future__ import annotations

import pytest

from outbound.ops.__main__ import main
from outbound.ops.stack import Stack, StackNotFound


@pytest.mark.parametrize(
    "arguments",
    [["--json", "campaigns", "list"], ["campaigns", "--json", "list"], ["campaigns", "list", "--json"]],
)
def test_json_may_stand_anywhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    def named(name: str) -> Stack:
        raise StackNotFound(f"there is no stack {name}")

    monkeypatch.setattr(Stack, "named", named)

    # What cannot be parsed raises SystemExit; this only finds no such stack.
    assert main(arguments) == 2
    assert "there is no stack" in capsys.readouterr().err


def test_an_aws_that_is_not_there_has_refused_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)

    assert main(["campaigns", "list"]) == 1
    assert "cannot be reached" in capsys.readouterr().err
