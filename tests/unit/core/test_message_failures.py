"""What nobody planned rings the first time, and is given up the fifth, however often a message may wait."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ParamValidationError

from outbound.events import PublishFailed
from outbound.metrics import metrics
from outbound.queues import Queue, Refused, TryLater, work, work_side_by_side
from outbound.settings import ConfigurationError
from outbound.store.message_failures import MessageFailures
from worlds.aws import ACCOUNT, ENVIRONMENT, REGION, AwsWorld, FakeClock, Invocation

SECRET = "+49 30 1234567"
Handle = Callable[[Mapping[str, Any]], None]


class Line:
    """A queue with one message in it, received as often as it comes back."""

    def __init__(self, aws: AwsWorld, clock: FakeClock) -> None:
        self.aws, self.clock = aws, clock
        failures = MessageFailures(aws.table(), ENVIRONMENT["TENANT"], clock)
        self.queue = Queue(aws.sqs, aws.queue_urls["pull-outcomes-dlq"], failures)
        self.waits: list[float] = []
        self.queue.extend_visibility = lambda record, seconds: self.waits.append(seconds)  # type: ignore[method-assign]
        self.received = 0

    def receive(self, handle: Handle, message_id: str = "m-1", side_by_side: bool = False) -> bool:
        """Let the message come once more; return True if it comes back after that."""
        self.received += 1
        record = {
            "messageId": message_id,
            "receiptHandle": "r",
            "body": "the body",
            "attributes": {"ApproximateReceiveCount": str(self.received)},
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:pull-outcomes",
        }
        event = {"Records": [record]}
        if side_by_side:
            answer = work_side_by_side(event, self.queue, handle, Invocation(), lambda records: [records], 2)
        else:
            answer = work(event, self.queue, handle, Invocation())
        return bool(answer["batchItemFailures"])

    def dead(self) -> list[dict[str, Any]]:
        return self.aws.drain("pull-outcomes-dlq")


@pytest.fixture
def line(aws: AwsWorld, clock: FakeClock) -> Line:
    return Line(aws, clock)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The metrics that were measured, by name."""
    found: list[str] = []
    monkeypatch.setattr(metrics, "add_metric", lambda name, unit, value: found.append(name))
    return found


def bug(record: Mapping[str, Any]) -> None:
    raise KeyError(SECRET)


def refused_by_aws(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutItem")  # type: ignore[arg-type]


def raising(error: Exception) -> Handle:
    def handle(record: Mapping[str, Any]) -> None:
        raise error

    return handle


@pytest.mark.parametrize("side_by_side", [False, True])
def test_the_fifth_failure_gives_a_message_up_with_the_type_alone(
    line: Line, rung: list[str], side_by_side: bool
) -> None:
    came_back = [line.receive(bug, side_by_side=side_by_side) for _ in range(5)]

    assert came_back == [True, True, True, True, False]
    assert line.waits == [30, 60, 120, 240], "some eight minutes in all"
    [dead] = line.dead()
    reason = dead["MessageAttributes"]["reason"]["StringValue"]
    assert reason.startswith("KeyError, 5 times")
    assert "m-1" in reason
    assert SECRET not in json.dumps(dead)
    assert rung == ["MessagesFailed"] * 5, "it rings from the first time on"


def test_waiting_in_good_order_uses_up_no_failures(line: Line, rung: list[str]) -> None:
    for _ in range(200):
        assert line.receive(raising(TryLater(5, "the contact is on the phone")))

    assert [line.receive(bug) for _ in range(5)] == [True] * 4 + [False]
    assert rung == ["MessagesFailed"] * 5


def test_failures_are_counted_for_each_message(line: Line) -> None:
    for message_id in ("m-1", "m-2"):
        assert [line.receive(bug, message_id) for _ in range(4)] == [True] * 4
    assert line.dead() == []


def test_failures_a_day_apart_have_nothing_to_do_with_each_other(line: Line, clock: FakeClock) -> None:
    for _ in range(12):
        assert line.receive(bug)
        clock.advance(hours=25)
    assert line.dead() == []


def test_what_failed_and_succeeds_then_is_done(line: Line) -> None:
    assert line.receive(bug)
    assert not line.receive(lambda record: None)
    assert line.dead() == []


@pytest.mark.parametrize(
    "error",
    [
        refused_by_aws("ThrottlingException"),
        refused_by_aws("ProvisionedThroughputExceededException"),
        refused_by_aws("TransactionConflictException"),
        refused_by_aws("AccessDeniedException"),
        refused_by_aws("AccessDenied", 403),
        refused_by_aws("InternalError", 500),
        ConnectTimeoutError(endpoint_url="https://dynamodb"),
        PublishFailed("the bus refused"),
        ConfigurationError("the settings document is not valid"),
    ],
    ids=lambda error: (
        f"{type(error).__name__} {getattr(error, 'response', {}).get('Error', {}).get('Code', '')}"
    ),
)
def test_what_time_or_an_operator_mends_rings_and_comes_back_for_long(
    line: Line, rung: list[str], error: Exception
) -> None:
    assert all(line.receive(raising(error)) for _ in range(30))

    assert line.waits[:4] == [15, 30, 60, 120]
    assert max(line.waits) == 900
    assert rung == ["MessagesFailed"] * 30
    assert line.dead() == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (refused_by_aws("ValidationException"), "ClientError ValidationException"),
        (ParamValidationError(report="no"), "ParamValidationError"),
        (RecursionError("deep"), "RecursionError"),
        (MemoryError(), "MemoryError"),
    ],
    ids=str,
)
def test_what_no_time_mends_is_given_up(line: Line, error: Exception, reason: str) -> None:
    assert [line.receive(raising(error)) for _ in range(5)] == [True] * 4 + [False]
    assert line.dead()[0]["MessageAttributes"]["reason"]["StringValue"].startswith(f"{reason}, 5 times")


def test_a_wait_that_aws_causes_rings_when_it_lasts(line: Line, rung: list[str]) -> None:
    def waits(record: Mapping[str, Any]) -> None:
        raise TryLater(5, "DynamoDB") from refused_by_aws("ThrottlingException")

    for _ in range(5):
        line.receive(waits)

    assert rung == ["MessagesFailed"] * 2, "the first three are no news"


def test_a_refused_message_and_one_that_waits_for_others_ring_nothing(line: Line, rung: list[str]) -> None:
    line.receive(raising(Refused("no event")))
    line.receive(raising(TryLater(5, "no place")))

    assert rung == []


def test_a_failure_that_cannot_be_counted_comes_back_uncounted(
    line: Line, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(message_id: str, kind: str) -> int:
        raise refused_by_aws("ThrottlingException")

    monkeypatch.setattr(line.queue.failures, "count", cannot)

    assert all(line.receive(bug) for _ in range(10))
    assert (line.dead(), len(rung)) == ([], 10)


def test_what_is_given_up_is_logged_with_its_trace(
    line: Line, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    for _ in range(5):
        line.receive(bug)

    failed = [one for one in logged() if one["message"] == "message failed"]
    assert [one["message_id"] for one in failed] == ["m-1"] * 5
    assert all("KeyError" in one["exception"] for one in failed)
