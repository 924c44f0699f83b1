"""Every function behind a queue counts its failures in the state table and has an end for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from worlds.aws import AwsWorld, FakeClock
from worlds.runtime import WorldRuntime

ROOT = Path(__file__).parents[3]
PACKAGES = ROOT / "layers/outbound/python"
# Works off its queue by batches, without `work`: a batch that the bucket does not take rings and comes back.
BY_BATCHES = {"record_audit"}


def _builders() -> dict[str, str]:
    """The text of the module that builds the work of each function."""
    builders = {}
    for app in sorted((ROOT / "functions").glob("*/app.py")):
        module = re.search(
            r"^from (outbound\.[\w.]+) import (?:build|sweeping|\w+, make_handler)$", app.read_text(), re.M
        )
        assert module is not None, app
        builders[app.parent.name] = (PACKAGES / f"{module[1].replace('.', '/')}.py").read_text()
    return builders


BEHIND_QUEUES = {
    name: text
    for name, text in _builders().items()
    if re.search(r"\bwork(_side_by_side|_on_events)?\(", text)
}


@pytest.mark.parametrize("name", sorted(BEHIND_QUEUES.keys() - BY_BATCHES))
def test_it_works_off_the_queue_of_its_runtime(name: str) -> None:
    assert "runtime.queue" in BEHIND_QUEUES[name]


def test_there_are_such_functions() -> None:
    assert len(BEHIND_QUEUES) > 8


def test_the_queue_of_a_runtime_counts_failures_in_the_state_table(aws: AwsWorld, clock: FakeClock) -> None:
    queue = WorldRuntime(aws, clock).queue
    assert queue.failures is not None
    assert queue.failures.count("m-1", "KeyError") == 1
    assert queue.failures.count("m-1", "KeyError") == 2
