"""Every function behind a queue counts its failures in the state table and has an end for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from worlds.aws import AwsWorld

FUNCTIONS = Path(__file__).parents[3] / "functions"
# Works off its queue by batches, without `work`: a batch that the bucket does not take rings and comes back.
BY_BATCHES = {"record_audit"}
BEHIND_QUEUES = sorted(
    app.parent.name
    for app in FUNCTIONS.glob("*/app.py")
    if re.search(r"\bwork(_side_by_side)?\(", app.read_text()) and app.parent.name not in BY_BATCHES
)


@pytest.mark.parametrize("name", BEHIND_QUEUES)
def test_its_failures_are_counted(
    aws: AwsWorld, load_function: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in ("DLQ_URL", "PULL_QUEUE_URL", "DISPOSITIONS_QUEUE_URL", "END_ARCHIVE_QUEUE_URL"):
        monkeypatch.setenv(variable, aws.queue_urls["watched"])
    monkeypatch.setenv("WEBHOOK_RETENTION_DAYS", "30")
    monkeypatch.setenv("DESTINATION", "crm")
    monkeypatch.setenv("DESTINATION_SECRET", "outbound/cxone")

    queue = load_function(name).queue

    assert queue.failures.count("m-1", "KeyError") == 1
    assert queue.failures.count("m-1", "KeyError") == 2
