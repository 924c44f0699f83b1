"""The functions of rollouts, as they are deployed: every event of theirs, and what the workflow routes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from outbound.clock import format_time
from outbound.dialer.step_result import StepOutcome
from worlds.aws import AwsWorld
from worlds.rollouts import DEFINITION, RolloutWorld

EVENTS = Path(__file__).parents[3] / "events"
# When the events of the files were made.
_MOMENT = "2026-03-10T12:00:00Z"


def test_the_functions_answer_their_events(
    world: RolloutWorld,
    aws: AwsWorld,
    load_function: Any,
    lambda_context: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("plan_rollouts", "end_rollout"):
        monkeypatch.setenv("DLQ_URL", aws.queue_urls[f"{name.replace('_', '-')}-dlq"])
        function = load_function(name)
        for case in sorted((EVENTS / name).glob("*.json")):
            # A request of long ago is refused.
            event = json.loads(case.read_text().replace(_MOMENT, format_time(datetime.now(UTC))))
            assert function.handler(event, lambda_context) == {"batchItemFailures": []}
    function = load_function("roll_out_dialer")
    for case in sorted((EVENTS / "roll_out_dialer").glob("*.json")):
        assert function.handler(json.loads(case.read_text()), lambda_context)["outcome"] == "superseded"
    facts = [each["event_type"] for each in world.aws.published()]
    assert sorted(facts) == ["dialer.rollout_advanced", *["dialer.rollout_refused"] * 2]


def test_every_outcome_is_routed_by_some_choice_or_ends_the_execution() -> None:
    choices = [state for state in DEFINITION["States"].values() if state["Type"] == "Choice"]
    routed = {each["StringEquals"] for choice in choices for each in choice["Choices"]}
    assert routed == {outcome.value for outcome in StepOutcome} - {StepOutcome.EXHAUSTED.value}
    assert {choice["Default"] for choice in choices} == {"Cut off"}


def test_an_execution_that_has_had_its_calls_is_followed_by_another(world: RolloutWorld) -> None:
    world.ask()
    event = {"step": "check", "rollout": world.about(world.current()), "calls": 900}
    assert world.step(event)["outcome"] == "exhausted"
    assert world.dialer.calls == []
