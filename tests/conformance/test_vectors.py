"""Known answers: requests of every scheme with what is to become of them, from `vectors.json`.

A group has a scheme, its secrets, the time, and a genuine request; each of its cases says what it changes of
them, and whether the request is then accepted, or why it is not. A header that is null is left out.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from outbound.clock import parse_time
from outbound.webhooks.problems import Accepted, Refusal
from outbound.webhooks.request import WebhookRequest, from_api_gateway
from outbound.webhooks.settings import Provider, Providers
from outbound.webhooks.signatures.verifier import verify

_GROUPS = json.loads(Path(__file__).with_name("vectors.json").read_text())
_OF_THE_REQUEST = ("method", "path", "query", "body", "body_base64", "public_base_url", "domain", "stage")


def _cases() -> Iterator[Any]:
    for group in _GROUPS:
        for case in group["cases"]:
            yield pytest.param(group, case, id=f"{group['group']} - {case['name']}")


@pytest.mark.parametrize(("group", "case"), list(_cases()))
@pytest.mark.parametrize("encoded", [False, True], ids=["as text", "as base64"])
def test_a_known_request_is_accepted_or_refused_as_it_should_be(
    group: Mapping[str, Any], case: Mapping[str, Any], encoded: bool
) -> None:
    provider = _provider(group, case)
    request = _request(group, case, encoded)
    verdict = (
        request
        if isinstance(request, Refusal)
        else verify(
            request,
            provider,
            case.get("secrets", group["secrets"]),
            parse_time(case.get("now", group["now"])),
        )
    )

    if isinstance(verdict, Accepted):
        assert case["expect"] == "accepted"
        assert verdict.signed_id == case.get("signed_id", verdict.signed_id)
    else:
        assert verdict.reason == case["expect"]


def _provider(group: Mapping[str, Any], case: Mapping[str, Any]) -> Provider:
    settings = {"scheme": case.get("scheme", group["scheme"])}
    if "tolerance_seconds" in case:
        settings["tolerance_seconds"] = case["tolerance_seconds"]
    provider = Providers.model_validate({"providers": {"sender": settings}}).crm("sender")
    assert provider is not None
    return provider


def _request(group: Mapping[str, Any], case: Mapping[str, Any], encoded: bool) -> WebhookRequest | Refusal:
    merged = {**group["request"], **{name: case[name] for name in _OF_THE_REQUEST if name in case}}
    headers = {**group["request"]["headers"], **case.get("headers", {})}
    event = {
        "httpMethod": merged.get("method", "POST"),
        "path": merged.get("path", "/webhooks/crm/sender"),
        "multiValueHeaders": {
            name: value if isinstance(value, list) else [value]
            for name, value in headers.items()
            if value is not None
        },
        "multiValueQueryStringParameters": merged.get("query"),
        "requestContext": {
            "domainName": merged.get("domain"),
            "path": f"/{merged.get('stage')}{merged.get('path')}",
        },
        **_body(merged, encoded),
    }
    return from_api_gateway(event, merged.get("public_base_url", ""))


def _body(merged: Mapping[str, Any], encoded: bool) -> dict[str, Any]:
    """API Gateway hands a body over as text or as base64, as its media types are set; both are the same."""
    if "body_base64" in merged:
        return {"body": merged["body_base64"], "isBase64Encoded": True}
    if encoded and merged["body"] is not None:
        return {"body": base64.b64encode(merged["body"].encode()).decode(), "isBase64Encoded": True}
    return {"body": merged["body"], "isBase64Encoded": False}
