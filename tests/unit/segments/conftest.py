from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from sandbox.running import Tenant, running_tenant
from sandbox.world import iso
from worlds.aws import AwsWorld, FakeClock
from worlds.segments import CAMPAIGN, LIST, NOON, SegmentWorld


@pytest.fixture(scope="session")
def lists() -> Iterator[Tenant]:
    """A tenant with a campaign of 500 contacts, 300 of them on its list."""
    campaign: dict[str, Any] = {"id": CAMPAIGN, "contacts": 500}
    campaign |= {"from": iso(NOON - timedelta(days=2)), "to": iso(NOON)}
    listed = {"id": LIST, "campaign_id": CAMPAIGN, "contacts": 300}
    world = {"quotas": {"campaigns": None}, "campaigns": [campaign], "contact_lists": [listed]}
    with running_tenant(world) as tenant:
        yield tenant


@pytest.fixture
def tenant(lists: Tenant) -> Tenant:
    """The tenant as it was at the beginning."""
    lists.reset()
    return lists


@pytest.fixture
def clock() -> FakeClock:
    """Noon in the east of the United States, morning in the west."""
    return FakeClock(NOON)


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock, tenant: Tenant) -> SegmentWorld:
    """A campaign that is registered with its list, and a ledger that knows nobody."""
    return SegmentWorld(aws, clock, tenant, part_contacts=100)
