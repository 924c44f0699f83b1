"""The two functions, run with the events that `sam local invoke` takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from worlds.segments import CAMPAIGN, SegmentWorld

EVENTS = Path(__file__).resolve().parents[3] / "events"

Load = Callable[[str], ModuleType]


def _event(function: str, case: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / function / f"{case}.json").read_text())
    return event


@pytest.fixture
def invoke(
    world: SegmentWorld, load_function: Load, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], dict[str, Any]]:
    """Run a function in a stack that has the campaign of the events."""

    def run(function: str, case: str) -> dict[str, Any]:
        monkeypatch.setenv("DLQ_URL", world.aws.queue_urls[f"{function.replace('_', '-')}-dlq"])
        answer: dict[str, Any] = load_function(function).handler(_event(function, case), lambda_context)
        return answer

    return run


def test_a_list_is_judged(world: SegmentWorld, invoke: Callable[[str, str], dict[str, Any]]) -> None:
    assert invoke("segment_contacts", "requested") == {"batchItemFailures": []}
    assert world.runs.segmented(CAMPAIGN).run_id


@pytest.mark.parametrize(
    ("case", "reason"), [("unknown_campaign", "unknown_campaign"), ("wrong_attribute", "invalid_request")]
)
def test_a_request_that_cannot_be_is_answered(
    world: SegmentWorld, invoke: Callable[[str, str], dict[str, Any]], case: str, reason: str
) -> None:
    assert invoke("segment_contacts", case) == {"batchItemFailures": []}
    (fact,) = world.aws.published("campaign.segment_failed")
    assert fact["data"]["reason"] == reason


def test_changes_are_carried_and_what_is_none_is_refused(
    world: SegmentWorld, invoke: Callable[[str, str], dict[str, Any]]
) -> None:
    assert invoke("suppress_contacts", "revoked") == {"batchItemFailures": []}
    assert invoke("suppress_contacts", "do_not_call_and_malformed") == {"batchItemFailures": []}
    assert len(world.aws.drain("suppress-contacts-dlq")) == 1
    assert world.aws.published("contact.suppression.requested") == []
