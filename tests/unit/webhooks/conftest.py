from __future__ import annotations

import pytest

from worlds.aws import AwsWorld, FakeClock
from worlds.webhooks import IngressWorld


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> IngressWorld:
    """Receivers, the ingress queue and the router."""
    return IngressWorld(aws, clock)
