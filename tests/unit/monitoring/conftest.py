from __future__ import annotations

import pytest

from worlds.aws import AwsWorld, FakeClock
from worlds.monitoring import MonitoringWorld


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> MonitoringWorld:
    """A primary that dials, its backup that does not, and nothing measured yet."""
    return MonitoringWorld(aws, clock)
