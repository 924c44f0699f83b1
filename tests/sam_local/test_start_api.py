"""Webhooks over HTTP to `sam local start-api`: the real API of the template, its functions in containers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack import eventually
from sam_local.conftest import DASHBOARD_PASSWORD
from sam_local.serving import running_api
from sandbox.senders import Outgoing, StandardWebhooksCrm, mischief, plain_event
from scenario.cast import Cast
from worlds.webhooks import SECRETS

# A request starts a container; the first one may build its image.
_PATIENCE = 100.0


@pytest.fixture(scope="module")
def api(cast: Cast, environments: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running API."""
    log = tmp_path_factory.mktemp("start-api") / "log"
    with running_api(environments, cast.operator.environment, log) as url:
        yield url


@pytest.fixture
def crm() -> StandardWebhooksCrm:
    """A CRM whose secret the stack knows."""
    return StandardWebhooksCrm(SECRETS["standard"])


def _answer(outgoing: Outgoing) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=_PATIENCE) as client:
        return client.request(
            outgoing.method, outgoing.url, headers=dict(outgoing.headers), content=outgoing.body
        )


def _event(note: str) -> dict[str, Any]:
    data = {"contactId": "c-start-api", "change": "revoked", "source": note}
    return plain_event("consent.changed", data)


@pytest.mark.timeout(300)
def test_a_signed_request_is_taken_and_goes_the_whole_way(
    api: str, crm: StandardWebhooksCrm, cast: Cast
) -> None:
    answer = _answer(crm.request(f"{api}/webhooks/crm/standard", _event("préférence €")))
    assert answer.status_code == 202, answer.text
    delivery_id = answer.json()["delivery_id"]
    shown = eventually(lambda: _shown(cast, delivery_id), seconds=60, every=0.5)
    assert shown["events"] == 1


@pytest.mark.timeout(300)
def test_a_forged_request_is_refused_with_a_problem(api: str, crm: StandardWebhooksCrm) -> None:
    answer = _answer(mischief.forged(crm, f"{api}/webhooks/crm/standard", _event("a stranger")))
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 401
    assert "delivery_id" not in answer.json()


@pytest.mark.timeout(300)
def test_the_dashboard_asks_for_its_password_and_shows_itself(api: str) -> None:
    with httpx.Client(trust_env=False, timeout=_PATIENCE) as client:
        asked = client.get(f"{api}/dashboard")
        shown = client.get(f"{api}/dashboard", auth=("operator", DASHBOARD_PASSWORD))
        refused = client.get(f"{api}/dashboard/health", auth=("operator", DASHBOARD_PASSWORD))
    assert asked.status_code == 401
    assert (shown.status_code, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "frame-ancestors 'none'" in shown.headers["content-security-policy"]
    assert "<h1>Outbound campaigns</h1>" in shown.text
    assert (refused.status_code, refused.json()["status"]) == (400, 400)


def _shown(cast: Cast, delivery_id: str) -> Any:
    listed = cast.operator.attempt("--json", "webhooks", "show", delivery_id)
    return None if listed.returncode else json.loads(listed.stdout)
