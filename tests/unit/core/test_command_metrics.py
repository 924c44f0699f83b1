"""The command's standard output is its answer alone, whatever is measured on the way."""

from __future__ import annotations

import pytest

from outbound.cli.output import without_log
from outbound.cxone.metrics import CxoneMetric
from outbound.metrics import measure


def test_a_hundred_values_are_not_printed_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with without_log():
        for _ in range(101):
            measure(CxoneMetric.RETRIED)
    assert capsys.readouterr().out == ""


def test_a_function_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(101):
        measure(CxoneMetric.RETRIED)
    assert "CxoneRetries" in capsys.readouterr().out
