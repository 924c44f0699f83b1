"""A receiver, the deliveries wired to it, and a circuit breaker that lives by the test's clock."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.circuit_breaker import base
from aws_lambda_powertools.utilities.circuit_breaker.persistence import base as persistence
from aws_lambda_powertools.utilities.circuit_breaker.persistence import dynamodb

from worlds.aws import AwsWorld, FakeClock
from worlds.deliveries import DeliveryWorld, Receiver, running_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture(autouse=True)
def circuit_lives_by_the_clock(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    """Powertools asks the machine for the time and counts failures per process."""
    time = SimpleNamespace(datetime=SimpleNamespace(now=clock.now), timedelta=datetime.timedelta)
    for module in (base, persistence, dynamodb):
        monkeypatch.setattr(module, "dt", time)
    for name in ("_LOCAL_FAILURES", "_LOCAL_SUCCESSES", "_LAST_OBSERVED_STATE"):
        monkeypatch.setattr(base, name, {})


@pytest.fixture
def deliveries(aws: AwsWorld, receiver: Receiver, clock: FakeClock) -> Callable[..., DeliveryWorld]:
    """Make the deliveries to the CRM, with settings of the destination: `deliveries(waits_seconds=[5])`."""

    def make(**settings: Any) -> DeliveryWorld:
        return DeliveryWorld(aws, receiver, clock, settings)

    return make
