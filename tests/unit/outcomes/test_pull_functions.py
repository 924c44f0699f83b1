"""The two functions, run with the events that `sam local invoke` takes."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from worlds.aws import AwsWorld, sqs_event
from worlds.outcomes import MakePulls, PullWorld

ROOT = Path(__file__).resolve().parents[3]
# The tenant's name in the event files is the template's default.
CAMPAIGN = "spring-renewals"


def _event(function: str, case: str, **changed: str) -> dict[str, Any]:
    """Read an event file, with the times and receipts of today's world in place of its own."""
    text = (ROOT / "events" / function / f"{case}.json").read_text()
    for old, new in changed.items():
        text = text.replace(old, new)
    event: dict[str, Any] = json.loads(text)
    return event


@contextmanager
def _function(name: str, monkeypatch: pytest.MonkeyPatch, aws: AwsWorld) -> Iterator[ModuleType]:
    monkeypatch.setenv("PULL_QUEUE_URL", aws.queue_urls["pull-outcomes"])
    monkeypatch.setenv("DLQ_URL", aws.queue_urls[f"{name.replace('_', '-')}-dlq"])
    path = ROOT / "functions" / name / "app.py"
    spec = importlib.util.spec_from_file_location(f"{name}_app", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop(spec.name, None)


def _context(seconds: float = 120) -> SimpleNamespace:
    return SimpleNamespace(
        get_remaining_time_in_millis=lambda: int(seconds * 1000),
        function_name="f",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:f",
        aws_request_id="r",
    )


def _day_before_yesterday() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)


@pytest.fixture
def world(pulls: MakePulls, monkeypatch: pytest.MonkeyPatch) -> PullWorld:
    world = pulls({"id": CAMPAIGN, "calls": 50, "from": -30, "to": -1})
    world.register(CAMPAIGN, start=_day_before_yesterday() - timedelta(days=1), enabled=True)
    world.facts()
    return world


def test_a_tick_is_planned(world: PullWorld, aws: AwsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    with _function("plan_pulls", monkeypatch, aws) as plan:
        answer = plan.handler(_event("plan_pulls", "due"), _context())
    assert answer == {"batchItemFailures": []}
    assert len(world.job_list(CAMPAIGN)) > 4


def test_a_backfill_is_planned_and_pulled(
    world: PullWorld, aws: AwsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = _day_before_yesterday().date().isoformat()
    before = (_day_before_yesterday() - timedelta(days=1)).date().isoformat()
    event = _event("plan_pulls", "backfill", **{"2026-03-01": before, "2026-03-02": day})
    with _function("plan_pulls", monkeypatch, aws) as plan:
        assert plan.handler(event, _context()) == {"batchItemFailures": []}
    bodies = world.messages()
    assert len(bodies) == 4
    with _function("pull_outcomes", monkeypatch, aws) as pull:
        for body in bodies:
            assert pull.handler(sqs_event("pull-outcomes", body), _context()) == {"batchItemFailures": []}
    assert {job.status for job in world.job_list(CAMPAIGN)} == {"completed"}
    assert len(world.facts("outcomes.pulled")) == 4


def test_a_naive_time_is_answered_with_a_fact_and_its_message_is_done(
    world: PullWorld, aws: AwsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _function("plan_pulls", monkeypatch, aws) as plan:
        assert plan.handler(_event("plan_pulls", "naive_time"), _context()) == {"batchItemFailures": []}
    [failed] = world.facts("outcomes.pull_failed")
    assert failed["data"]["field"] == "start"


def _reasons(aws: AwsWorld, dead_letters: str) -> list[str]:
    return [message["MessageAttributes"]["reason"]["StringValue"] for message in aws.drain(dead_letters)]


def test_a_job_that_nobody_planned_ends_in_the_dead_letter_queue_with_what_to_do(
    world: PullWorld, aws: AwsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _function("pull_outcomes", monkeypatch, aws) as pull:
        assert pull.handler(_event("pull_outcomes", "job"), _context()) == {"batchItemFailures": []}
    [reason] = _reasons(aws, "pull-outcomes-dlq")
    assert "request it by outcomes.pull.requested" in reason


def test_a_message_that_is_no_job_ends_in_the_dead_letter_queue(
    world: PullWorld, aws: AwsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _function("pull_outcomes", monkeypatch, aws) as pull:
        assert pull.handler(sqs_event("pull-outcomes", "{}"), _context()) == {"batchItemFailures": []}
    [reason] = _reasons(aws, "pull-outcomes-dlq")
    assert reason.startswith("the message is not a pull job")


def test_what_is_no_event_is_given_up_and_the_others_of_its_batch_are_done(
    world: PullWorld, aws: AwsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = _event("plan_pulls", "due")["Records"][0]["body"]
    event = sqs_event("plan-pulls", "no JSON", good, '{"detail": {}}')
    with _function("plan_pulls", monkeypatch, aws) as plan:
        assert plan.handler(event, _context()) == {"batchItemFailures": []}
    assert len(_reasons(aws, "plan-pulls-dlq")) == 2
    assert len(world.job_list(CAMPAIGN)) > 4


def test_a_pull_without_time_hands_its_message_over(
    world: PullWorld, aws: AwsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.tick()
    received = aws.sqs.receive_message(QueueUrl=aws.queue_urls["pull-outcomes"])["Messages"][0]
    event = sqs_event("pull-outcomes", received["Body"], receipts=[received["ReceiptHandle"]])
    with _function("pull_outcomes", monkeypatch, aws) as pull:
        answer = pull.handler(event, _context(seconds=5))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}
