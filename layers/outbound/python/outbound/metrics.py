"""What a metric is, and how it is counted."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from threading import Lock
from typing import Self

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

__all__ = ["FunctionMetric", "Metric", "MetricUnit", "measure", "metrics", "unmeasured"]


class Metric(StrEnum):
    """A metric by its name, with its unit; each capability declares its own in its `metrics.py`.

    The namespace names the stack. Dimensions are the service (the function) alone: a campaign id as a
    dimension would make a metric, and a bill, of every campaign.
    """

    unit: MetricUnit

    def __new__(cls, name: str, unit: MetricUnit = MetricUnit.Count) -> Self:
        """Make a metric."""
        metric = str.__new__(cls, name)
        metric._value_ = name
        metric.unit = unit
        return metric


class FunctionMetric(Metric):
    """What any function may count."""

    MESSAGES_FAILED = "MessagesFailed"
    SWEPT = "ItemsSwept"
    SETTINGS_UNUSABLE = "SettingsUnusable"


# An invocation that had nothing to count is not news; Powertools would say so every time.
warnings.filterwarnings("ignore", message="No application metrics to publish")

metrics = Metrics()
# Powertools collects in plain lists and prints at a hundred values: threads take turns.
_measuring = Lock()
_is_measuring = True


@contextmanager
def unmeasured() -> Iterator[None]:
    """Keep metrics off standard output: what the operator's command does is not a function's."""
    global _is_measuring  # noqa: PLW0603 - one process, one standard output
    before, _is_measuring = _is_measuring, False
    try:
        yield
    finally:
        _is_measuring = before


def measure(metric: Metric, value: float = 1) -> None:
    """Add a value to a metric; it is flushed with the invocation as one EMF line."""
    if not _is_measuring:
        return
    with _measuring:
        metrics.add_metric(name=metric.value, unit=metric.unit, value=value)
