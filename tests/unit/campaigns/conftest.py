from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.running import Tenant, running_tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.provisioning import BACKUP, ProvisioningWorld


@pytest.fixture(scope="session")
def tenant_process() -> Iterator[Tenant]:
    """A tenant with a campaign that others may name as their backup."""
    campaign: dict[str, Any] = {"id": BACKUP, "name": "Backup", "calls": 0, "from": "-1d", "to": "now"}
    with running_tenant({"quotas": {"campaigns": None, "archive": None}, "campaigns": [campaign]}) as tenant:
        yield tenant


@pytest.fixture
def tenant(tenant_process: Tenant) -> Iterator[Tenant]:
    """The tenant; a test's faults end with it."""
    yield tenant_process
    tenant_process.clear_faults()


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock, tenant: Tenant) -> ProvisioningWorld:
    """A ledger that knows nothing yet."""
    return ProvisioningWorld(aws, clock, tenant)
