"""What a sender signed of its URL, where API Gateway and an operator write it in their own way."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from outbound.webhooks.problems import Accepted, Refusal, RefusalReason
from outbound.webhooks.request import WebhookRequest, from_api_gateway
from outbound.webhooks.settings import Providers
from outbound.webhooks.settings_fields import InvalidSettings
from outbound.webhooks.signatures.hmac import url_forms
from outbound.webhooks.signatures.verifier import verify
from sandbox.senders import HubSpot

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
PATH = "/webhooks/crm/hubspot"
BASE = "https://hooks.example.com"


def _provider(base: str) -> Providers:
    return Providers.model_validate(
        {"public_base_url": base, "providers": {"hubspot": {"scheme": "hubspot_v3"}}}
    )


def _arrived(called: str, headers: dict[str, str], base: str, path: str = PATH) -> WebhookRequest:
    """Return the request as API Gateway hands it over: the query decoded."""
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(urlsplit(called).query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    event: dict[str, Any] = {
        "httpMethod": "POST",
        "path": path,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": query or None,
        "body": "{}",
    }
    request = from_api_gateway(event, _provider(base).public_base_url)
    assert isinstance(request, WebhookRequest)
    return request


def _verdict(called: str, base: str = BASE, path: str = PATH) -> Accepted | Refusal:
    sender = HubSpot()
    request = _arrived(called, sender.sign("POST", called, b"{}", NOW), base, path)
    provider = _provider(base).providers["hubspot"]
    return verify(request, provider, [{"secret": sender.secret}], NOW)


@pytest.mark.parametrize(
    "query",
    [
        "a=b+c",
        "a=b%20c",
        "a+b=c+d&e=f+g",
        "a=b%2Bc",
        "a[]=1&a[]=2",
        "a%5B%5D=1",
        "a[]=b+c",
        "flag",
        "flag=",
        "flag&a=b+c",
        "a=1&b=%C3%BC",
        "to=https%3A%2F%2Fexample.com%2Fx",
        "to=https://example.com/x",
        "a=(1),*;'!@$",
    ],
)
def test_a_query_is_believed_however_its_sender_wrote_it(query: str) -> None:
    assert isinstance(_verdict(f"{BASE}{PATH}?{query}"), Accepted)


@pytest.mark.parametrize(
    ("base", "called"),
    [
        (f"{BASE}:443", BASE),
        (f"{BASE}:443", f"{BASE}:443"),
        (BASE, f"{BASE}:443"),
        ("https://Hooks.Example.COM", BASE),
        ("https://Hooks.Example.COM", "https://Hooks.Example.COM"),
        ("HTTPS://Hooks.Example.COM:443/", BASE),
        (f"{BASE}/webhooks", BASE),
        (f"{BASE}/webhooks/", BASE),
        (f"{BASE}/prod/webhooks", f"{BASE}/prod"),
        (f"{BASE}:443/prod/webhooks", f"{BASE}/prod"),
        (f"{BASE}:8443", f"{BASE}:8443"),
    ],
)
def test_a_base_url_is_good_however_its_operator_wrote_it(base: str, called: str) -> None:
    assert isinstance(_verdict(f"{called}{PATH}", base), Accepted)
    assert isinstance(_verdict(f"{called}{PATH}?a=b+c", base), Accepted)


@pytest.mark.parametrize(
    "called",
    [
        f"https://other.example.com{PATH}",
        f"{BASE}:8443{PATH}",
        f"http://hooks.example.com{PATH}",
        f"{BASE}/webhooks/crm/other",
        f"{BASE}{PATH}?a=c",
    ],
)
def test_another_url_is_not_believed(called: str) -> None:
    sender = HubSpot()
    headers = sender.sign("POST", called, b"{}", NOW)
    request = _arrived(f"{BASE}{PATH}?a=b", headers, BASE)
    provider = _provider(BASE).providers["hubspot"]
    assert verify(request, provider, [{"secret": sender.secret}], NOW) == Refusal(
        RefusalReason.WRONG_SIGNATURE
    )


@pytest.mark.parametrize("query", ["", "&".join(f"a{number}[]=%20" for number in range(500)), "=" * 500])
def test_the_forms_are_few_whatever_comes(query: str) -> None:
    forms = list(url_forms(f"https://A.example.com:443/webhooks{PATH}?{query}"))
    assert len(forms) == len(set(forms)) <= 48


@pytest.mark.parametrize(
    "base", [f"{BASE}/webhooks/crm/hubspot", f"{BASE}/webhooks/cxone", f"{BASE}/prod/webhooks/crm"]
)
def test_a_base_url_that_goes_on_into_a_sender_s_path_is_refused_with_the_reason(base: str) -> None:
    with pytest.raises(InvalidSettings, match="public_base_url: must end before /webhooks"):
        _provider(base)


@pytest.mark.parametrize("payload", ["100%{method} {url}%d%%{body}", "%(body)b{body}", "{body}% s"])
def test_what_is_signed_around_the_parts_is_taken_to_the_letter(payload: str) -> None:
    scheme = {"type": "hmac", "signature_header": "x-signature", "payload": payload}
    settings = {"public_base_url": BASE, "providers": {"acme": {"scheme": scheme}}}
    provider = Providers.model_validate(settings).providers["acme"]
    parts = {"{method}": "POST", "{url}": BASE + PATH, "{body}": "{}"}
    signed = payload
    for name, part in parts.items():
        signed = signed.replace(name, part)
    signature = hmac.digest(b"key", signed.encode(), "sha256").hex()
    request = WebhookRequest("POST", BASE + PATH, {"x-signature": (signature,)}, b"{}")

    assert verify(request, provider, [{"secret": "key"}], NOW) == Accepted()
