"""What all functions have in common: their handler, and parts that are made once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outbound.logs import logger
from outbound.metrics import FunctionMetric, measure
from outbound.runtime import handler_of
from worlds.aws import AwsWorld, FakeClock
from worlds.runtime import WorldRuntime

FUNCTIONS = Path(__file__).parents[3] / "functions"


def _printed_by(code: str, **environment: str) -> Any:
    """What a fresh process prints, as JSON."""
    variables = {name: value for name, value in os.environ.items() if name != "AWS_LAMBDA_FUNCTION_NAME"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**variables, **environment, "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


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
    handler_of(lambda _, __: measure(FunctionMetric.SWEPT, 3))({}, lambda_context)
    (line,) = (line for line in capsys.readouterr().out.splitlines() if FunctionMetric.SWEPT.value in line)
    assert json.loads(line)[FunctionMetric.SWEPT.value] == [3.0]


def test_a_part_is_made_once(aws: AwsWorld, clock: FakeClock) -> None:
    runtime = WorldRuntime(aws, clock)
    assert runtime.cxone is runtime.cxone
    assert runtime.outbox is runtime.outbox


_COLLECTING = """
import gc, json, outbound
while_importing = gc.isenabled()
from outbound.runtime import handler_of
handler_of(lambda event, context: None)
print(json.dumps([while_importing, gc.isenabled(), gc.get_freeze_count() > 0]))
"""


def test_a_function_looks_for_no_garbage_while_it_imports_and_does_so_from_then_on() -> None:
    assert _printed_by(_COLLECTING, AWS_LAMBDA_FUNCTION_NAME="deliver") == [False, True, True]


def test_no_other_process_stops_looking_for_garbage() -> None:
    while_importing, after, _ = _printed_by(_COLLECTING)
    assert while_importing
    assert after


def test_every_function_ends_its_cold_start() -> None:
    apps = list(FUNCTIONS.glob("*/app.py"))
    assert apps
    for app in apps:
        assert re.search(r"^handler = (handler_of|make_handler)\(", app.read_text(), re.M), app


def test_a_function_without_a_queue_imports_nothing_of_queues() -> None:
    imports = "import json, sys, outbound.archive.workflow, outbound.subscriptions.registrar"
    modules = set(_printed_by(f"{imports}; print(json.dumps([*sys.modules]))"))
    assert "outbound.archive.workflow" in modules
    assert not {"outbound.queues", "aws_lambda_powertools.utilities.batch", "asyncio"} & modules
