"""The figure of the spread is measured with the tables as they are."""

from __future__ import annotations

from typing import Any

import pytest

from bench.figures import key_spread


def test_every_write_is_counted_in_its_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_spread, "EVENTS", 400)
    stage: Any = None

    deliveries, facts = key_spread.measure(stage)

    assert "400 writes" in deliveries.note
    assert "400 writes" in facts.note
    assert 0 < deliveries.value < 100
    assert 0 < facts.value < 100
