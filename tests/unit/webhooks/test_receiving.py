"""What senders are answered, and that 202 means that the delivery is safe."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from outbound.settings import ConfigurationError
from outbound.webhooks.delivery import Delivery
from outbound.webhooks.settings import Providers
from worlds.aws import FakeClock
from worlds.webhooks import (
    CXONE_TOKEN,
    GITHUB_SECRET,
    IngressWorld,
    as_json,
    consent,
    from_file,
    request,
    standard,
)

BODY = as_json(consent())
FORGED = request(BODY, x_hub_signature_256="sha256=" + "0" * 64)
Logged = Callable[[], list[dict[str, Any]]]


def _problem(answer: dict[str, Any]) -> tuple[int, str]:
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    problem = json.loads(answer["body"])
    assert problem.keys() == {"type", "title", "status", "detail"}
    assert problem["status"] == answer["statusCode"]
    return answer["statusCode"], problem["type"].rpartition(":")[2]


def test_a_delivery_that_the_queue_has_is_answered_with_its_id(world: IngressWorld) -> None:
    answer = world.receive(request(BODY))
    assert answer["statusCode"] == 202
    (message,) = world.queued()
    assert json.loads(answer["body"]) == {"delivery_id": message["delivery_id"]}
    assert message["provider"] == "plain"
    assert message["received_at"] == "2026-03-10T12:00:00Z"
    assert (message["method"], message["path"]) == ("POST", "/webhooks/crm/plain")


@pytest.mark.parametrize(
    "body",
    [
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32"),
        b"\xef\xbb\xbf{}",
        b'"half a surrogate \\ud83d"',
        b"1e999",
    ],
    ids=repr,
)
def test_json_is_taken_as_any_reader_would(world: IngressWorld, body: bytes) -> None:
    assert world.receive(request(body))["statusCode"] == 202


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (request(b"{"), (400, "not-json")),
        (request(b""), (400, "not-json")),
        (request(b'{"a": NaN}'), (400, "not-json")),
        (request(b"\xff\xfe\xff"), (400, "not-json")),
        (request(b"[" * 100_000), (400, "not-json")),
        ({**request(BODY), "body": "%%%"}, (400, "bad-request")),
        (request(BODY, x_hub_signature_256="sha256=" + "0" * 64), (401, "unauthenticated")),
        (request(BODY, x_hub_signature_256=None), (401, "unauthenticated")),
        (request(b"{", x_hub_signature_256=None), (401, "unauthenticated")),
        (request(BODY, provider="unknown"), (404, "unknown-path")),
        ({**request(BODY), "resource": "/{proxy+}"}, (404, "unknown-path")),
        ({**request(BODY), "pathParameters": None}, (404, "unknown-path")),
        (request(BODY, method="GET"), (405, "method-not-allowed")),
        (request(BODY, method="DELETE"), (405, "method-not-allowed")),
        (request(b'"' + b"a" * 240 * 1024 + b'"'), (413, "too-large")),
        (request(BODY, content_type="text/xml"), (415, "unsupported-media-type")),
        (request(BODY, content_type=None), (415, "unsupported-media-type")),
    ],
    ids=str,
)
def test_what_cannot_be_taken_is_answered_with_its_problem_and_leaves_nothing(
    world: IngressWorld, sent: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert _problem(world.receive(sent)) == expected
    assert world.queued() == []


def test_a_refusal_of_the_method_names_the_one_that_is_allowed(world: IngressWorld) -> None:
    assert world.receive(request(BODY, method="PUT"))["headers"]["Allow"] == "POST"


def test_a_body_of_240_kb_is_taken_and_one_byte_more_is_not(world: IngressWorld) -> None:
    most = b'"' + b"a" * (240 * 1024 - 2) + b'"'
    assert world.receive(request(most))["statusCode"] == 202
    assert world.receive(request(most + b" "))["statusCode"] == 413


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/cloudevents+JSON"])
def test_json_goes_by_several_types(world: IngressWorld, content_type: str) -> None:
    assert world.receive(request(BODY, content_type=content_type))["statusCode"] == 202


def test_every_refusal_of_a_signature_looks_the_same(world: IngressWorld, clock: FakeClock) -> None:
    stale = standard(BODY, "msg_1", clock)
    clock.advance(seconds=301)
    forged = request(BODY, x_hub_signature_256="sha256=" + "0" * 64)
    missing = request(BODY, x_hub_signature_256=None)
    answers = [world.receive(sent) for sent in (stale, forged, missing)]
    assert answers[0]["statusCode"] == 401
    assert answers[0] == answers[1] == answers[2]


def test_the_log_says_why_and_holds_neither_secret_nor_signature(world: IngressWorld, logged: Logged) -> None:
    wrong = "sha256=" + "ab" * 32
    world.receive(request(BODY, x_hub_signature_256=wrong))
    lines = logged()
    assert {"wrong_signature"} <= {line.get("reason") for line in lines}
    written = json.dumps(lines)
    assert wrong.removeprefix("sha256=") not in written
    assert GITHUB_SECRET not in written
    assert "contact-1" not in written


BODIES = {
    "spaces and characters": b'{ "a" :\t1.0e0,\r\n "b": "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "a": 2 }\n',
    "half a pair": b'{"half": "\\ud800", "escaped": "\\u0000\\/"}',
    "byte order mark": b'\xef\xbb\xbf{"marked": true}',
    "delete": b'"\x7f"',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_came_as_text_travels_byte_by_byte(world: IngressWorld, body: bytes) -> None:
    sent = {**request(body), "body": body.decode(), "isBase64Encoded": False}
    assert world.receive(sent)["statusCode"] == 202
    (message,) = world.queued()
    assert Delivery.from_json(json.dumps(message)).body == body


@pytest.mark.parametrize(
    "body", [*BODIES.values(), '{"wide": "ä"}'.encode("utf-16")], ids=[*BODIES, "utf-16"]
)
def test_a_body_that_came_as_base64_travels_byte_by_byte(world: IngressWorld, body: bytes) -> None:
    assert world.receive(request(body))["statusCode"] == 202
    (message,) = world.queued()
    assert Delivery.from_json(json.dumps(message)).body == body


def test_base64_with_bits_to_spare_travels_as_what_it_says(world: IngressWorld) -> None:
    # The last letter holds two bits that are not read; `0` is how it is usually written.
    sent = request(b'["a"]') | {"body": "WyJhIl1="}
    assert world.receive(sent)["statusCode"] == 202
    (message,) = world.queued()
    assert Delivery.from_json(json.dumps(message)).body == b'["a"]'


@pytest.mark.parametrize("end", ['","provider":"cxone', "\n", "\\u0022", " ", "=", "é", "\x00"])
def test_nothing_but_base64_gets_into_the_message(world: IngressWorld, end: str) -> None:
    sent = request(b'{"a": 1}  ')
    assert world.receive(sent | {"body": sent["body"] + end})["statusCode"] == 400
    assert world.queued() == []


def test_the_message_is_plain_ascii_and_fits_whatever_the_body(world: IngressWorld) -> None:
    body = as_json("\u0080" * (120 * 1024 - 2))
    assert world.receive(request(body))["statusCode"] == 202
    (text,) = [message["Body"] for message in world.aws.drain("route-webhooks")]
    assert text.isascii()
    assert text.isprintable()
    assert len(text) < 1024 * 1024


def test_what_proves_a_sender_goes_no_further_than_the_receiver(world: IngressWorld) -> None:
    world.receive(from_file("cxone_webhook", "state_change"))
    world.receive(request(BODY, cookie="session", user_agent="crm/1"))
    fromcxone, fromcrm = sorted(world.queued(), key=lambda message: -len(message["headers"]))
    assert fromcxone["headers"]["x-webhook-source"] == "cxone-dialer"
    assert fromcrm["headers"] == {"content-type": "application/json", "user-agent": "crm/1"}
    assert CXONE_TOKEN not in json.dumps(fromcxone)


def test_a_secret_in_a_header_that_is_kept_otherwise_is_not_kept(world: IngressWorld) -> None:
    scheme = {"type": "secret_header", "header": "x-request-id"}
    world.settings = Providers.model_validate({"providers": {"plain": {"scheme": scheme}}})
    assert world.receive(request(BODY, x_request_id=GITHUB_SECRET))["statusCode"] == 202
    (message,) = world.queued()
    assert GITHUB_SECRET not in json.dumps(message)


class TestDeliveryIds:
    def test_the_signed_id_tells_deliveries_apart(self, world: IngressWorld, clock: FakeClock) -> None:
        first = world.receive(standard(BODY, "msg_1", clock))["body"]
        clock.advance(seconds=60)
        assert world.receive(standard(BODY + b" ", "msg_1", clock))["body"] == first
        assert world.receive(standard(BODY, "msg_2", clock))["body"] != first

    def test_an_id_that_is_not_signed_tells_nothing(self, world: IngressWorld) -> None:
        first = world.receive(request(BODY, webhook_id="msg_1", x_github_delivery="d-1"))["body"]
        assert world.receive(request(BODY, webhook_id="msg_2", x_github_delivery="d-2"))["body"] == first
        assert world.receive(request(BODY + b"\n", webhook_id="msg_1"))["body"] != first

    def test_the_same_body_of_two_providers_is_two_deliveries(self, world: IngressWorld) -> None:
        assert world.receive(request(BODY))["body"] != world.receive(request(BODY, provider="timid"))["body"]


class TestWhatWeCannotTake:
    def _refusing(self, monkeypatch: pytest.MonkeyPatch, world: IngressWorld, error: Exception) -> None:
        def refuse(**_: Any) -> None:
            raise error

        monkeypatch.setattr(world.aws.sqs, "send_message", refuse)

    @pytest.mark.parametrize(
        "error",
        [
            ClientError({"Error": {"Code": "ServiceUnavailable", "Message": ""}}, "SendMessage"),
            ReadTimeoutError(endpoint_url="https://sqs"),
        ],
        ids=["unavailable", "timed out"],
    )
    def test_a_queue_that_refuses_is_503_and_the_sender_comes_again(
        self, world: IngressWorld, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        with monkeypatch.context() as patch:
            self._refusing(patch, world, error)
            answer = world.receive(request(BODY))
        assert _problem(answer) == (503, "unavailable")
        assert int(answer["headers"]["Retry-After"]) > 0
        assert world.receive(request(BODY))["statusCode"] == 202
        assert len(world.queued()) == 1

    def test_a_provider_without_a_secret_is_our_fault(self, world: IngressWorld) -> None:
        sent = {**request(BODY, provider="hubspot"), "pathParameters": {"name": "hubspot"}}
        sent["multiValueHeaders"] |= {
            "x-hubspot-signature-v3": ["AAAA"],
            "x-hubspot-request-timestamp": ["1773144000000"],
        }
        assert _problem(world.receive(sent)) == (503, "unavailable")

    def test_settings_that_are_broken_are_our_fault(self, world: IngressWorld, logged: Logged) -> None:
        def broken() -> Providers:
            raise ConfigurationError("the settings document is not valid")

        world.receiver._settings = broken
        assert _problem(world.receive(request(BODY))) == (503, "unavailable")
        assert any("not valid" in str(line.get("reason")) for line in logged())


_THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "any")


@pytest.mark.parametrize(
    ("part", "error", "kind"),
    [
        ("settings", ConfigurationError("the settings document is not valid"), "settings_invalid"),
        ("settings", _THROTTLED, "settings_unavailable"),
        ("settings", ReadTimeoutError(endpoint_url="https://ssm"), "settings_unavailable"),
        ("secrets", ConfigurationError("the secret x has no value"), "no_secret"),
        ("secrets", _THROTTLED, "secret_unavailable"),
        ("rotation", _THROTTLED, "secret_unavailable"),
        ("queue", _THROTTLED, "queue_unavailable"),
    ],
)
def test_what_fails_on_our_side_is_said_by_its_kind_and_never_looks_like_a_sender_s_fault(
    world: IngressWorld,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    logged: Logged,
    part: str,
    error: Exception,
    kind: str,
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    sent = request(BODY)
    match part:
        case "settings":
            world.receiver._settings = fail
        case "secrets":
            monkeypatch.setattr(world.receiver._secrets, "versions", fail)
        case "rotation":
            world.receive(sent)
            sent = FORGED
            monkeypatch.setattr(world.receiver._secrets, "reread", fail)
            world.clock.advance(minutes=1)
        case "queue":
            monkeypatch.setattr(world.aws.sqs, "send_message", fail)
    capsys.readouterr()

    assert _problem(world.receive(sent)) == (503, "unavailable")
    metrics = [line for line in capsys.readouterr().out.splitlines() if "WebhooksNotTaken" in line]
    assert [json.loads(line)["reason"] for line in metrics] == [kind]
    [answered] = [line for line in logged() if line.get("message") == "a webhook was answered with a problem"]
    assert answered["reason"] == kind


def test_a_forged_delivery_in_the_minute_of_a_look_is_no_failure_of_ours(
    world: IngressWorld, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    world.receive(request(BODY))
    clock.advance(seconds=20)
    capsys.readouterr()

    assert _problem(world.receive(FORGED)) == (503, "unavailable")
    assert "WebhooksNotTaken" not in capsys.readouterr().out, "strangers ring no alarm"
    clock.advance(seconds=40)
    assert _problem(world.receive(FORGED)) == (401, "unauthenticated")


def test_the_secret_before_the_last_rotation_is_good_too(world: IngressWorld) -> None:
    world.aws.secrets.put_secret_value(
        SecretId="outbound/webhooks/plain", SecretString=json.dumps({"secret": "another secret"})
    )
    assert world.receive(request(BODY))["statusCode"] == 202
