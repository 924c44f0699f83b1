"""The operator's command in this process, on the stack that moto plays."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from outbound.cli.__main__ import main
from outbound.cli.stack import Stack
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock


@dataclass(frozen=True)
class Said:
    """What a command came to: its exit code, what it printed, what it complained of."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


Command = Callable[..., Said]


def outputs_of(aws: AwsWorld) -> dict[str, str]:
    """The outputs of the template, as far as moto has what they name."""
    outputs = {"Tenant": ENVIRONMENT["TENANT"], "CxoneSecret": ENVIRONMENT["CXONE_SECRET"]}
    outputs["CxoneApi"] = ENVIRONMENT["CXONE_API"]
    outputs["DashboardUrl"] = "https://api.example.com/v1/dashboard"
    outputs["DashboardSecret"] = "outbound/dashboard"
    named = {"BusName": "BUS_NAME", "StateTable": "STATE_TABLE", "TokenTable": "TOKEN_TABLE"}
    named |= {"ConsentTable": "CONSENT_TABLE", "LakeBucket": "LAKE_BUCKET", "ArchiveBucket": "ARCHIVE_BUCKET"}
    outputs |= {output: ENVIRONMENT[variable] for output, variable in named.items()}
    for name, url in aws.queue_urls.items():
        words = "".join(word.title() for word in name.removesuffix("-dlq").split("-"))
        outputs[words + ("DeadLettersUrl" if name.endswith("-dlq") else "QueueUrl")] = url
    return outputs


def command(
    aws: AwsWorld,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Give a function that runs `outbound ...` and says what came of it."""
    outputs = outputs_of(aws)
    # A test says how wide the terminal is where that matters.
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(Stack, "named", lambda name: Stack(name, outputs, clock))

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        try:
            code = main(["--stack", "outbound", *arguments])
        except SystemExit as refused:
            code = int(refused.code or 0)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run
