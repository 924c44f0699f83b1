"""What AWS does around a function that works off a queue, so that a check can do it too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from faults.outside import unwatched


class QueueTrigger:
    """Hands a queue's messages to a handler as Lambda does, and deletes those that it does not report back.

    A handler that is cut off, or raises, has its whole batch come back.
    """

    def __init__(
        self, sqs: Any, queue_url: str, queue_arn: str, handler: Callable[[dict[str, Any]], Mapping[str, Any]]
    ) -> None:
        self._sqs = sqs
        self._url = queue_url
        self._arn = queue_arn
        self._handler = handler
        self._in_flight: dict[str, str] = {}

    def poll(self, most: int = 10) -> int:
        """Hand over one batch; give how many messages there were."""
        with unwatched():
            messages = self._receive(most)
        if not messages:
            return 0
        answer = self._handler({"Records": [self._record(message) for message in messages]})
        reported = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        with unwatched():
            for message in messages:
                if message["MessageId"] not in reported:
                    self._delete(message)
        return len(messages)

    def let_time_pass(self) -> int:
        """Make visible what is out and not deleted, as its time-out would; give how many there were."""
        with unwatched():
            out, self._in_flight = self._in_flight, {}
            for receipt in out.values():
                try:
                    self._sqs.change_message_visibility(
                        QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=0
                    )
                except self._sqs.exceptions.MessageNotInflight:
                    continue
            return len(out)

    def _receive(self, most: int) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=most,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])
        self._in_flight |= {message["MessageId"]: message["ReceiptHandle"] for message in messages}
        return messages

    def _delete(self, message: dict[str, Any]) -> None:
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        del self._in_flight[message["MessageId"]]

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {},
            "md5OfBody": message.get("MD5OfBody", ""),
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": self._arn.split(":")[3],
        }
