from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.running import Tenant, running_tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.control import ControlWorld, tenant_of_campaigns


@pytest.fixture(scope="session")
def tenant_process() -> Iterator[Tenant]:
    """A tenant with a campaign that dials, one that is paused and one that has ended."""
    with running_tenant(tenant_of_campaigns()) as tenant:
        yield tenant


@pytest.fixture
def tenant(tenant_process: Tenant) -> Iterator[Tenant]:
    """The tenant; a test's faults end with it."""
    yield tenant_process
    tenant_process.clear_faults()


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock, tenant: Tenant) -> ControlWorld:
    """Campaigns of which nothing is noted yet."""
    return ControlWorld(aws, clock, tenant)
