"""Every test of the rules runs thrice: what the machine's own clock shows decides nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

ZONES = ("UTC", "America/Phoenix", "Pacific/Auckland")


@pytest.fixture(scope="module", autouse=True, params=ZONES)
def _machine_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.environ.get("TZ")
    _set(request.param)
    yield
    _set(before)


def _set(zone: str | None) -> None:
    if zone is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = zone
    time.tzset()
