"""Each message of a batch lives alone: done, back later, or back with its reason in the log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.stub import Stubber

from outbound.events import Event
from outbound.queues import Queue, Refused, TryLater, event_of, work, work_side_by_side
from worlds.aws import ACCOUNT, REGION, AwsWorld, Invocation, sqs_event

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

    answer = work(event, queue_of(aws), lambda record: done.append(record["body"]), Invocation())

    assert answer == {"batchItemFailures": []}
    assert sorted(done) == ["a", "b"]


def test_a_failure_is_reported_and_the_rest_acknowledged(aws: AwsWorld) -> None:
    event = received(aws, "a", "bad", "c")

    def handle(record: Mapping[str, Any]) -> None:
        if record["body"] == "bad":
            raise RuntimeError("unplanned")

    assert bodies_reported(event, work(event, queue_of(aws), handle, Invocation())) == ["bad"]
    assert visible(aws) == [], "it comes back after its invocation's time"


def test_a_batch_that_fails_whole_is_reported_and_does_not_raise(aws: AwsWorld) -> None:
    event = received(aws, "a", "b")

    def handle(record: Mapping[str, Any]) -> None:
        raise RuntimeError("unplanned")

    assert bodies_reported(event, work(event, queue_of(aws), handle, Invocation())) == ["a", "b"]


def test_an_empty_batch_is_done(aws: AwsWorld) -> None:
    assert work({"Records": []}, queue_of(aws), lambda record: None, Invocation()) == {
        "batchItemFailures": []
    }


def _later(seconds: float) -> Handle:
    def handle(record: Mapping[str, Any]) -> None:
        if record["body"] == "later":
            raise TryLater(seconds, "no place")

    return handle


@pytest.mark.slow
def test_a_message_that_comes_back_later_is_reported_and_visible_then(aws: AwsWorld) -> None:
    event = received(aws, "a", "later")

    assert bodies_reported(event, work(event, queue_of(aws), _later(0.2), Invocation())) == ["later"]
    assert visible(aws) == [], "a wait is rounded up: what comes back too early has waited for nothing"
    time.sleep(1.1)
    assert visible(aws) == ["later"]


@pytest.mark.parametrize("seconds", [0, -3])
def test_a_message_may_come_back_at_once(aws: AwsWorld, seconds: float) -> None:
    event = received(aws, "later")

    work(event, queue_of(aws), _later(seconds), Invocation())

    assert visible(aws) == ["later"]


def test_a_wait_longer_than_sqs_allows_is_cut(aws: AwsWorld) -> None:
    event = received(aws, "later")

    assert bodies_reported(event, work(event, queue_of(aws), _later(1e9), Invocation())) == ["later"]


def test_a_message_whose_visibility_cannot_be_set_is_still_reported(aws: AwsWorld) -> None:
    event = received(aws, "a", "later")
    for record in event["Records"]:
        record["receiptHandle"] = "gone"

    assert bodies_reported(event, work(event, queue_of(aws), _later(5), Invocation())) == ["later"]


def test_what_nobody_planned_is_logged_with_its_message(
    aws: AwsWorld, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    event = received(aws, "bad", "later")

    def handle(record: Mapping[str, Any]) -> None:
        if record["body"] == "bad":
            raise RuntimeError("unplanned")
        raise TryLater(5, "no place")

    work(event, queue_of(aws), handle, Invocation())

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

    assert work(event, queue_of(aws), handle, Invocation()) == {"batchItemFailures": []}
    [dead] = aws.drain("pull-outcomes-dlq")
    assert dead["Body"] == "hopeless"
    assert dead["MessageAttributes"]["reason"]["StringValue"] == "start: is no time"


def test_what_the_dead_letter_queue_does_not_take_stays_where_it_is(aws: AwsWorld) -> None:
    event = received(aws, "hopeless")
    queue = Queue(aws.sqs, aws.queue_urls["pull-outcomes-dlq"] + "-that-is-gone")

    def handle(record: Mapping[str, Any]) -> None:
        raise Refused("no")

    assert bodies_reported(event, work(event, queue, handle, Invocation())) == ["hopeless"]


def test_an_event_of_the_bus_is_read(aws: AwsWorld) -> None:
    sent = Event("e1", "toy.done", "2026-03-10T12:00:00Z", "c", "acme", {"a": 1})

    assert event_of({"body": json.dumps({"detail": json.loads(sent.to_json())})}) == sent


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "{}", '{"detail": "x"}', '{"detail": null}', '{"detail": {}}', "[" * 100_000, '"x"', "3"],
)
def test_a_message_that_is_no_event_is_refused(body: str) -> None:
    with pytest.raises(Refused, match="message m-1 is not an event of the bus"):
        event_of({"messageId": "m-1", "body": body})


def _died_in(aws: AwsWorld, event: dict[str, Any], seconds: float) -> None:
    """Work on a batch in an invocation that ends without a word, and let its time pass."""

    class Died(BaseException):
        pass

    def handle(record: Mapping[str, Any]) -> None:
        raise Died

    with pytest.raises(Died):
        work(event, queue_of(aws), handle, Invocation(seconds))


@pytest.mark.slow
def test_messages_of_an_invocation_that_died_come_back_once_it_must_be_dead(
    aws: AwsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbound.queues._DEAD_FOR_SURE_SECONDS", 0.5)
    bodies = [f"m-{number:02}" for number in range(10)]
    _died_in(aws, received(aws, *bodies), seconds=0.5)

    assert visible(aws) == [], "as long as it could be alive, nobody else has them"
    time.sleep(1.1)
    assert visible(aws) == bodies, "and not after the thousand seconds that they were received for"


@pytest.fixture
def hidden(aws: AwsWorld) -> Iterator[list[list[int]]]:
    """The visibilities that were asked for, call by call."""
    asked: list[list[int]] = []
    event, events = "provide-client-params.sqs.ChangeMessageVisibilityBatch", aws.sqs.meta.events

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append([entry["VisibilityTimeout"] for entry in params["Entries"]])

    events.register(event, note, unique_id="hidden")
    yield asked
    events.unregister(event, unique_id="hidden")


def test_a_batch_is_hidden_by_one_call_for_each_ten_messages(aws: AwsWorld, hidden: list[list[int]]) -> None:
    bodies = [str(number) for number in range(23)]
    event = sqs_event("pull-outcomes", *bodies)

    work(event, queue_of(aws), lambda record: None, Invocation(29.2))

    assert [len(call) for call in hidden] == [10, 10, 3]
    assert {seconds for call in hidden for seconds in call} == {35}, "what is left, some seconds, rounded up"


def test_what_sqs_refuses_to_hide_is_worked_on_all_the_same(
    aws: AwsWorld, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    done: list[str] = []
    event = sqs_event("pull-outcomes", *(str(number) for number in range(30)))
    with Stubber(aws.sqs) as stubber:
        stubber.add_client_error("change_message_visibility_batch", "AccessDeniedException")
        answer = work(event, queue_of(aws), lambda record: done.append(record["body"]), Invocation())

    assert (len(done), answer) == (30, {"batchItemFailures": []})
    [line] = [line for line in logged() if line["level"] == "WARNING"]
    assert (line["message"], line["reason"]) == ("messages are hidden for longer", "ClientError")


def test_messages_that_are_handled_at_once_are_hidden_too(aws: AwsWorld, hidden: list[list[int]]) -> None:
    event = sqs_event("pull-outcomes", "a", "b")

    work_side_by_side(event, queue_of(aws), lambda record: None, Invocation(60), lambda records: [records], 2)

    assert hidden == [[65, 65]]
