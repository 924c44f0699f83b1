"""`outbound queues`: dead letters with their reasons, and sending them again."""

from __future__ import annotations

from typing import Any

from local import Stack
from local.stack import eventually
from scenario.cast import Operator


def _counts(operator: Operator, name: str) -> dict[str, Any]:
    (row,) = (row for row in operator.run("queues", "list") if row["queue"] == name)
    return row


def _dead(stack: Stack, name: str, count: int) -> bool:
    return stack.queue_depth(stack.outputs[f"{name}DeadLettersUrl"]) == count


def test_every_queue_is_listed_and_nothing_has_died(operator: Operator, stack: Stack) -> None:
    rows = operator.run("queues", "list")
    known = {name.removesuffix("QueueUrl") for name in stack.outputs if name.endswith("QueueUrl")}
    assert {"DeliverCrm", "PlanPulls", "PullOutcomes", "RecordAudit"} <= known
    # What AWS could not deliver lies in dead letters without a queue.
    assert known | {"Bus", "Schedule"} == {row["queue"] for row in rows}
    assert {row["dead"] for row in rows} == {0}


def test_a_poisoned_message_dies_at_once_with_its_reason_and_dies_again_when_it_is_redriven(
    operator: Operator, stack: Stack
) -> None:
    url = stack.outputs["PlanPullsQueueUrl"]
    stack.client("sqs").send_message(QueueUrl=url, MessageBody="this is not an event")
    eventually(lambda: _dead(stack, "PlanPulls", 1))
    assert _counts(operator, "PlanPulls") | {"waiting": 0} == {
        "queue": "PlanPulls",
        "waiting": 0,
        "in_flight": 0,
        "delayed": 0,
        "dead": 1,
    }
    (letter,) = operator.run("queues", "dead", "PlanPulls")
    assert "is not an event of the bus" in letter["reason"]
    # Looking does not hide it from what comes next.
    assert operator.run("queues", "redrive", "PlanPulls", "--dry-run") == {"queue": "PlanPulls", "dead": 1}
    assert operator.run("queues", "redrive", "PlanPulls") == {"queue": "PlanPulls", "redriven": 1}
    eventually(lambda: _dead(stack, "PlanPulls", 1))
    (again,) = operator.run("queues", "dead", "PlanPulls")
    assert again["message_id"] != letter["message_id"]
    assert again["reason"].split(" is not an event")[1] == letter["reason"].split(" is not an event")[1]
    stack.client("sqs").purge_queue(QueueUrl=stack.outputs["PlanPullsDeadLettersUrl"])


def test_a_person_reads_the_reason_in_a_table(operator: Operator, stack: Stack) -> None:
    url = stack.outputs["DeliverWfmDeadLettersUrl"]
    reason = {"reason": {"DataType": "String", "StringValue": "answered 400"}}
    stack.client("sqs").send_message(QueueUrl=url, MessageBody="{}", MessageAttributes=reason)
    shown = operator.attempt("queues", "dead", "DeliverWfm").stdout
    assert "answered 400" in shown
    stack.client("sqs").purge_queue(QueueUrl=url)
    assert operator.attempt("queues", "dead", "DeliverWfm").stdout == "DeliverWfm has no dead letters\n"


def test_a_queue_that_does_not_exist_is_named_beside_those_that_do(operator: Operator) -> None:
    for command in ("dead", "redrive"):
        refused = operator.attempt("queues", command, "Deliver")
        assert refused.returncode == 2
        assert "there is no queue 'Deliver'" in refused.stderr
        assert "DeliverCrm" in refused.stderr
