from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.running import Tenant, running_tenant
from worlds.archive import ArchiveWorld, MakeWorld, give_world
from worlds.aws import AwsWorld, FakeClock


@pytest.fixture(scope="session")
def tenant_process() -> Iterator[Tenant]:
    """One tenant for the whole suite; each test gives it a world of its own."""
    with running_tenant() as tenant:
        yield tenant


@pytest.fixture
def make_world(aws: AwsWorld, clock: FakeClock, tenant_process: Tenant) -> MakeWorld:
    """Make an archive over a campaign: `make_world(500, odd={"repeated": 0.1}, settings={...})`."""

    def make(count: int, settings: dict[str, Any] | None = None, **campaign: Any) -> ArchiveWorld:
        return give_world(aws, clock, tenant_process, count, settings, **campaign)

    return make
