"""The tenant's dialer: versions, operations that end in every way, policies, reports in pages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
import requests

from sandbox.running import Tenant, running_tenant
from sandbox.tenant.dialer_book import FIRST_SETTINGS

SETTINGS = "/api/v1/dialer/settings"
SCOPES = "dialer:read dialer:write analytics:read audit:read webhooks:read webhooks:write"
Call = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def dialer_tenant() -> Iterator[Tenant]:
    spring = {"id": "spring", "name": "Spring", "from": "-2h", "to": "-1h"}
    with running_tenant({"campaigns": [spring], "quotas": {"dialer": None}}) as tenant:
        yield tenant


@pytest.fixture
def tenant(dialer_tenant: Tenant) -> Tenant:
    dialer_tenant.reset()
    return dialer_tenant


@pytest.fixture
def call(tenant: Tenant) -> Call:
    client = tenant.world.clients[0]
    fields = {"grant_type": "client_credentials", "scope": SCOPES}
    answer = requests.post(
        f"{tenant.url}/oauth/token", fields, auth=(client.client_id, client.client_secret), timeout=5
    )
    token = answer.json()["access_token"]

    def send(method: str, path: str, body: Any = None, version: str = "", **params: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} | ({"If-Match": version} if version else {})
        url = f"{tenant.url}{path}"
        return requests.request(method, url, json=body, params=params, headers=headers, timeout=5)

    return send


def other(**algorithm: Any) -> dict[str, Any]:
    """Return settings that differ from the first ones in their ratio, and as asked."""
    settings = deepcopy(dict(FIRST_SETTINGS))
    settings["concurrency"] = {**settings["concurrency"], "max_agents": 50}
    settings["algorithm"] = {**settings["algorithm"], "dial_ratio": 2.0, **algorithm}
    return settings


def in_part() -> dict[str, Any]:
    """Return the first settings with the concurrency of the others."""
    return {**FIRST_SETTINGS, "concurrency": other()["concurrency"]}


def changed(call: Call, settings: dict[str, Any]) -> dict[str, Any]:
    version = call("GET", SETTINGS).json()["versionTag"]
    answer = call("PUT", SETTINGS, settings, version)
    assert answer.status_code == 202
    said: dict[str, Any] = answer.json()
    return said


def active(call: Call) -> dict[str, Any]:
    said = call("GET", SETTINGS).json()
    return {name: value for name, value in said.items() if name != "versionTag"}


def test_a_change_takes_its_time_and_has_a_new_version_at_once(tenant: Tenant, call: Call) -> None:
    tenant.plan_operations({"seconds": 0.3})
    said = changed(call, other())
    path = f"/api/v1/dialer/operations/{said['operationId']}"
    assert call("GET", path).json()["status"] == "IN_PROGRESS"
    assert active(call) == FIRST_SETTINGS
    time.sleep(0.35)
    assert call("GET", path).json()["status"] == "COMPLETED"
    assert call("GET", SETTINGS).json() == {**other(), "versionTag": said["versionTag"]}


@pytest.mark.parametrize(
    ("plan", "status", "expected"),
    [
        ({"ending": "FAILED", "applied": "nothing"}, "FAILED", dict(FIRST_SETTINGS)),
        (
            {"ending": "FAILED", "applied": "part"},
            "FAILED",
            {**other(), "algorithm": FIRST_SETTINGS["algorithm"]},
        ),
        ({"ending": "COMPLETED", "applied": "nothing"}, "COMPLETED", dict(FIRST_SETTINGS)),
        ({"ending": "LOST"}, None, other()),
        ({"ending": "STUCK"}, "IN_PROGRESS", dict(FIRST_SETTINGS)),
    ],
)
def test_an_operation_ends_as_planned(
    tenant: Tenant, call: Call, plan: dict[str, Any], status: str | None, expected: dict[str, Any]
) -> None:
    tenant.plan_operations({"seconds": 0, **plan})
    said = changed(call, other())
    answer = call("GET", f"/api/v1/dialer/operations/{said['operationId']}")
    assert answer.status_code == (404 if status is None else 200)
    assert answer.json().get("status") == status
    assert active(call) == expected


def test_another_version_and_none_are_refused(tenant: Tenant, call: Call) -> None:
    before = call("GET", SETTINGS).json()["versionTag"]
    tenant.change_dialer(other(dial_ratio=1.8), actor="maria")
    assert call("PUT", SETTINGS, other(), before).status_code == 412
    assert call("PUT", SETTINGS, other()).status_code == 428
    assert tenant.dialer()["log"][-1]["actor"] == "maria"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"versionTag": "v"}, "versionTag"),
        ({"type": "magic"}, "type"),
        ({"concurrency": {"max_agents": "50"}}, "concurrency.max_agents"),
        ({"algorithm": {"abandonment_rate_target": 3}}, "algorithm.abandonment_rate_target"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_field(call: Call, changes: dict, field: str) -> None:
    version = call("GET", SETTINGS).json()["versionTag"]
    answer = call("PUT", SETTINGS, {**other(), **changes}, version)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_policies_fail_above_three_percent_and_warn_of_trunks(call: Call) -> None:
    body = {
        "campaign_config": other(abandonment_rate_target=0.04),
        "regulatory_checks": ["tcpa_abandonment", "dnc_compliance", "calling_hours"],
        "carrier_capacity": {"max_trunks": 150, "current_utilization_percent": 45},
    }
    body["campaign_config"]["concurrency"]["max_simultaneous_calls"] = 200
    said = call("POST", "/api/v1/dialer/policies/validate", body).json()
    assert (said["compliance_status"], len(said["violations"]), len(said["warnings"])) == ("FAIL", 1, 1)
    body["campaign_config"] = other()
    said = call("POST", "/api/v1/dialer/policies/validate", body).json()
    assert said == {"compliance_status": "PASS", "violations": [], "warnings": []}


def test_metrics_answer_to_the_settings_and_come_in_pages(tenant: Tenant, call: Call) -> None:
    path, rows, token = "/api/v1/analytics/dialer/metrics", [], None
    while True:
        more = {"pageToken": token} if token else {}
        said = call("GET", path, campaignId="spring", pageSize=7, groupBy="hour", **more).json()
        rows += said["results"]
        token = said.get("nextPageToken")
        if not token:
            break
    assert len(rows) in (24, 25)
    assert {row["abandonmentRate"] for row in rows} == {0.0}
    tenant.change_dialer(other(dial_ratio=4.0))
    newest = call("GET", path, campaignId="spring").json()["results"][-1]
    assert newest["abandonmentRate"] == 0.05
    tenant.set_abandonment(spring=0.2)
    assert call("GET", path, campaignId="spring").json()["results"][-1]["abandonmentRate"] == 0.2


def test_the_log_names_who_and_what_newest_first(tenant: Tenant, call: Call) -> None:
    tenant.change_dialer(other(), actor="maria")
    tenant.change_dialer(other(dial_ratio=1.2), actor="tom")
    first = call("GET", "/api/v1/audit/logs", entity="dialer", pageSize=1).json()
    second = call(
        "GET", "/api/v1/audit/logs", entity="dialer", pageSize=1, pageToken=first["nextPageToken"]
    ).json()
    assert [first["logs"][0]["actor"], second["logs"][0]["actor"]] == ["tom", "maria"]
    assert "nextPageToken" not in second
    assert call("GET", "/api/v1/audit/logs", entity="other").status_code == 400


def test_webhooks_are_told_of_settings_once_they_are_active(tenant: Tenant, call: Call) -> None:
    hook = {"name": "WFM", "url": f"{tenant.url}/nowhere", "events": ["dialer.settings.updated"]}
    hook["auth"] = {"type": "bearer", "token": "t"}
    hook["retryPolicy"] = {"maxRetries": 0, "backoffMultiplier": 1, "timeoutSec": 5}
    assert call("POST", "/api/v1/integrations/webhooks", hook).status_code in (200, 201)
    changed(call, other())
    time.sleep(0.2)
    (sent,) = tenant.sent_webhooks()
    assert sent.sent == 1


def test_the_simulator_expects_more_abandoned_calls_of_a_higher_ratio(call: Call) -> None:
    path = "/api/v1/dialer/simulator/run"
    rates = [
        call("POST", path, {"durationMinutes": 60, "algorithm": {"dial_ratio": ratio}}).json()
        for ratio in (1.5, 2.0, 4.0)
    ]
    assert [one["projectedAbandonmentRate"] for one in rates] == [0.0, 0.01, 0.05]


@pytest.mark.parametrize("plans", [[{"ending": "GONE"}], [{"applied": "half"}], [{"second": 1}]])
def test_plans_that_cannot_be_are_refused(tenant: Tenant, plans: list[dict[str, Any]]) -> None:
    answer = requests.put(f"{tenant.url}/_sandbox/dialer/operations", json={"operations": plans}, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_control")
