from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.running import Tenant, running_tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.dialer_reports import AUTUMN, BEGUN, SPRING, DialerReportWorld


@pytest.fixture(scope="session")
def dialer_process() -> Iterator[Tenant]:
    """A tenant with two campaigns, and no quota."""
    campaigns: list[dict[str, Any]] = [
        {"id": each, "name": each, "from": "-2h", "to": "-1h"} for each in (SPRING, AUTUMN)
    ]
    with running_tenant({"campaigns": campaigns, "quotas": {"dialer": None}}) as tenant:
        yield tenant


@pytest.fixture
def tenant(dialer_process: Tenant) -> Tenant:
    """The tenant as it was at the beginning."""
    dialer_process.reset()
    return dialer_process


@pytest.fixture
def clock() -> FakeClock:
    """When the tests began, by the tenant's clock, which is the machine's; it stands still."""
    return FakeClock(BEGUN)


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock, tenant: Tenant) -> DialerReportWorld:
    """A campaign that is registered, whose reports were never collected."""
    return DialerReportWorld(aws, clock, tenant, SPRING)
