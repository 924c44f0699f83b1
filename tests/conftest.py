"""Fixtures that every suite shares: the stack's resources in moto, a clock, a quiet network."""

from __future__ import annotations

import importlib.util
import io
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

# The environment of a function is read when its modules are imported, so it is set before any is.
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock

os.environ.update(ENVIRONMENT)
# Workers of xdist have it from the terminal that they were started in, and what is told would be folded.
os.environ.pop("COLUMNS", None)

import _pytest.runner
import pytest
from xdist.scheduler import LoadScopeScheduling

from worlds.deep_stack import on_deep_stack
from worlds.quick_moto import quick_aws


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a test as pytest does, on a stack that has room for the depth of its calls."""
    return on_deep_stack(lambda: _pytest.runner.pytest_runtest_protocol(item, nextitem))


@pytest.fixture(autouse=True)
def _no_metrics_of_other_tests() -> None:
    """Powertools prints what it has collected at the hundredth value: each test begins with none."""
    from outbound.metrics import metrics

    metrics.clear_metrics()


@pytest.fixture
def clock() -> FakeClock:
    """A clock that only moves when told."""
    return FakeClock()


@pytest.fixture
def aws() -> Iterator[AwsWorld]:
    """The stack's tables, queues, bus, buckets and secrets in moto."""
    with quick_aws():
        yield AwsWorld()


@pytest.fixture
def load_function() -> Iterator[Callable[[str], ModuleType]]:
    """Load a Lambda function's module as a cold start does: `load_function("deliver").handler(...)`."""
    from outbound.logs import logger

    filters = list(logger.filters)

    def load(name: str) -> ModuleType:
        path = Path(__file__).parents[1] / "functions" / name / "app.py"
        spec = importlib.util.spec_from_file_location(f"functions_{name}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    # A receiver adds its request's id to every line of its process.
    for added in [each for each in logger.filters if each not in filters]:
        logger.removeFilter(added)


@pytest.fixture
def lambda_context() -> Any:
    """What Lambda tells a function about itself; two minutes are left."""
    return SimpleNamespace(
        function_name="tests",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:tests",
        aws_request_id="00000000-0000-4000-8000-000000000000",
        get_remaining_time_in_millis=lambda: 120_000,
    )


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """What was written to the log since the test began, line by line: `logged()`."""
    from outbound.logs import logger

    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[float]]:
    """Every metric that is measured, with its values."""
    from outbound.metrics import metrics

    found: dict[str, list[float]] = defaultdict(list)

    def add_metric(name: str, unit: Any, value: float) -> None:
        found[name].append(value)

    monkeypatch.setattr(metrics, "add_metric", add_metric)
    return found


_DISTURBING = {"check_every_cut", "check_every_refusal"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Full sizes take minutes each, so they wait to be asked for.

    A test of the fault harness is one of both: at its full size it disturbs every call; else it is slow.
    """
    full = bool(os.environ.get("OUTBOUND_LOAD"))
    for item in items:
        if isinstance(item, pytest.Function) and _DISTURBING & vars(item.module).keys():
            item.add_marker(pytest.mark.load if full else pytest.mark.slow)
        if not full and item.get_closest_marker("load"):
            item.add_marker(pytest.mark.skip(reason="full sizes; `make load` runs them"))


# Tests of these folders share a stack.
_ON_A_STACK = ("integration", "sam_local", "load")


class BySharing(LoadScopeScheduling):
    """Keeps together what shares something dear: all that runs on one stack, and each other file.

    The schemes of webhooks share nothing, and each takes long at its full size; tests of crashes take long,
    and a file of them alone would keep one worker busy when all others are done.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        folder = Path(file).parts[1]
        alone = folder == "conformance" or file.endswith("_crashes.py") or "OUTBOUND_LOAD" in os.environ
        if alone and folder not in _ON_A_STACK:
            return nodeid
        return folder if folder in _ON_A_STACK else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> BySharing:
    """Share the tests out to the workers of `-n auto`."""
    return BySharing(config, log)
