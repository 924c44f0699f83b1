from __future__ import annotations

import pytest
from aws_world import AwsWorld, FakeClock
from ingress_world import IngressWorld


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> IngressWorld:
    """Receivers, the ingress queue and the router."""
    return IngressWorld(aws, clock)
