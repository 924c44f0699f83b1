"""What all functions have in common: their handler, and parts that are made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from outbound.logs import logger
from outbound.metrics import Metric, measure
from outbound.runtime import handler_of
from worlds.aws import AwsWorld, FakeClock
from worlds.runtime import WorldRuntime


def test_what_an_invocation_adds_to_its_log_lines_is_not_in_those_of_the_next(
    lambda_context: Any, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    def work(event: dict[str, Any], _: Any) -> None:
        logger.append_keys(**event)
        logger.info("at work")

    handler = handler_of(work)
    handler({"campaign_id": "spring"}, lambda_context)
    handler({}, lambda_context)

    first, second = (line for line in logged() if line["message"] == "at work")
    assert first["campaign_id"] == "spring"
    assert "campaign_id" not in second
    assert second["function_request_id"] == lambda_context.aws_request_id


def test_metrics_are_flushed_at_the_end_of_an_invocation(
    lambda_context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    handler_of(lambda _, __: measure(Metric.SWEPT, 3))({}, lambda_context)
    (line,) = (line for line in capsys.readouterr().out.splitlines() if Metric.SWEPT.value in line)
    assert json.loads(line)[Metric.SWEPT.value] == [3.0]


def test_a_part_is_made_once(aws: AwsWorld, clock: FakeClock) -> None:
    runtime = WorldRuntime(aws, clock)
    assert runtime.cxone is runtime.cxone
    assert runtime.outbox is runtime.outbox
