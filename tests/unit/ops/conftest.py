from __future__ import annotations

import pytest
from aws_world import AwsWorld, FakeClock
from command_world import Command, command


@pytest.fixture
def outbound(
    aws: AwsWorld,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Run `outbound ...` on the stack in moto."""
    return command(aws, clock, monkeypatch, capsys)
