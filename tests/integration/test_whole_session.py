"""What held from the deployment on; named to be the last, so that it has seen all the others."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

from integration.listening import Listener
from local import Stack
from local.stack import eventually
from outbound.logs import masked


def _recorded(stack: Stack) -> dict[str, dict[str, Any]]:
    """Give every event in the audit bucket by its id."""
    s3, bucket = stack.client("s3"), stack.outputs["AuditBucket"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="audit/")
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    bodies = [gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]
    events = [json.loads(line) for body in bodies for line in body.splitlines()]
    return {event["event_id"]: event for event in events}


def _logged(stack: Stack) -> set[str]:
    lines = stack.log_records("record_audit")
    return {line["event"]["event_id"] for line in lines if line["message"] == "audit"}


def test_every_event_is_in_the_audit_bucket_and_in_the_audit_log(stack: Stack, listener: Listener) -> None:
    heard: dict[str, list[Any]] = {}
    for event in listener.heard():
        heard.setdefault(event["event_id"], []).append(masked(event))
    assert len(heard) > 10
    eventually(lambda: heard.keys() <= _recorded(stack).keys(), seconds=60, every=0.5)
    recorded = _recorded(stack)
    # Notes and the like stay out of it. A request that was rejected and comes again is a new try, and its
    # rejection has the same id, with its own moment and CXone's newer words: one of them is recorded. Nothing
    # else is said in two ways under one id.
    in_two_ways = {said[0]["event_type"] for said in heard.values() if any(one != said[0] for one in said)}
    assert in_two_ways <= {"disposition.rejected"}
    wrong = [(recorded[event_id], said) for event_id, said in heard.items() if recorded[event_id] not in said]
    assert wrong == []
    # The lines follow the object, and a function's lines its end.
    eventually(lambda: heard.keys() <= _logged(stack), every=0.5)


def _sweeps_by_schedule(stack: Stack) -> int:
    return len(
        re.findall(r"EventBridge \S+ Lambda outbound-sweep: dispatched", stack.emulator.log.read_text())
    )


def test_the_sweep_s_schedule_fires_by_itself_and_when_it_is_told_to(stack: Stack) -> None:
    # No test fires it before, so whatever is there came of the minute.
    by_itself = eventually(lambda: _sweeps_by_schedule(stack), seconds=60, every=0.5)
    stack.fire("sweep")
    assert eventually(lambda: _sweeps_by_schedule(stack) > by_itself, seconds=10)


def test_no_function_met_what_nobody_planned(stack: Stack) -> None:
    folders = (
        "apply_dispositions",
        "plan_pulls",
        "pull_outcomes",
        "deliver_crm",
        "deliver_warehouse",
        "record_audit",
        "sweep",
    )
    for function in folders:
        records = stack.log_records(function)
        assert not [line for line in records if line["message"] == "message failed"], function


def test_nothing_is_left_in_the_dead_letter_queues(stack: Stack) -> None:
    for name, url in stack.outputs.items():
        if name.endswith("DeadLettersUrl"):
            assert stack.queue_depth(url) == 0, name
