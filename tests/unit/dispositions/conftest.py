from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.running import Tenant, running_tenant
from sandbox.world import iso
from worlds.aws import AwsWorld, FakeClock
from worlds.dispositions import CAMPAIGN, DispositionWorld

_END = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.fixture(scope="session")
def contacts() -> Iterator[Tenant]:
    """A tenant with contacts enough for all tests, each of which takes its own."""
    campaign: dict[str, Any] = {"id": CAMPAIGN, "calls": 30_000, "contacts": 20_000, "agents": 3}
    campaign |= {"from": iso(_END - timedelta(days=1)), "to": iso(_END)}
    with running_tenant({"quotas": {"contacts": None}, "campaigns": [campaign]}) as tenant:
        yield tenant


@pytest.fixture
def tenant(contacts: Tenant) -> Iterator[Tenant]:
    """The tenant; a test's faults end with it."""
    yield contacts
    contacts.clear_faults()


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock, tenant: Tenant) -> DispositionWorld:
    """A ledger that knows nothing yet."""
    return DispositionWorld(aws, clock, tenant)
