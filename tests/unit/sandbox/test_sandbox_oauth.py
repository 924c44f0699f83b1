"""Each token path takes the forms of its document, and nothing else."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
import requests

from sandbox.running import Tenant

GRANT = {"grant_type": "client_credentials"}
SECRET = {"client_id": "bridge", "client_secret": "sandbox-only"}
SCOPE = {"scope": "outbound:call:read outbound:campaign:read"}
BASIC = ("bridge", "sandbox-only")


@pytest.mark.parametrize(
    ("path", "request_parts"),
    [
        ("/oauth/token", {"data": GRANT | SCOPE, "auth": BASIC}),
        ("/oauth/token", {"data": GRANT | SECRET}),
        ("/oauth/token", {"json": GRANT | SECRET}),
        ("/api/v2/oauth/token", {"data": GRANT | SECRET | SCOPE}),
        ("/api/v1/oauth2/token", {"data": GRANT | SECRET | SCOPE}),
    ],
)
def test_every_documented_form_gets_a_token(tenant: Tenant, path: str, request_parts: dict) -> None:
    answer = requests.post(tenant.url + path, **request_parts, timeout=5)
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    assert set(SCOPE["scope"].split()) <= set(body["scope"].split())


@pytest.mark.parametrize(
    ("path", "request_parts", "error"),
    [
        ("/oauth/token", {"data": GRANT, "auth": BASIC}, "invalid_request"),
        ("/oauth/token", {"json": GRANT | SCOPE, "auth": BASIC}, "invalid_request"),
        ("/oauth/token", {"data": GRANT | SECRET | SCOPE, "auth": BASIC}, "invalid_request"),
        ("/oauth/token", {"data": SCOPE, "auth": BASIC}, "unsupported_grant_type"),
        ("/oauth/token", {"data": "{}", "headers": {"Content-Type": "text/plain"}}, "invalid_request"),
        ("/oauth/token", {"json": GRANT | SECRET | {"scope": ["a"]}}, "invalid_request"),
        ("/api/v2/oauth/token", {"json": GRANT | SECRET | SCOPE}, "invalid_request"),
        ("/api/v2/oauth/token", {"data": GRANT | SECRET}, "invalid_request"),
        ("/api/v2/oauth/token", {"data": GRANT | SCOPE, "auth": BASIC}, "invalid_request"),
        ("/api/v1/oauth2/token", {"data": GRANT | SECRET}, "invalid_request"),
        ("/oauth/token", {"data": GRANT | {"scope": "root"}, "auth": BASIC}, "invalid_scope"),
    ],
)
def test_any_other_form_is_refused(tenant: Tenant, path: str, request_parts: dict, error: str) -> None:
    answer = requests.post(tenant.url + path, **request_parts, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert tenant.stats().tokens_issued == 0


@pytest.mark.parametrize(
    "request_parts",
    [
        {"data": GRANT | SCOPE, "auth": ("bridge", "wrong")},
        {"data": GRANT | SCOPE, "auth": ("nobody", "sandbox-only")},
        {"data": GRANT | SCOPE, "headers": {"Authorization": "Basic !!!"}},
        {"data": GRANT | SCOPE},
        {"json": GRANT | SECRET | {"client_secret": "wrong"}},
    ],
)
def test_wrong_credentials_are_refused_as_oauth_does(tenant: Tenant, request_parts: dict) -> None:
    answer = requests.post(f"{tenant.url}/oauth/token", **request_parts, timeout=5)
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"
    assert answer.json()["error_description"]
    assert tenant.stats().token_requests == 1
    assert tenant.stats().tokens_issued == 0


def test_a_scope_too_many_is_refused_or_left_out_as_the_world_says(tenant: Tenant) -> None:
    def ask() -> requests.Response:
        client = ("narrow", "sandbox-too")
        return requests.post(f"{tenant.url}/oauth/token", data=GRANT | SCOPE, auth=client, timeout=5)

    assert ask().json()["error"] == "invalid_scope"
    tenant.use_world(replace(tenant.world, grant_partial_scope=True))
    assert ask().json()["scope"] == "outbound:call:read"


@pytest.mark.slow
def test_tokens_expire_after_their_lifetime(
    tenant: Tenant, window: dict, new_token: Callable[..., str]
) -> None:
    tenant.use_world(replace(tenant.world, token_lifetime=0.5))
    headers = {"Authorization": f"Bearer {new_token()}"}
    url = f"{tenant.url}/api/v2/outbound/calls"
    assert requests.get(url, params=window, headers=headers, timeout=5).status_code == 200
    time.sleep(0.6)
    assert requests.get(url, params=window, headers=headers, timeout=5).status_code == 401


def test_all_tokens_can_be_revoked_at_once(
    tenant: Tenant, window: dict, get_calls: Callable[..., requests.Response]
) -> None:
    assert get_calls(window).status_code == 200
    tenant.expire_tokens()
    assert get_calls(window).status_code == 401
