"""`outbound webhooks register`: the operator sees what it took, and a failure is one."""

from __future__ import annotations

import io
import json
from typing import Any

import boto3
import pytest

from outbound.cli.__main__ import parser
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from worlds.aws import FakeClock


class FakeLambda:
    """Answers an invocation as a test says, and remembers what it was asked."""

    def __init__(self, answer: dict[str, Any], **about: Any) -> None:
        self.answer = answer
        self.about = about
        self.asked: list[tuple[str, Any]] = []

    def invoke(self, FunctionName: str, Payload: bytes) -> Any:  # noqa: N803 - boto3's own
        self.asked.append((FunctionName, json.loads(Payload)))
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode()), **self.about}


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> Any:
    def run(function: FakeLambda, *options: str) -> None:
        monkeypatch.setattr(boto3, "client", lambda *_, **__: function)
        chosen = parser().parse_args(["webhooks", "register", *options])
        chosen.run(Stack("outbound", {"Tenant": "acme"}, clock), chosen, Output(as_json=True))

    return run


def _outcome(**parts: str) -> dict[str, str]:
    return {
        "name": "outbound dialer",
        "outcome": "registered",
        "subscription_id": "wh-1",
        "message": "",
        **parts,
    }


def test_it_asks_the_function_of_the_stack_and_shows_what_that_took(
    register: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    function = FakeLambda({"webhooks": [_outcome()]})
    register(function)
    register(function, "--again")

    name = "outbound-register-webhooks"
    assert function.asked == [(name, {"again": False}), (name, {"again": True})]
    assert '"outcome": "registered"' in capsys.readouterr().out


@pytest.mark.parametrize("outcome", ["failed", "busy"])
def test_what_is_not_registered_is_a_failure(
    register: Any, outcome: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = _outcome(outcome=outcome, message="forbidden: give the client a scope")

    with pytest.raises(ValueError, match="outbound dialer: forbidden: give the client a scope"):
        register(FakeLambda({"webhooks": [_outcome(), wrong]}))
    assert outcome in capsys.readouterr().out


def test_a_function_that_fails_is_named(register: Any) -> None:
    broken = FakeLambda({"errorMessage": "the secret has no value"}, FunctionError="Unhandled")

    with pytest.raises(ValueError, match="register-webhooks failed: the secret has no value"):
        register(broken)
