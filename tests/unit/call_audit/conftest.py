from __future__ import annotations

import pytest

from worlds.aws import AwsWorld, FakeClock
from worlds.call_audit import AuditWorld


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> AuditWorld:
    """A stack whose contacts c1 and c2 agreed to calls, and none of whose calls is judged yet."""
    world = AuditWorld(aws, clock)
    for contact_id in ("c1", "c2"):
        world.says("granted", -6000, contact_id)
    world.aws.published()
    return world
