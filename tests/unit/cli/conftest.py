from __future__ import annotations

import pytest

from worlds.aws import AwsWorld, FakeClock
from worlds.command import Command, command


@pytest.fixture
def outbound(
    aws: AwsWorld,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Run `outbound ...` on the stack in moto."""
    return command(aws, clock, monkeypatch, capsys)
