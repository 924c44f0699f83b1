"""Requests, rebuilt from what API Gateway hands over."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from outbound.webhooks.problems import Refusal, RefusalReason
from outbound.webhooks.request import WebhookRequest, from_api_gateway


def _event(**changed: Any) -> dict[str, Any]:
    return {"httpMethod": "POST", "path": "/webhooks/cxone", "headers": None, "body": "{}"} | changed


def _request(base: str = "", **changed: Any) -> WebhookRequest:
    request = from_api_gateway(_event(**changed), base)
    assert isinstance(request, WebhookRequest)
    return request


def test_names_in_any_case_are_one_header_with_all_its_values() -> None:
    request = _request(multiValueHeaders={"X-One": ["a", "b"], "x-one": ["c"], "Other": ["d"]})

    assert request.headers == {"x-one": ("a", "b", "c"), "other": ("d",)}


def test_headers_with_one_value_each_speak_where_the_others_are_silent() -> None:
    assert _request(headers={"X-One": "a"}).headers == {"x-one": ("a",)}
    assert _request(headers={"X-One": "b"}, multiValueHeaders={"X-One": ["a", "b"]}).headers == {
        "x-one": ("a", "b")
    }
    assert _request(headers={"X-One": "a"}, multiValueHeaders=None).headers == {"x-one": ("a",)}


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({"body": "Zoë"}, "Zoë".encode()),
        ({"body": None}, b""),
        ({"body": ""}, b""),
        ({"body": "", "isBase64Encoded": True}, b""),
        ({"body": "AP/+", "isBase64Encoded": True}, b"\x00\xff\xfe"),
        ({"body": "AP/+", "isBase64Encoded": False}, b"AP/+"),
        ({"body": None, "isBase64Encoded": True}, b""),
    ],
)
def test_the_body_is_the_bytes_that_came(given: dict[str, Any], body: bytes) -> None:
    assert _request(**given).body == body


@pytest.mark.parametrize("body", ["A", "AP/", "AP/+\n", "AP_-", "ÄÖÜ", 3, ["AP/+"], {"a": 1}])
def test_a_body_without_bytes_is_refused(body: object) -> None:
    event = _event(body=body, isBase64Encoded=True)
    assert from_api_gateway(event) == Refusal(RefusalReason.MALFORMED_BODY_ENCODING)


@pytest.mark.parametrize(
    "event", [None, [], "POST", {}, {"httpMethod": "POST"}, {"path": "/", "httpMethod": 1}]
)
def test_what_is_no_event_of_api_gateway_is_refused(event: object) -> None:
    assert from_api_gateway(event) == Refusal(RefusalReason.MALFORMED_REQUEST)


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("https://a.example", "/webhooks/cxone", "https://a.example/webhooks/cxone"),
        ("https://a.example/dev", "/webhooks/cxone", "https://a.example/dev/webhooks/cxone"),
        ("https://a.example/dev/", "/webhooks/cxone", "https://a.example/dev/webhooks/cxone"),
        ("https://a.example/in", "/in/webhooks/cxone", "https://a.example/in/webhooks/cxone"),
        ("https://a.example/in", "/inn/cxone", "https://a.example/in/inn/cxone"),
        ("https://a.example:8443", "/x", "https://a.example:8443/x"),
    ],
)
def test_the_url_is_where_senders_see_the_api(base: str, path: str, url: str) -> None:
    assert _request(base, path=path).url == url


def test_without_a_base_url_the_url_is_the_one_that_was_called() -> None:
    context = {"domainName": "a1.execute-api.eu-west-1.amazonaws.com", "path": "/dev/webhooks/cxone"}

    assert _request(requestContext=context).url == f"https://{context['domainName']}{context['path']}"
    assert _request(requestContext={}).url == "/webhooks/cxone"


def test_parameters_of_the_query_are_encoded_again() -> None:
    query = {"a": ["1", "2"], "b c": ["ö&="]}

    assert _request("https://a.example", path="/x", multiValueQueryStringParameters=query).url == (
        "https://a.example/x?a=1&a=2&b%20c=%C3%B6%26%3D"
    )


def test_a_receiver_imports_neither_requests_nor_pydantic_nor_cryptography() -> None:
    statement = (
        "import sys, outbound.webhooks.signatures.verifier;"
        "print({'requests', 'pydantic', 'cryptography'} & set(sys.modules) or 'none')"
    )
    done = subprocess.run(
        [sys.executable, "-c", statement], capture_output=True, text=True, check=True, env=_environment()
    )
    assert done.stdout.strip() == "none"


def _environment() -> dict[str, str]:
    return {
        "PYTHONPATH": ":".join(path for path in sys.path if path),
        "POWERTOOLS_SERVICE_NAME": "tests",
        "POWERTOOLS_METRICS_NAMESPACE": "tests",
    }
