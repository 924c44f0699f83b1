"""The functions, on the events of their folders, and what importing them costs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from worlds.aws import AwsWorld, FakeClock
from worlds.webhooks import SETTINGS, IngressWorld, as_json, consent, from_file, large_delivery, request

ROOT = Path(__file__).parents[3]
Handle = Callable[[str, str], Any]


@pytest.fixture
def handle(
    aws: AwsWorld,
    world: IngressWorld,
    load_function: Any,
    lambda_context: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Handle:
    """Hand a function one of its events: `handle("crm_webhook", "forged")`."""
    value = json.dumps(SETTINGS)
    aws.ssm.put_parameter(Name="/outbound/config/ingress", Type="String", Value=value)
    monkeypatch.setenv("INGRESS_QUEUE_URL", world.queue_url)
    monkeypatch.setenv("DLQ_URL", aws.queue_urls["route-webhooks-dlq"])
    # The events are of one day; the machine's clock has gone on.
    monkeypatch.setenv("WEBHOOK_RETENTION_DAYS", "36500")
    return lambda name, case: load_function(name).handler(from_file(name, case), lambda_context)


@pytest.mark.parametrize(
    ("name", "case", "status"),
    [
        ("cxone_webhook", "metrics_update", 202),
        ("cxone_webhook", "state_change", 202),
        ("cxone_webhook", "settings_updated", 202),
        ("cxone_webhook", "campaign_activated", 202),
        ("cxone_webhook", "studio_disposition", 202),
        ("cxone_webhook", "forged", 401),
        ("cxone_webhook", "wrong_method", 405),
        ("crm_webhook", "consent_changed", 202),
        ("crm_webhook", "many_events", 202),
        ("crm_webhook", "forged", 401),
        ("crm_webhook", "not_json", 400),
        ("crm_webhook", "not_json_type", 415),
        ("crm_webhook", "unknown_provider", 404),
        ("crm_webhook", "unknown_path", 404),
    ],
)
def test_a_receiver_answers_its_events(
    handle: Handle, world: IngressWorld, name: str, case: str, status: int
) -> None:
    answer = handle(name, case)
    assert answer["statusCode"] == status
    assert len(world.queued()) == (1 if status == 202 else 0)


def _received(world: IngressWorld, *bodies: bytes) -> dict[str, Any]:
    for body in bodies:
        world.receive(request(body))
    arn = "arn:aws:sqs:us-east-1:123456789012:route-webhooks"
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
            }
            for message in world.aws.sqs.receive_message(QueueUrl=world.queue_url, MaxNumberOfMessages=10)[
                "Messages"
            ]
        ]
    }


def test_small_deliveries_are_routed_before_large_ones(
    handle: Handle, world: IngressWorld, load_function: Any, lambda_context: Any
) -> None:
    event = _received(world, as_json(large_delivery()), as_json(consent()))
    assert load_function("route_webhooks").handler(event, lambda_context) == {"batchItemFailures": []}
    kinds = [published["event_type"] for published in world.aws.published()]
    assert kinds[0] == "consent.changed"
    assert len(kinds) == 5


def test_what_a_router_has_no_time_for_comes_back_at_once(
    handle: Handle,
    world: IngressWorld,
    load_function: Any,
    lambda_context: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = _received(world, as_json(consent(1)), as_json(consent(2)))
    monkeypatch.setattr(lambda_context, "get_remaining_time_in_millis", lambda: 10_000)
    answer = load_function("route_webhooks").handler(event, lambda_context)
    assert {one["itemIdentifier"] for one in answer["batchItemFailures"]} == {
        record["messageId"] for record in event["Records"]
    }
    assert world.route() == 2
    assert len(world.aws.published()) == 2


def test_every_line_of_a_receiver_names_its_invocation(
    handle: Handle, lambda_context: Any, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    for name, request_id in (("crm_webhook", "first"), ("cxone_webhook", "second")):
        lambda_context.aws_request_id = request_id
        assert handle(name, "forged")["statusCode"] == 401
    named = [line["function_request_id"] for line in logged()]
    assert named == sorted(named)
    assert set(named) == {"first", "second"}


def test_every_event_of_the_receivers_is_tried_above() -> None:
    marked = test_a_receiver_answers_its_events.pytestmark[0].args[1]  # type: ignore[attr-defined]
    for name in ("cxone_webhook", "crm_webhook"):
        tried = {case for folder, case, _ in marked if folder == name}
        assert tried == {path.stem for path in (ROOT / "events" / name).glob("*.json")}


@pytest.mark.parametrize(
    ("case", "events"),
    [
        ("cxone", 6),
        ("hubspot", 2),
        ("salesforce", 3),
        ("plain_many_events", 2),
        ("invalid", 2),
        ("not_understood", 1),
        ("no_delivery", 0),
    ],
)
def test_the_router_publishes_what_its_events_hold(
    handle: Handle, aws: AwsWorld, clock: FakeClock, case: str, events: int
) -> None:
    assert handle("route_webhooks", case) == {"batchItemFailures": []}
    assert len(aws.published()) == events
    assert len(aws.drain("route-webhooks-dlq")) == (1 if case == "no_delivery" else 0)


@pytest.mark.parametrize("name", ["cxone_webhook", "crm_webhook"])
def test_a_receiver_imports_neither_requests_nor_pydantic_and_creates_what_it_uses(name: str) -> None:
    code = (
        "import sys, boto3, json\n"
        "made = []\n"
        "client = boto3.client\n"
        "boto3.client = lambda service, **rest: made.append(service) or client(service, **rest)\n"
        "import app\n"
        "print(json.dumps([sorted(made), sorted(sys.modules)]))"
    )
    variables = {
        "PYTHONPATH": f"{ROOT}/functions/{name}:{ROOT}/layers/outbound/python",
        "AWS_DEFAULT_REGION": "us-east-1",
        "STACK_NAME": "outbound",
        "INGRESS_QUEUE_URL": "https://queue",
        "POWERTOOLS_SERVICE_NAME": name,
        "POWERTOOLS_METRICS_NAMESPACE": "OutboundBridge",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
    )
    made, modules = json.loads(done.stdout)
    assert made == ["secretsmanager", "sqs", "ssm"]
    assert not {"requests", "pydantic", "jmespath.functions", "cryptography"} & (set(modules) - _OF_BOTO3)


# boto3 brings JMESPath along.
_OF_BOTO3 = {"jmespath.functions"}
