"""Access to CXone over a scripted server, and over the sandbox tenant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.running import Tenant, running_tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import Access, ScriptedCxone, scripted_cxone


@pytest.fixture
def cxone() -> Iterator[ScriptedCxone]:
    """A server whose every answer the test writes."""
    with scripted_cxone() as server:
        yield server


@pytest.fixture
def access(aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone) -> Access:
    """Access to that server, with the clock of the test."""
    return Access(aws, clock, cxone.url)


@pytest.fixture(scope="session")
def shared_tenant() -> Iterator[Tenant]:
    """One tenant for the whole suite, in the state in which the last test left it."""
    with running_tenant() as tenant:
        yield tenant


@pytest.fixture
def tenant_process(shared_tenant: Tenant) -> Tenant:
    """The tenant as it is at first: what another test gave it, its world and its faults, is gone."""
    shared_tenant.reset()
    shared_tenant.use_world({})
    return shared_tenant
