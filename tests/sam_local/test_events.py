"""Each event of `events/` given to its function in a container: the answer, and what came of it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from integration.lake import rows_of
from integration.listening import Listener
from local.stack import eventually
from outbound.outcomes.jobs import Jobs
from outbound.store.table import Table
from sam_local.invoking import EVENTS, Functions
from sandbox.world import expected_ids
from scenario.cast import Cast

CASES = sorted(f"{path.parent.name}/{path.stem}" for path in EVENTS.glob("*/*.json"))

# How a receiver and the dashboard answer what they do not take; everything else they do.
REFUSED = {
    "no_campaign": 400,
    "no_password": 401,
    "other_page": 403,
    "posted": 405,
    "unknown_campaign": 404,
    "wrong_password": 401,
    "forged": 401,
    "not_json": 400,
    "not_json_type": 415,
    "unknown_path": 404,
    "unknown_provider": 404,
    "wrong_method": 405,
}

_MORNING = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 6, tzinfo=UTC)


def _given(case: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{case}.json").read_text())
    return event


def _ids(case: str) -> set[str]:
    """Return the ids of the bus events in a batch."""
    bodies = [record["body"] for record in _given(case)["Records"]]
    return {json.loads(body)["detail"]["event_id"] for body in bodies if body.startswith("{")}


def _jobs(cast: Cast) -> Jobs:
    outputs = cast.stack.outputs
    return Jobs(Table(cast.stack.client("dynamodb"), outputs["StateTable"]), outputs["Tenant"])


@pytest.mark.parametrize("case", CASES)
def test_a_function_answers_its_event(case: str, functions: Functions) -> None:
    given, answer = _given(case), functions.answer(case)
    if "Records" in given:
        assert answer == {"batchItemFailures": []}
    elif given.get("type") == "REQUEST":
        (statement,) = answer["policyDocument"]["Statement"]
        assert statement["Effect"] == "Allow"
    elif "httpMethod" in given:
        function, name = case.split("/")
        assert answer["statusCode"] == REFUSED.get(name, 200 if function == "show_dashboard" else 202)
    else:
        assert isinstance(answer, dict)


def test_a_container_pulls_the_calls_of_a_window(functions: Functions, cast: Cast) -> None:
    functions.answer("pull_outcomes/job")
    first = next(_jobs(cast).of_campaign("spring-renewals"))
    assert (first.start, first.end, first.status) == (*_MORNING, "completed")
    wanted = Counter(expected_ids(cast.tenant.world, "spring-renewals", *_MORNING))
    assert Counter(row["id"] for row in rows_of(cast.stack, "spring-renewals")) == wanted
    assert wanted.total() > 50


def test_a_container_plans_a_backfill(functions: Functions, cast: Cast) -> None:
    functions.answer("plan_pulls/backfill")
    windows = [(job.start.hour, job.end.hour) for job in _jobs(cast).of_campaign("spring-renewals")]
    assert windows[:4] == [(0, 6), (6, 12), (12, 18), (18, 0)]


def test_a_container_refuses_a_backfill_by_its_field(functions: Functions, listener: Listener) -> None:
    functions.answer("plan_pulls/naive_time")
    (request,) = _ids("plan_pulls/naive_time")
    assert eventually(lambda: listener.heard("outcomes.pull_failed", request_id=request, field="start"))


def test_a_container_delivers_what_is_signed_and_says_why_it_gives_up(
    functions: Functions, cast: Cast
) -> None:
    functions.answer("deliver/mixed_batch")
    crm = cast.receivers.received("crm")
    verified = {delivery.webhook_id for delivery in crm.deliveries if delivery.verified}
    assert crm.refused == 0
    assert len(_ids("deliver/mixed_batch") & verified) == 2
    (letter,) = cast.operator.run("queues", "dead", "DeliverCrm")
    assert "is not an event of the bus" in letter["reason"]


def test_a_container_records_a_batch(functions: Functions, cast: Cast) -> None:
    functions.answer("record_audit/batch")
    s3, bucket = cast.stack.client("s3"), cast.stack.outputs["AuditBucket"]
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix="audit/")["Contents"]]
    bodies = [gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]
    batches = [{json.loads(line)["event_id"] for line in body.splitlines()} for body in bodies]
    assert _ids("record_audit/batch") in batches


@pytest.mark.parametrize("case", ["interested", "disordered", "invalid"])
def test_a_container_ends_every_disposition_and_says_so(
    case: str, functions: Functions, listener: Listener
) -> None:
    functions.answer(f"apply_dispositions/{case}")
    # How it ends depends on the day: a disposition of last year is too old.
    ends = ("applied", "superseded", "rejected")
    for request_id in _ids(f"apply_dispositions/{case}"):
        heard = [e for end in ends for e in listener.heard(f"disposition.{end}", request_id=request_id)]
        assert len({event["event_id"] for event in heard}) == 1, request_id
