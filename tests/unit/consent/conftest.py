from __future__ import annotations

import pytest
from aws_world import AwsWorld, FakeClock
from consent_world import ConsentWorld


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> ConsentWorld:
    """A consent ledger that knows nothing yet."""
    return ConsentWorld(aws, clock)
