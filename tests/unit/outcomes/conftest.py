"""A sandbox tenant for the outcome suite, and the pull wired to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_world import AwsWorld, FakeClock
from pull_world import PullWorld
from sandbox.running import Tenant, running_tenant


@pytest.fixture(scope="session")
def tenant_process() -> Iterator[Tenant]:
    """One tenant for the whole suite; each test gives it a world of its own."""
    with running_tenant({"quotas": {"outbound": None}}) as tenant:
        yield tenant


@pytest.fixture
def clock() -> FakeClock:
    """The tenant lives in real time, so the clock starts there."""
    return FakeClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def pulls(aws: AwsWorld, tenant_process: Tenant, clock: FakeClock) -> Callable[..., PullWorld]:
    """Make the pull over campaigns of the tenant: `pulls({"id": "spring", "calls": 100, ...}, page_size=...)`."""

    def make(*campaigns: dict[str, Any], settings: dict[str, Any] | None = None, **world: Any) -> PullWorld:
        tenant_process.reset()
        tenant_process.use_world({"quotas": {"outbound": None}, "campaigns": list(campaigns), **world})
        return PullWorld(aws, tenant_process, clock, settings)

    return make
