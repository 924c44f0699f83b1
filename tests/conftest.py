"""Fixtures that every suite shares: the stack's resources in moto, a clock, a quiet network."""

from __future__ import annotations

import os
from collections.abc import Iterator

# The environment of a function is read when its modules are imported, so it is set before any is.
from aws_world import ENVIRONMENT, AwsWorld, FakeClock

os.environ.update(ENVIRONMENT)

import pytest  # noqa: E402
from moto import mock_aws  # noqa: E402


@pytest.fixture
def clock() -> FakeClock:
    """A clock that only moves when told."""
    return FakeClock()


@pytest.fixture
def aws() -> Iterator[AwsWorld]:
    """The stack's tables, queues, bus, buckets and secrets in moto."""
    with mock_aws():
        yield AwsWorld()
