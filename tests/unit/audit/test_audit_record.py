"""The audit record: a batch is one object, whatever comes again, and one bad message holds up nothing."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from outbound.audit.objects import AuditBucket, audit_object
from outbound.audit.recorder import AuditRecord
from outbound.logs import logger
from outbound.queues import Queue
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation, sqs_event

Logged = Callable[[], list[dict[str, Any]]]
EVENTS = Path(__file__).parents[3] / "events" / "record_audit"


@pytest.fixture
def bucket(aws: AwsWorld) -> AuditBucket:
    return AuditBucket(aws.s3, ENVIRONMENT["AUDIT_BUCKET"])


@pytest.fixture
def audit(aws: AwsWorld, bucket: AuditBucket, clock: FakeClock) -> AuditRecord:
    return AuditRecord(bucket, Queue(aws.sqs, aws.queue_urls["record-audit-dlq"]), clock)


def _body(number: int, **data: Any) -> str:
    detail = {
        "event_id": f"event-{number:04d}",
        "event_type": "outcomes.pulled",
        "occurred_at": "2026-03-10T11:59:00Z",
        "correlation_id": "c",
        "tenant": "acme",
        "data": {"number": number, **data},
    }
    return json.dumps({"detail-type": "outcomes.pulled", "detail": detail})


def _lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(content).splitlines()]


def test_a_batch_is_one_object_ordered_by_event_id_under_the_hour_of_its_recording(
    audit: AuditRecord, aws: AwsWorld
) -> None:
    answer = audit.record(sqs_event("record-audit", _body(3), _body(1), _body(2)), Invocation())
    assert answer == {"batchItemFailures": []}
    ((key, content),) = aws.objects("AUDIT_BUCKET").items()
    ids = ["event-0001", "event-0002", "event-0003"]
    name = hashlib.sha256("\n".join(ids).encode()).hexdigest()
    assert key == f"audit/dt=2026-03-10/hour=12/{name}.jsonl.gz"
    assert [line["event_id"] for line in _lines(content)] == ids
    assert _lines(content)[0]["data"] == {"number": 1}


def test_an_object_carries_the_hash_of_its_bytes_and_its_count(audit: AuditRecord, aws: AwsWorld) -> None:
    audit.record(sqs_event("record-audit", _body(1), _body(2)), Invocation())
    ((key, content),) = aws.objects("AUDIT_BUCKET").items()
    head = aws.s3.head_object(Bucket=ENVIRONMENT["AUDIT_BUCKET"], Key=key)
    assert head["Metadata"] == {"sha256": hashlib.sha256(content).hexdigest(), "events": "2"}


def test_the_same_batch_again_in_any_order_is_the_same_object(
    audit: AuditRecord, aws: AwsWorld, clock: FakeClock
) -> None:
    audit.record(sqs_event("record-audit", _body(1), _body(2)), Invocation())
    clock.advance(minutes=20)
    assert audit.record(sqs_event("record-audit", _body(2), _body(1), _body(2)), Invocation()) == {
        "batchItemFailures": []
    }
    (key,) = aws.objects("AUDIT_BUCKET")
    versions = aws.s3.list_object_versions(Bucket=ENVIRONMENT["AUDIT_BUCKET"])["Versions"]
    assert [version["Key"] for version in versions] == [key]


def test_an_event_that_comes_twice_in_a_batch_is_one_line(audit: AuditRecord, aws: AwsWorld) -> None:
    audit.record(sqs_event("record-audit", _body(1), _body(1)), Invocation())
    (content,) = aws.objects("AUDIT_BUCKET").values()
    assert len(_lines(content)) == 1


def test_the_bytes_do_not_depend_on_the_moment(clock: FakeClock) -> None:
    first = audit_object(["a"], ["{}"], clock.now())
    clock.advance(minutes=5)
    assert audit_object(["a"], ["{}"], clock.now()) == first


def test_a_malformed_message_goes_to_the_dead_letters_alone(audit: AuditRecord, aws: AwsWorld) -> None:
    bodies = [_body(1), "no JSON", "[]", json.dumps({"detail": {"event_id": 7}}), _body(2)]
    answer = audit.record(sqs_event("record-audit", *bodies), Invocation())
    assert answer == {"batchItemFailures": []}
    dead = aws.drain("record-audit-dlq")
    assert sorted(message["Body"] for message in dead) == sorted(bodies[1:4])
    assert all("is not an event of the bus" in m["MessageAttributes"]["reason"]["StringValue"] for m in dead)
    (content,) = aws.objects("AUDIT_BUCKET").values()
    assert len(_lines(content)) == 2


def test_a_batch_of_malformed_messages_writes_nothing(audit: AuditRecord, aws: AwsWorld) -> None:
    assert audit.record(sqs_event("record-audit", "x", "y"), Invocation()) == {"batchItemFailures": []}
    assert not aws.objects("AUDIT_BUCKET")
    assert len(aws.drain("record-audit-dlq")) == 2


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "SlowDown", "Message": ""}}, "PutObject"),
        ClientError({"Error": {"Code": "ConditionalRequestConflict", "Message": ""}}, "PutObject"),
        EndpointConnectionError(endpoint_url="https://s3"),
    ],
)
def test_a_bucket_that_does_not_take_the_batch_fails_all_of_it_and_logs_no_event(
    audit: AuditRecord,
    aws: AwsWorld,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    logged: Logged,
) -> None:
    def refuse(**_: object) -> None:
        raise error

    measured: list[tuple[str, float]] = []

    def add_metric(name: str, unit: str, value: float) -> None:
        measured.append((name, value))

    with monkeypatch.context() as patch:
        patch.setattr(aws.s3, "put_object", refuse)
        patch.setattr("outbound.metrics.metrics.add_metric", add_metric)
        answer = audit.record(sqs_event("record-audit", _body(1), "no JSON", _body(2)), Invocation())
    assert measured == [("MessagesFailed", 2)], "a batch that comes back rings"
    assert {failure["itemIdentifier"] for failure in answer["batchItemFailures"]} == {"m-0", "m-2"}
    assert "audit" not in [line["message"] for line in logged()]
    assert audit.record(sqs_event("record-audit", _body(1), _body(2)), Invocation()) == {
        "batchItemFailures": []
    }
    assert len(aws.objects("AUDIT_BUCKET")) == 1


def test_an_object_that_is_there_already_is_a_success_and_stays_as_it_was(
    audit: AuditRecord, aws: AwsWorld
) -> None:
    audit.record(sqs_event("record-audit", _body(1)), Invocation())
    ((key, before),) = aws.objects("AUDIT_BUCKET").items()
    assert audit.record(sqs_event("record-audit", _body(1, changed=True)), Invocation()) == {
        "batchItemFailures": []
    }
    assert aws.objects("AUDIT_BUCKET") == {key: before}


def test_personal_data_reaches_neither_bucket_nor_log(
    audit: AuditRecord, aws: AwsWorld, logged: Logged
) -> None:
    contact = {"id": "c-7", "phone_number": "+15550100", "email": "ann@example.com", "notes": "call at night"}
    audit.record(sqs_event("record-audit", _body(1, contact=contact)), Invocation())
    (content,) = aws.objects("AUDIT_BUCKET").values()
    line = _lines(content)[0]
    assert line["data"]["contact"] == {"id": "c-7", "phone_number": "***", "email": "***", "notes": "***"}
    said = json.dumps(logged())
    assert "c-7" in said
    assert "+15550100" not in said
    assert "ann@example.com" not in said


def test_each_event_is_one_structured_line_in_the_log(
    audit: AuditRecord, aws: AwsWorld, logged: Logged
) -> None:
    audit.record(sqs_event("record-audit", _body(2), _body(1)), Invocation())
    lines = [line for line in logged() if line["message"] == "audit"]
    assert [line["event"]["event_id"] for line in lines] == ["event-0001", "event-0002"]
    assert {line["object"] for line in lines} == set(aws.objects("AUDIT_BUCKET"))


@pytest.mark.parametrize(("case", "events", "dead"), [("batch", 3, 0), ("duplicate_and_malformed", 1, 1)])
def test_the_function_records_the_events_of_its_folder(
    aws: AwsWorld,
    load_function: Any,
    lambda_context: Any,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
    events: int,
    dead: int,
) -> None:
    monkeypatch.setenv("DLQ_URL", aws.queue_urls["record-audit-dlq"])
    function = load_function("record_audit")
    answer = function.handler(json.loads((EVENTS / f"{case}.json").read_text()), lambda_context)
    assert answer == {"batchItemFailures": []}
    assert len(aws.drain("record-audit-dlq")) == dead
    (content,) = aws.objects("AUDIT_BUCKET").values()
    assert len(_lines(content)) == events


def test_the_audit_log_is_written_whatever_level_the_log_is_cut_to(
    aws: AwsWorld, bucket: AuditBucket, clock: FakeClock, logged: Logged
) -> None:
    before = logger.log_level
    logger.setLevel("ERROR")
    try:
        audit = AuditRecord(bucket, Queue(aws.sqs, aws.queue_urls["record-audit-dlq"]), clock)
        audit.record(sqs_event("record-audit", _body(1)), Invocation())
    finally:
        logger.setLevel(before)
    assert [line["event"]["event_id"] for line in logged() if line["message"] == "audit"] == ["event-0001"]
