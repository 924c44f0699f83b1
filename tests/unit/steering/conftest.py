"""What the tests of steering share."""

from __future__ import annotations

import pytest

from worlds.steering import Steering


@pytest.fixture(scope="session")
def steering() -> Steering:
    """Make samples and campaigns."""
    return Steering()
