"""A stack with a dashboard."""

from __future__ import annotations

import pytest

from worlds.aws import AwsWorld, FakeClock
from worlds.dashboard import DashboardWorld


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> DashboardWorld:
    """A stack whose dashboard has a password and no campaign yet."""
    return DashboardWorld(aws, clock)
