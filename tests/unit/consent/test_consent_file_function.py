"""The function itself, given the events of `events/`, with the objects that they are about in the lake."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from worlds.aws import AwsWorld, FakeClock
from worlds.consent_files import BUCKET, HEADER, PREFIX, QUEUE, ConsentFileWorld

_EVENTS = Path(__file__).resolve().parents[3] / "events" / "read_consent_files"

# What lies under the keys of the events; S3's tags in them are the hashes of these.
_CONTENTS = {
    "march.csv": f"""\
{HEADER}
contact-17,granted,2026-03-01T09:00:00Z,written,Acme,+15550100123,form 17,telemarketing,,web form
contact-18,do_not_call,2026-03-02T09:00:00Z,,,,,,,crm
contact-19,granted,2026-03-03T09:00:00Z,verbal,Acme,,,,,call centre
""",
    "march.jsonl": (
        '{"contactId": "contact-20", "change": "revoked", "occurredAt": "2026-03-04T09:00:00Z"}\n'
        '{"contact_id": "contact-21", "change": "granted", "occurred_at": "2026-03-04T09:00:00Z",'
        ' "kind": "express", "evidence": "call 4711"}\n'
    ),
    "not-a.csv": '{"contact_id": "contact-22", "change": "do_not_call"}\n',
}

Call = Callable[[str], list[str]]


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> ConsentFileWorld:
    world = ConsentFileWorld(aws, clock)
    for name, content in _CONTENTS.items():
        aws.s3.put_object(Bucket=BUCKET, Key=PREFIX + name, Body=content.encode())
    return world


@pytest.fixture
def call(
    world: ConsentFileWorld,
    monkeypatch: pytest.MonkeyPatch,
    load_function: Callable[[str], ModuleType],
    lambda_context: Any,
) -> Call:
    """Return the function an event as a message that is out; return the ids that come back."""
    monkeypatch.setenv("DLQ_URL", world.aws.queue_urls[f"{QUEUE}-dlq"])
    function = load_function("read_consent_files")

    def call(case: str) -> list[str]:
        event = json.loads((_EVENTS / f"{case}.json").read_text())
        answer = function.handler(event, lambda_context)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    return call


@pytest.mark.parametrize(
    ("case", "name", "changes", "failed"),
    [
        ("csv", "march.csv", {"granted.written": 1, "do_not_call": 1}, 1),
        ("jsonl", "march.jsonl", {"granted.express": 1, "revoked": 1}, 0),
    ],
)
def test_a_file_is_recorded_and_answered(
    world: ConsentFileWorld, call: Call, case: str, name: str, changes: dict[str, int], failed: int
) -> None:
    assert call(case) == []
    report = world.report(name)
    assert (report["status"], report["changes"], report["failed"]) == ("finished", changes, failed)


def test_a_file_that_is_not_what_it_is_called_is_refused_and_what_it_forbids_counts(
    world: ConsentFileWorld, call: Call
) -> None:
    assert call("not_a_csv") == []
    assert world.report("not-a.csv")["reason"] == "not_what_its_name_says"
    assert world.consents.get("contact-22").refusal == "do_not_call"


def test_every_event_is_tried() -> None:
    assert {path.stem for path in _EVENTS.iterdir()} == {"csv", "jsonl", "not_a_csv"}


def test_what_is_logged_of_a_file_holds_nothing_of_its_rows(
    world: ConsentFileWorld, call: Call, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    call("csv")
    text = json.dumps(logged())
    assert "contact-17" not in text
    assert "0123" not in text
