"""The function itself, given the events of `events/`, with the objects that they are about in the lake."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from worlds.aws import AwsWorld, FakeClock
from worlds.disposition_files import BUCKET, QUEUE, ROWS, DispositionFileWorld

_EVENTS = Path(__file__).resolve().parents[3] / "events" / "read_disposition_files"

# What lies under the keys of the events; S3's tags in them are the hashes of these.
_CSV = """\
campaign_id,contact_id,outcome_code,agent_id,notes,occurred_at,custom_fields.callback_date
spring-renewals,contact-17,INTERESTED,agent-3,wants the brochure,,
spring-renewals,contact-18,CALLBACK_LATER,agent-3,,,2026-12-01
spring-renewals,contact-19,MAYBE,agent-3,,,
"""
_JSONL = (
    '{"campaignId": "spring-renewals", "contactId": "contact-20", "outcomeCode": "DO_NOT_CALL",'
    ' "agentId": "agent-3"}\n'
    '{"campaign_id": "spring-renewals", "contact_id": "contact-21", "outcome_code": "BUSY",'
    ' "agent_id": "agent-3"}\n'
)
_CONTENTS = {
    "march.csv": _CSV,
    "march.jsonl": _JSONL,
    "not-a.csv": '{"campaign_id": "spring-renewals"}\n',
}

Call = Callable[[str], list[str]]


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> DispositionFileWorld:
    world = DispositionFileWorld(aws, clock)
    for name, content in _CONTENTS.items():
        aws.s3.put_object(Bucket=BUCKET, Key=f"dispositions/inbox/{name}", Body=content.encode())
    return world


@pytest.fixture
def call(
    world: DispositionFileWorld,
    monkeypatch: pytest.MonkeyPatch,
    load_function: Callable[[str], ModuleType],
    lambda_context: Any,
) -> Call:
    """Return the function an event as a message that is out; return the ids that come back."""
    monkeypatch.setenv("DISPOSITIONS_QUEUE_URL", world.aws.queue_urls[ROWS])
    monkeypatch.setenv("DLQ_URL", world.aws.queue_urls[f"{QUEUE}-dlq"])
    function = load_function("read_disposition_files")

    def call(case: str) -> list[str]:
        event = json.loads((_EVENTS / f"{case}.json").read_text())
        [record] = event["Records"]
        url = world.aws.queue_urls[QUEUE]
        world.aws.sqs.send_message(QueueUrl=url, MessageBody=record["body"])
        [message] = world.aws.sqs.receive_message(QueueUrl=url)["Messages"]
        record["receiptHandle"] = message["ReceiptHandle"]
        answer = function.handler(event, lambda_context)
        world.aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    return call


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "name", "outcomes"),
    [
        ("csv", "march.csv", ["applied", "applied", "rejected"]),
        ("jsonl", "march.jsonl", ["applied", "applied"]),
    ],
)
def test_a_file_comes_back_until_its_rows_have_ended(
    world: DispositionFileWorld, call: Call, case: str, name: str, outcomes: list[str]
) -> None:
    assert len(call(case)) == 1, "its rows have not ended"
    world.end_rows("", {})
    assert call(case) == []
    assert [one["outcome"] for one in world.result(name)] == outcomes
    assert world.report(name)["status"] == "finished"


def test_a_file_that_is_not_what_it_is_called_is_refused(world: DispositionFileWorld, call: Call) -> None:
    assert call("not_a_csv") == []
    assert world.report("not-a.csv")["reason"] == "not_what_its_name_says"


def test_every_event_is_tried() -> None:
    assert {path.stem for path in _EVENTS.iterdir()} == {"csv", "jsonl", "not_a_csv"}


def test_what_is_logged_of_a_file_holds_nothing_of_its_rows(
    world: DispositionFileWorld, call: Call, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    call("csv")
    text = json.dumps(logged())
    assert "march.csv" in text
    assert "brochure" not in text
    assert "contact-17" not in text
