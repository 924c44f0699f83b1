"""The full sizes: minutes each, so they wait to be asked for."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("OUTBOUND_LOAD"):
        return
    for item in items:
        if item.get_closest_marker("load"):
            item.add_marker(pytest.mark.skip(reason="full sizes; `make load` runs them"))
