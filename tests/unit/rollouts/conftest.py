from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from worlds.aws import AwsWorld, FakeClock
from worlds.rollouts import RolloutWorld


@pytest.fixture
def make_world(aws: AwsWorld, clock: FakeClock) -> Callable[..., RolloutWorld]:
    """Make a stack with a dialer; what is given is settings of rollouts."""

    def make(**settings: Any) -> RolloutWorld:
        return RolloutWorld(aws, clock, **settings)

    return make


@pytest.fixture
def world(make_world: Callable[..., RolloutWorld]) -> RolloutWorld:
    """A stack with a dialer, whose operations complete at once."""
    made = make_world()
    made.plan_operations()
    return made
