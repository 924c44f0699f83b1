"""The function that delivers, on the events of its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from worlds.aws import AwsWorld
from worlds.deliveries import KEY, Receiver

EVENTS = Path(__file__).parents[3] / "events" / "deliver"


@pytest.fixture
def deliver(
    aws: AwsWorld,
    receiver: Receiver,
    load_function: Any,
    lambda_context: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    crm = {"url": receiver.url, "allow_insecure": True, "allow_private": True}
    text = json.dumps({"destinations": {"crm": crm}})
    aws.ssm.put_parameter(Name="/outbound/config/deliveries", Type="String", Value=text)
    aws.secrets.create_secret(Name="outbound/crm", SecretString=json.dumps({"key": KEY}))
    monkeypatch.setenv("DESTINATION", "crm")
    monkeypatch.setenv("DESTINATION_SECRET", "outbound/crm")
    monkeypatch.setenv("DLQ_URL", aws.queue_urls["deliver-crm-dlq"])
    function = load_function("deliver")
    return lambda case: function.handler(json.loads((EVENTS / f"{case}.json").read_text()), lambda_context)


def test_a_pulled_window_reaches_the_crm(deliver: Any, receiver: Receiver) -> None:
    assert deliver("outcomes_pulled") == {"batchItemFailures": []}
    (sent,) = receiver.got
    assert set(json.loads(sent.body)) == {"metrics", "audit"}


def test_of_a_mixed_batch_only_what_is_no_event_is_a_dead_letter(
    deliver: Any, receiver: Receiver, aws: AwsWorld
) -> None:
    assert deliver("mixed_batch") == {"batchItemFailures": []}
    assert len(receiver.got) == 2
    (dead,) = aws.drain("deliver-crm-dlq")
    assert "is not an event of the bus" in dead["MessageAttributes"]["reason"]["StringValue"]


def test_what_the_crm_refuses_lies_in_the_dead_letter_queue_with_its_reason(
    deliver: Any, receiver: Receiver, aws: AwsWorld
) -> None:
    receiver.say(422)
    assert deliver("outcomes_pulled") == {"batchItemFailures": []}
    (dead,) = aws.drain("deliver-crm-dlq")
    assert dead["MessageAttributes"]["reason"]["StringValue"] == "answered 422"
    assert len(aws.published("delivery.dead_lettered")) == 1
