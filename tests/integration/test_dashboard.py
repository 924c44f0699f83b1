"""The page of campaigns on the deployed stack, through the gateway, its authorizer and all policies."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from local import Stack
from local.stack import eventually
from scenario.cast import Operator


def _ask(stack: Stack, path: str = "", password: str | None = None, **options: Any) -> httpx.Response:
    given = ("operator", password) if password is not None else None
    method = options.pop("method", "GET")
    headers = {name.replace("_", "-"): value for name, value in options.items()}
    return httpx.request(
        method, stack.outputs["DashboardUrl"] + path, auth=given, headers=headers, timeout=30
    )


@pytest.fixture
def password(stack: Stack) -> str:
    """The password that the template made."""
    client = stack.client("secretsmanager")
    secret = client.get_secret_value(SecretId=stack.outputs["DashboardSecret"])["SecretString"]
    return str(json.loads(secret)["token"])


def test_the_gateway_asks_for_the_password_and_opens_for_it(stack: Stack, password: str) -> None:
    assert len(password) == 40
    for given in (None, "guessed"):
        asked = _ask(stack, password=given)
        assert asked.status_code == 401
        assert asked.headers["www-authenticate"] == 'Basic realm="Outbound campaigns", charset="UTF-8"'
    shown = _ask(stack, password=password)
    assert shown.status_code == 200, shown.text
    assert "<h1>Outbound campaigns</h1>" in shown.text
    assert "frame-ancestors 'none'" in shown.headers["content-security-policy"]


def test_it_only_shows_and_not_to_another_page(stack: Stack, password: str) -> None:
    assert _ask(stack, password=password, method="POST").status_code == 405
    head = _ask(stack, password=password, method="HEAD")
    assert (head.status_code, head.text) == (200, "")
    assert _ask(stack, password=password, sec_fetch_site="cross-site").status_code == 403


def test_health_says_what_is_missing(stack: Stack, password: str) -> None:
    assert _ask(stack, "/health", password).status_code == 400
    assert _ask(stack, "/health?campaign_id=never-registered", password).status_code == 404


@pytest.mark.timeout(240)
def test_what_the_stack_did_for_a_campaign_is_gathered_and_shown(
    stack: Stack, operator: Operator, password: str
) -> None:
    registered = {each["campaign_id"]: each for each in operator.run("campaigns", "list")}
    campaign_id = next(iter(registered))

    def work() -> Any:
        answer = _ask(stack, f"/health?campaign_id={campaign_id}", password)
        return answer.status_code == 200 and answer.json()["work"]

    gathered = eventually(work, seconds=150, every=2)
    assert gathered["campaign_id"] == campaign_id
    page = _ask(stack, password=password)
    assert campaign_id in page.text
    # Every queue could be counted: the function may look at all of them.
    assert "dead letters" in page.text
    assert "unknown: " not in page.text.split('aria-label="The whole stack"')[1].split("</ul>")[0]


def test_the_command_says_where_it_is_and_prints_the_password(
    stack: Stack, operator: Operator, password: str
) -> None:
    said = operator.run("dashboard")
    assert said["url"] == stack.outputs["DashboardUrl"]
    assert operator.run("dashboard", "--password") == {"password": password}
