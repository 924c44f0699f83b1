"""Many at once, on tables whose conditions are atomic: each thing is done by one of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Barrier
from typing import Any, TypeVar
from uuid import uuid4

import pytest

from integration.conftest import DAY
from integration.lake import rows_of
from integration.listening import Listener
from local import Stack
from local.stack import eventually
from outbound.clock import SystemClock, format_time
from outbound.cxone.auth import Tokens
from outbound.cxone.errors import RateLimited
from outbound.cxone.quota import Budgets
from outbound.cxone.quota_places import Priority
from outbound.cxone.settings import Budget, CxoneSettings
from outbound.events import EventType, event_of_type
from outbound.outcomes.job import Job
from outbound.secrets import Secrets
from outbound.store.outbox import facts_attributes
from outbound.store.table import Key, Table, Written
from sandbox.running import Tenant
from sandbox.world import expected_ids
from scenario.cast import Operator
from scenario.steps import CALLS, cxone_document

T = TypeVar("T")
JobsOf = Callable[[str], list[Job]]


def _at_once(count: int, work: Callable[[], T]) -> list[T]:
    """Do some work so many times, all beginning together."""
    start = Barrier(count)

    def one(_: int) -> T:
        start.wait(timeout=10)
        return work()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def _message(queue_arn: str, body: object) -> dict[str, Any]:
    """Make the event of a function that is given one message of a queue."""
    return {
        "Records": [
            {
                "messageId": uuid4().hex,
                "receiptHandle": "none",
                "body": json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
                "awsRegion": "us-east-1",
            }
        ]
    }


def _tick(stack: Stack) -> dict[str, Any]:
    """Make the event of a beat of the schedule."""
    tick = event_of_type(EventType.PULL_DUE, stack.outputs["Tenant"], datetime.now(UTC), [uuid4().hex], {})
    return _message("arn:aws:sqs:us-east-1:000000000000:none", {"detail": json.loads(tick.to_json())})


def test_planners_at_once_plan_every_moment_once(stack: Stack, operator: Operator, jobs_of: JobsOf) -> None:
    start = (datetime.now(UTC) - timedelta(hours=13)).replace(microsecond=0)
    # All planners are warm before they race.
    _at_once(4, lambda: stack.invoke("plan_pulls", _tick(stack)))
    operator.run("campaigns", "register", "raced", "--start", format_time(start))
    for _ in range(2):
        answers = _at_once(4, lambda: stack.invoke("plan_pulls", _tick(stack)))
        assert answers == [{"batchItemFailures": []}] * 4
    operator.run("campaigns", "register", "raced", "--start", format_time(start), "--disabled")

    jobs = jobs_of("raced")
    assert jobs[0].start == start
    for before, after in pairwise(jobs):
        assert before.end == after.start
    assert datetime.now(UTC) - jobs[-1].end < timedelta(minutes=3)
    eventually(lambda: {job.status for job in jobs_of("raced")} == {"completed"}, seconds=30)
    assert {job.generation for job in jobs_of("raced")} == {1}


def test_runs_of_one_job_at_once_pull_it_once(
    stack: Stack, operator: Operator, tenant: Tenant, jobs_of: JobsOf
) -> None:
    end = DAY + timedelta(hours=6)
    operator.run("campaigns", "register", "doubled", "--disabled", "--page-size", "10")
    tenant.add_fault({"delay": 1.5}, path=CALLS, query={"campaignId": "doubled"})
    window = {"start": format_time(DAY), "end": format_time(end)}
    operator.run("outcomes", "pull", "doubled", "--from", window["start"], "--to", window["end"])
    eventually(lambda: any(job.status == "running" for job in jobs_of("doubled")))
    job = {"campaign_id": "doubled", **window}
    for _ in range(3):
        stack.client("sqs").send_message(
            QueueUrl=stack.outputs["PullOutcomesQueueUrl"], MessageBody=json.dumps(job)
        )
    eventually(lambda: jobs_of("doubled")[0].status == "completed", seconds=30)
    eventually(lambda: "another run is pulling this window" in "".join(stack.log_lines("pull_outcomes")))

    wanted = Counter(expected_ids(tenant.world, "doubled", DAY, end))
    assert Counter(row["id"] for row in rows_of(stack, "doubled")) == wanted
    asked = [request for request in tenant.requests() if "campaignId=doubled" in request.query]
    (pulled,) = jobs_of("doubled")
    assert len(asked) == pulled.position.page
    # Whoever comes when it is done finds nothing to do.
    assert stack.invoke("pull_outcomes", _message("none:none:none:none:none:none", job)) == {
        "batchItemFailures": []
    }
    assert jobs_of("doubled") == [pulled]


def test_fifty_who_need_a_token_at_once_cost_one_token_request(stack: Stack, tenant: Tenant) -> None:
    table = Table(stack.client("dynamodb"), stack.outputs["TokenTable"])
    for item in table.query(f"{stack.outputs['Tenant']}#token"):
        at = {"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}}
        stack.client("dynamodb").delete_item(TableName=table.name, Key=at)
    settings = CxoneSettings.model_validate(cxone_document(tenant.url, quota=True))
    clock = SystemClock()
    before = tenant.stats().token_requests
    tenant.add_fault({"delay": 0.5}, path="/oauth/token")

    def get() -> str:
        secrets = Secrets(stack.client("secretsmanager"), clock)
        return Tokens(
            table, stack.outputs["Tenant"], secrets, stack.outputs["CxoneSecret"], lambda: settings, clock
        ).get("outcomes")

    stack.client("secretsmanager")
    tokens = _at_once(50, get)
    assert len(set(tokens)) == 1
    assert tenant.stats().token_requests - before == 1


class _Counted(Table):
    """A table that counts the writes to it."""

    writes = 0

    def update(self, *arguments: Any, **more: Any) -> Written:
        self.writes += 1
        return super().update(*arguments, **more)


@pytest.mark.parametrize(("reserved", "priority"), [(0.0, "normal"), (0.2, "normal"), (0.2, "high")])
def test_forty_functions_at_once_take_an_idle_quota_and_no_place_more(
    stack: Stack, reserved: float, priority: Priority
) -> None:
    budget = Budget(calls=50, per_seconds=600, reserved=reserved)
    places = 40 if (reserved, priority) == (0.2, "normal") else 50
    name, tenant = uuid4().hex, stack.outputs["Tenant"]
    client = stack.client("dynamodb")

    def take_one(budgets: Budgets) -> bool:
        while True:
            try:
                budgets.take(name, budget, priority)
            except RateLimited as refused:
                if refused.retry_at > datetime.now(UTC) + timedelta(seconds=500):
                    return False
            else:
                return True

    def take_two() -> list[tuple[bool, int]]:
        table = _Counted(client, stack.outputs["TokenTable"])
        # Each has its own memory, as functions have: only the table knows what the others took.
        budgets = Budgets(table, tenant, SystemClock())
        ends = []
        for _ in range(2):
            before = table.writes
            ends.append((take_one(budgets), table.writes - before))
        return ends

    ends = [end for both in _at_once(40, take_two) for end in both]
    item = Table(client, stack.outputs["TokenTable"]).get(Key(f"{tenant}#budget", name)) or {}
    assert sum(taken for taken, _ in ends) == places
    assert sum(attribute[0] == "p" and attribute[1:].isdecimal() for attribute in item) == places
    writes = [count for _, count in ends]
    assert sum(writes) <= 2 * len(writes), Counter(writes)


def test_sweepers_at_once_publish_what_was_left_once(stack: Stack, table: Table, listener: Listener) -> None:
    _at_once(4, lambda: stack.invoke("sweep", {}))
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    facts = [
        event_of_type(
            EventType.COVERAGE_LOST, stack.outputs["Tenant"], long_ago, [uuid4().hex], {"number": number}
        )
        for number in range(8)
    ]
    for fact in facts:
        table.put(Key("main#left", fact.event_id), facts_attributes([fact], long_ago))
    swept = _at_once(4, lambda: stack.invoke("sweep", {}))
    assert sum(answer["facts"] for answer in swept) == len(facts)

    def published() -> Counter[str]:
        return Counter(event["event_id"] for event in listener.heard("outcomes.coverage_lost"))

    wanted = Counter(fact.event_id for fact in facts)
    eventually(lambda: wanted <= published())
    assert wanted == Counter({event_id: published()[event_id] for event_id in wanted})
