from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.running import Tenant, running_tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.subscriptions import SubscriptionWorld


@pytest.fixture(scope="session")
def tenant_process() -> Iterator[Tenant]:
    """One tenant for the whole suite."""
    with running_tenant({"webhook_pause": 0.05}) as tenant:
        yield tenant


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock, tenant_process: Tenant) -> SubscriptionWorld:
    """A registrar before a tenant without subscriptions."""
    return SubscriptionWorld(aws, clock, tenant_process)
