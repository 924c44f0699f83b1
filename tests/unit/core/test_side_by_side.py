"""Many messages at once: groups side by side, each in its order, and each message's end its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from outbound.queues import Queue, Records, work_side_by_side
from worlds.aws import AwsWorld, Invocation, sqs_event


def _by_first_letter(records: Records) -> list[list[Mapping[str, Any]]]:
    letters = sorted({record["body"][0] for record in records})
    return [[record for record in records if record["body"][0] == letter] for letter in letters]


def _batch(*bodies: str) -> dict[str, Any]:
    return sqs_event("pull-outcomes", *bodies)


def test_groups_are_worked_on_at_once(aws: AwsWorld) -> None:
    # Each waits for all the others: one after another they would never meet.
    all_here = threading.Barrier(4, timeout=20)
    queue = Queue(aws.sqs, aws.queue_urls["pull-outcomes-dlq"])

    answer = work_side_by_side(
        _batch("a", "b", "c", "d"),
        queue,
        lambda _: all_here.wait() and None,
        Invocation(),
        _by_first_letter,
        4,
    )

    assert answer == {"batchItemFailures": []}


def test_those_of_a_lane_are_handled_in_its_order_one_at_a_time(aws: AwsWorld) -> None:
    at_work, most, done = 0, 0, []
    lock = threading.Lock()

    def handle(record: Mapping[str, Any]) -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        done.append(record["body"])
        with lock:
            at_work -= 1

    queue = Queue(aws.sqs, aws.queue_urls["pull-outcomes-dlq"])
    bodies = [f"a{number:02}" for number in range(30)]
    work_side_by_side(_batch(*bodies), queue, handle, Invocation(), _by_first_letter, 8)

    assert (done, most) == (bodies, 1)


def test_one_that_fails_is_reported_and_its_lane_goes_on(aws: AwsWorld) -> None:
    done: list[str] = []

    def handle(record: Mapping[str, Any]) -> None:
        if record["body"] == "a1":
            raise RuntimeError("a bug")
        done.append(record["body"])

    event = _batch("a0", "a1", "a2", "b0")
    answer = work_side_by_side(
        event, Queue(aws.sqs, aws.queue_urls["pull-outcomes-dlq"]), handle, Invocation(), _by_first_letter, 4
    )

    failed = [one["itemIdentifier"] for one in answer["batchItemFailures"]]
    assert failed == [_id_of(event["Records"], "a1")]
    assert sorted(done) == ["a0", "a2", "b0"]


def _id_of(records: Sequence[Mapping[str, Any]], body: str) -> str:
    return next(str(record["messageId"]) for record in records if record["body"] == body)
