"""Webhooks are registered as the documents say, and refused with the field that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests

from sandbox.running import Tenant
from sandbox.world import Quota
from worlds.signed_webhooks import CAMPAIGNS, DIALER, METRICS, SCOPES, SETTINGS, campaigns, dialer


def test_a_registration_is_answered_and_listed(call: Callable[..., requests.Response]) -> None:
    made = call("POST", CAMPAIGNS, campaigns(enabled=True, headers={"X-Webhook-Source": "bridge"}))

    assert made.status_code == 201
    assert made.json() | {"id": "", "createdTime": ""} == {
        "id": "",
        "createdTime": "",
        **campaigns(enabled=True, headers={"X-Webhook-Source": "bridge"}),
    }
    assert call("GET", CAMPAIGNS).json() == {"webhooks": [made.json()]}
    assert call("GET", DIALER).json() == {"webhooks": []}


def test_a_token_is_never_shown_again(call: Callable[..., requests.Response]) -> None:
    made = call("POST", DIALER, dialer(auth={"type": "bearer", "token": "hush"}))

    assert made.json()["auth"] == {"type": "bearer"}
    assert made.json()["retryPolicy"] == {"maxRetries": 3, "backoffMultiplier": 2, "timeoutSec": 10}
    assert "hush" not in call("GET", DIALER).text


def test_a_webhook_is_replaced_and_removed(call: Callable[..., requests.Response], quick: Tenant) -> None:
    made = call("POST", DIALER, dialer()).json()

    replaced = call("PUT", f"{DIALER}/{made['id']}", dialer(name="other"))
    assert (replaced.status_code, replaced.json()["id"], replaced.json()["name"]) == (
        200,
        made["id"],
        "other",
    )
    assert call("PUT", f"{CAMPAIGNS}/{made['id']}", campaigns()).status_code == 404
    assert call("DELETE", f"{DIALER}/{made['id']}").status_code == 204
    assert call("DELETE", f"{DIALER}/{made['id']}").status_code == 404
    assert quick.webhooks() == []


def test_the_same_name_can_be_registered_twice(call: Callable[..., requests.Response]) -> None:
    first, second = (call("POST", CAMPAIGNS, campaigns()).json() for _ in range(2))

    assert first["id"] != second["id"]
    assert len(call("GET", CAMPAIGNS).json()["webhooks"]) == 2


@pytest.mark.parametrize(
    ("path", "document", "field"),
    [
        (CAMPAIGNS, [], "body"),
        (CAMPAIGNS, {"callbackUrl": "https://a.example", "events": [METRICS]}, "name"),
        (CAMPAIGNS, campaigns(name=""), "name"),
        (CAMPAIGNS, campaigns(name="n" * 201), "name"),
        (CAMPAIGNS, campaigns("hooks.example.com"), "callbackUrl"),
        (CAMPAIGNS, campaigns("ftp://hooks.example.com"), "callbackUrl"),
        (CAMPAIGNS, campaigns("https://user@hooks.example.com"), "callbackUrl"),
        (CAMPAIGNS, campaigns("https://[x"), "callbackUrl"),
        (CAMPAIGNS, campaigns() | {"url": "https://a.example"}, "url"),
        (CAMPAIGNS, campaigns(events=[]), "events"),
        (CAMPAIGNS, campaigns(events=METRICS), "events"),
        (CAMPAIGNS, campaigns(events=[SETTINGS]), "events"),
        (CAMPAIGNS, campaigns(events=[METRICS, METRICS]), "events"),
        (CAMPAIGNS, campaigns(events=[[]]), "events"),
        (CAMPAIGNS, campaigns(enabled="yes"), "enabled"),
        (CAMPAIGNS, campaigns(headers={"X": 1}), "headers"),
        (CAMPAIGNS, campaigns(headers={"a b": "x"}), "headers"),
        (CAMPAIGNS, campaigns(headers={"X": "a\r\nb"}), "headers"),
        (DIALER, dialer(events=[METRICS]), "events"),
        (DIALER, {"name": "n", "callbackUrl": "https://a.example", "events": [SETTINGS]}, "callbackUrl"),
        (DIALER, dialer(auth={"type": "basic", "token": "x"}), "auth.type"),
        (DIALER, dialer(auth={"type": "bearer"}), "auth.token"),
        (DIALER, dialer(auth={"type": "bearer", "token": "x", "user": "u"}), "auth.user"),
        (DIALER, dialer(retryPolicy={"maxRetries": -1}), "retryPolicy.maxRetries"),
        (DIALER, dialer(retryPolicy={"maxRetries": 1.5}), "retryPolicy.maxRetries"),
        (DIALER, dialer(retryPolicy={"maxRetries": True}), "retryPolicy.maxRetries"),
        (DIALER, dialer(retryPolicy={"timeoutSec": "10"}), "retryPolicy.timeoutSec"),
        (DIALER, dialer(retryPolicy={"timeout": 10}), "retryPolicy.timeout"),
    ],
)
def test_a_wrong_registration_is_refused_with_its_field(
    call: Callable[..., requests.Response], path: str, document: Any, field: str
) -> None:
    refused = call("POST", path, document)

    assert (refused.status_code, refused.json()["field"]) == (400, field)
    assert call("GET", path).json() == {"webhooks": []}


@pytest.mark.parametrize(
    ("method", "path", "missing"),
    [
        ("POST", CAMPAIGNS, "omnichannel:webhooks:write"),
        ("GET", CAMPAIGNS, "omnichannel:webhooks:write"),
        ("POST", DIALER, "webhooks:write"),
        ("GET", DIALER, "webhooks:read"),
        ("PUT", f"{DIALER}/x", "webhooks:write"),
        ("DELETE", f"{DIALER}/x", "webhooks:write"),
    ],
)
def test_a_scope_that_lacks_is_named(
    call: Callable[..., requests.Response],
    new_token: Callable[..., str],
    method: str,
    path: str,
    missing: str,
) -> None:
    others = " ".join({*SCOPES.split(), "dialer:read"} - {missing})
    token = new_token(scope=others)

    refused = call(method, path, {}, headers={"Authorization": f"Bearer {token}"})

    assert refused.status_code == 403
    assert missing in refused.json()["message"]
    assert call(method, path, {}, headers={}).status_code == 401


def test_writes_use_up_the_quota_of_their_surface(quick: Tenant, new_token: Callable[..., str]) -> None:
    two = {"campaigns": Quota(2, 60), "dialer": Quota(2, 60)}
    quick.use_world(replace(quick.world, quotas={**quick.world.quotas, **two}))
    headers = {"Authorization": f"Bearer {new_token(scope=SCOPES)}"}

    def statuses(method: str, path: str, document: Any) -> list[int]:
        asked = [
            requests.request(method, quick.url + path, json=document, headers=headers, timeout=5)
            for _ in range(3)
        ]
        return [one.status_code for one in asked]

    assert statuses("GET", DIALER, None) == [200, 200, 200]
    assert statuses("POST", DIALER, dialer()) == [201, 201, 429]
    assert statuses("POST", CAMPAIGNS, campaigns()) == [201, 201, 429]
    assert statuses("GET", CAMPAIGNS, None) == [429, 429, 429]
