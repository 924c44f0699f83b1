"""A sandbox tenant for the outcome suite, and the pull wired to it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest.mock import patch

import boto3
import hypothesis
import pytest

from sandbox.running import Tenant, running_tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.outcomes import MakePulls, PullWorld, evening, fresh_aws, make_pulls
from worlds.quick_moto import quick_aws

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session")
def tenant_process() -> Iterator[Tenant]:
    """One tenant for the whole suite; each test gives it a world of its own."""
    with running_tenant({"quotas": {"outbound": None}}) as tenant:
        yield tenant


@pytest.fixture(scope="module")
def moto() -> Iterator[None]:
    """One moto for the tests of a file, and one client a service: emptying takes half the time of making."""
    with quick_aws(), patch.object(boto3, "client", cache(boto3.client)):
        yield


@pytest.fixture
def aws(moto: None) -> AwsWorld:
    """The stack's tables, queues, bus, buckets and secrets in an empty moto."""
    return fresh_aws()


@pytest.fixture
def clock() -> FakeClock:
    """Tests begin in the past and may go forward: the tenant lives in real time and refuses its future.

    At eight in the evening, so that windows of some hours do not cross midnight.
    """
    return FakeClock(evening())


@pytest.fixture
def pulls(aws: AwsWorld, tenant_process: Tenant, clock: FakeClock) -> MakePulls:
    """Make the pull over campaigns of the tenant: `pulls({"id": "spring", "calls": 100, ...}, settings=...)`.

    Relative times of the campaigns count from the clock's present.
    """

    def make(*campaigns: dict[str, Any], settings: dict[str, Any] | None = None, **world: Any) -> PullWorld:
        return make_pulls(aws, tenant_process, clock, *campaigns, settings=settings, **world)

    return make
