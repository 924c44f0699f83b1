"""Hearing what the stack says: every event of the bus, on a queue of the tests' own."""

from __future__ import annotations

import json
from typing import Any

from local import Stack


class Listener:
    """Hears every event that is on the bus from now on."""

    def __init__(self, stack: Stack) -> None:
        self._sqs = stack.client("sqs")
        self._url = self._sqs.create_queue(QueueName="listener")["QueueUrl"]
        self._heard: list[dict[str, Any]] = []
        events, bus = stack.client("events"), stack.outputs["BusName"]
        pattern = json.dumps({"source": ["outbound-bridge"]})
        events.put_rule(Name="listener", EventBusName=bus, EventPattern=pattern)
        events.put_targets(Rule="listener", EventBusName=bus, Targets=[{"Id": "queue", "Arn": self._arn()}])

    def heard(self, event_type: str = "", **data: Any) -> list[dict[str, Any]]:
        """Give the events so far, in the order of their coming: of a type, and with these data."""
        self._listen()
        return [
            event
            for event in self._heard
            if event_type in ("", event["event_type"]) and data.items() <= event["data"].items()
        ]

    def _listen(self) -> None:
        while messages := self._received():
            self._heard += [json.loads(message["Body"])["detail"] for message in messages]
            handles = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=handles)

    def _received(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=0
        ).get("Messages", [])
        return found

    def _arn(self) -> str:
        wanted = ["QueueArn"]
        arn: str = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=wanted)["Attributes"][
            "QueueArn"
        ]
        return arn
