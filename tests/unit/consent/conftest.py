from __future__ import annotations

import pytest

from worlds.aws import AwsWorld, FakeClock
from worlds.consent import ConsentWorld


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> ConsentWorld:
    """A consent ledger that knows nothing yet."""
    return ConsentWorld(aws, clock)
