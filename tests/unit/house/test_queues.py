"""Each message of a batch lives alone: done, back later, or back with its reason in the log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aws_world import ACCOUNT, REGION, AwsWorld

from outbound.events import Event
from outbound.queues import Queue, Refused, TryLater, event_of, work

ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:pull-outcomes"
Handle = Callable[[Mapping[str, Any]], None]


def received(aws: AwsWorld, *bodies: str) -> dict[str, Any]:
    """Send messages, receive them, and give them as Lambda would."""
    url = aws.queue_urls["pull-outcomes"]
    for body in bodies:
        aws.sqs.send_message(QueueUrl=url, MessageBody=body)
    messages = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1000)[
        "Messages"
    ]
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "eventSource": "aws:sqs",
                "eventSourceARN": ARN,
            }
            for message in messages
        ]
    }


def queue_of(aws: AwsWorld) -> Queue:
    return Queue(aws.sqs, aws.queue_urls["pull-outcomes-dlq"])


def bodies_reported(event: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    reported = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    return sorted(record["body"] for record in event["Records"] if record["messageId"] in reported)


def visible(aws: AwsWorld) -> list[str]:
    return sorted(message["Body"] for message in aws.drain("pull-outcomes"))


def test_what_is_done_is_not_reported(aws: AwsWorld) -> None:
    event = received(aws, "a", "b")
    done: list[str] = []

    answer = work(event, queue_of(aws), lambda record: done.append(record["body"]))

    assert answer == {"batchItemFailures": []}
    assert sorted(done) == ["a", "b"]


def test_a_failure_is_reported_and_the_rest_acknowledged(aws: AwsWorld) -> None:
    event = received(aws, "a", "bad", "c")

    def handle(record: Mapping[str, Any]) -> None:
        if record["body"] == "bad":
            raise RuntimeError("unplanned")

    assert bodies_reported(event, work(event, queue_of(aws), handle)) == ["bad"]
    assert visible(aws) == [], "it comes back after the queue's own time-out"


def test_a_batch_that_fails_whole_is_reported_and_does_not_raise(aws: AwsWorld) -> None:
    event = received(aws, "a", "b")

    def handle(record: Mapping[str, Any]) -> None:
        raise RuntimeError("unplanned")

    assert bodies_reported(event, work(event, queue_of(aws), handle)) == ["a", "b"]


def test_an_empty_batch_is_done(aws: AwsWorld) -> None:
    assert work({"Records": []}, queue_of(aws), lambda record: None) == {"batchItemFailures": []}


def _later(seconds: float) -> Handle:
    def handle(record: Mapping[str, Any]) -> None:
        if record["body"] == "later":
            raise TryLater(seconds, "no place")

    return handle


def test_a_message_that_comes_back_later_is_reported_and_visible_then(aws: AwsWorld) -> None:
    event = received(aws, "a", "later")

    assert bodies_reported(event, work(event, queue_of(aws), _later(0.2))) == ["later"]
    assert visible(aws) == [], "a wait is rounded up: what comes back too early has waited for nothing"
    time.sleep(1.1)
    assert visible(aws) == ["later"]


@pytest.mark.parametrize("seconds", [0, -3])
def test_a_message_may_come_back_at_once(aws: AwsWorld, seconds: float) -> None:
    event = received(aws, "later")

    work(event, queue_of(aws), _later(seconds))

    assert visible(aws) == ["later"]


def test_a_wait_longer_than_sqs_allows_is_cut(aws: AwsWorld) -> None:
    event = received(aws, "later")

    assert bodies_reported(event, work(event, queue_of(aws), _later(1e9))) == ["later"]


def test_a_message_whose_visibility_cannot_be_set_is_still_reported(aws: AwsWorld) -> None:
    event = received(aws, "a", "later")
    for record in event["Records"]:
        record["receiptHandle"] = "gone"

    assert bodies_reported(event, work(event, queue_of(aws), _later(5))) == ["later"]


def test_what_nobody_planned_is_logged_with_its_message(
    aws: AwsWorld, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    event = received(aws, "bad", "later")

    def handle(record: Mapping[str, Any]) -> None:
        if record["body"] == "bad":
            raise RuntimeError("unplanned")
        raise TryLater(5, "no place")

    work(event, queue_of(aws), handle)

    lines = logged()
    failed = [line for line in lines if line["level"] == "ERROR"]
    assert [line["message"] for line in failed] == ["message failed"]
    assert "unplanned" in failed[0]["exception"]
    assert [line["reason"] for line in lines if line["level"] == "INFO"] == ["no place"]


def test_what_nothing_heals_goes_to_the_dead_letters_with_its_reason_and_is_done(aws: AwsWorld) -> None:
    event = received(aws, "hopeless", "fine")

    def handle(record: Mapping[str, Any]) -> None:
        if record["body"] == "hopeless":
            raise Refused("start: is no time")

    assert work(event, queue_of(aws), handle) == {"batchItemFailures": []}
    [dead] = aws.drain("pull-outcomes-dlq")
    assert dead["Body"] == "hopeless"
    assert dead["MessageAttributes"]["reason"]["StringValue"] == "start: is no time"


def test_what_the_dead_letter_queue_does_not_take_stays_where_it_is(aws: AwsWorld) -> None:
    event = received(aws, "hopeless")
    queue = Queue(aws.sqs, aws.queue_urls["pull-outcomes-dlq"] + "-that-is-gone")

    def handle(record: Mapping[str, Any]) -> None:
        raise Refused("no")

    assert bodies_reported(event, work(event, queue, handle)) == ["hopeless"]


def test_an_event_of_the_bus_is_read(aws: AwsWorld) -> None:
    sent = Event("e1", "toy.done", "2026-03-10T12:00:00Z", "c", "acme", {"a": 1})

    assert event_of({"body": json.dumps({"detail": json.loads(sent.to_json())})}) == sent


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "{}", '{"detail": "x"}', '{"detail": null}', '{"detail": {}}', "[" * 100_000, '"x"', "3"],
)
def test_a_message_that_is_no_event_is_refused(body: str) -> None:
    with pytest.raises(Refused, match="message m-1 is no event of the bus"):
        event_of({"messageId": "m-1", "body": body})
