"""`outbound queues`: every queue that is listed can be looked into and sent again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outbound.cli.__main__ import parser
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.queues import Queue
from worlds.aws import ACCOUNT, REGION, AwsWorld, FakeClock


def arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


class Queues:
    """A stack of two queues that share their dead letters, and of EventBridge's dead letters."""

    def __init__(self, aws: AwsWorld, capsys: pytest.CaptureFixture[str]) -> None:
        self.sqs = aws.sqs
        self._capsys = capsys
        self.urls = {name: aws.sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("dead", "bus-dead")}
        policy = json.dumps({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 5})
        for name in ("requests", "rows"):
            attributes = {"RedrivePolicy": policy}
            self.urls[name] = aws.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        outputs = {
            "RequestsQueueUrl": self.urls["requests"],
            "RowsQueueUrl": self.urls["rows"],
            "RequestsDeadLettersUrl": self.urls["dead"],
            "BusDeadLettersUrl": self.urls["bus-dead"],
        }
        self.stack = Stack("outbound", outputs, FakeClock())

    def run(self, *arguments: str) -> Any:
        chosen = parser().parse_args(["queues", *arguments])
        chosen.run(self.stack, chosen, Output(as_json=True))
        return json.loads(self._capsys.readouterr().out)

    def die(self, queue: str, body: str, **about: str) -> None:
        Queue(self.sqs, self.urls["dead"]).send_to_dlq(
            {"body": body, "eventSourceARN": arn(queue)}, "why", **about
        )

    def undelivered(self, target: str, body: str) -> None:
        attributes = {
            "TARGET_ARN": {"DataType": "String", "StringValue": target},
            "ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"},
        }
        self.sqs.send_message(QueueUrl=self.urls["bus-dead"], MessageBody=body, MessageAttributes=attributes)

    def bodies(self, name: str) -> list[str]:
        found = self.sqs.receive_message(QueueUrl=self.urls[name], MaxNumberOfMessages=10)
        return sorted(message["Body"] for message in found.get("Messages", []))


@pytest.fixture
def queues(aws: AwsWorld, capsys: pytest.CaptureFixture[str]) -> Queues:
    return Queues(aws, capsys)


@pytest.mark.slow
def test_whatever_is_listed_can_be_looked_into(queues: Queues) -> None:
    queues.die("rows", "a row")
    listed = queues.run("list")

    assert {row["queue"]: row["dead"] for row in listed} == {"Bus": 0, "Requests": 1, "Rows": 0}
    for row in listed:
        assert isinstance(queues.run("dead", row["queue"]), list)
    [letter] = queues.run("dead", "Rows")
    assert (letter["queue"], letter["reason"]) == ("Rows", "why")


@pytest.mark.slow
def test_a_dead_letter_is_sent_again_to_the_queue_that_it_came_from(queues: Queues) -> None:
    queues.die("rows", "a row")
    queues.die("requests", "a request")

    assert queues.run("redrive", "Requests") == {"queue": "Requests", "redriven": 2}
    assert queues.bodies("rows") == ["a row"]
    assert queues.bodies("requests") == ["a request"]
    assert queues.bodies("dead") == []


@pytest.mark.slow
def test_a_dead_letter_that_says_nothing_is_sent_to_the_named_queue(queues: Queues) -> None:
    queues.sqs.send_message(QueueUrl=queues.urls["dead"], MessageBody="by hand")

    queues.run("redrive", "Rows")

    assert queues.bodies("rows") == ["by hand"]


@pytest.mark.slow
def test_what_the_bus_could_not_deliver_is_sent_to_its_target(queues: Queues) -> None:
    queues.undelivered(arn("requests"), "an event")
    queues.undelivered(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:sweep", "a tick")

    assert {row["reason"] for row in queues.run("dead", "Bus")} == {"NO_PERMISSIONS"}
    assert queues.run("redrive", "Bus") == {"queue": "Bus", "redriven": 1, "left": 1}
    assert queues.bodies("requests") == ["an event"]
    assert queues.bodies("bus-dead") == ["a tick"]


def test_an_unknown_queue_is_named_beside_those_that_exist(queues: Queues) -> None:
    with pytest.raises(ValueError, match="there is no queue 'Row'; use one of Bus, Requests, Rows"):
        queues.run("dead", "Row")
