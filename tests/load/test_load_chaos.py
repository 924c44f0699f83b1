"""Functions that die while the bridge is played whole: everything arrives, once, within five minutes."""

from __future__ import annotations

import pytest
from rich.console import Console

from scenario.cast import PATIENCE_SECONDS, assembled, world
from scenario.playing import play

pytestmark = [pytest.mark.load, pytest.mark.stack, pytest.mark.timeout(900)]


@pytest.mark.parametrize("time", ["first", "second", "third"])
def test_with_functions_killed_at_random_everything_arrives_once_within_five_minutes(time: str) -> None:
    with assembled(world(50_000, 4, quota=True)) as cast:
        verdict = play(cast, True, Console(quiet=True), with_chaos=True)

    assert verdict.deviations == []
    assert verdict.figures["functions killed"] >= 20
    assert verdict.figures["seconds until everything had arrived"] <= PATIENCE_SECONDS
