"""The tenant creates campaigns as documented, once a key, and changes their status alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
import requests

from sandbox.running import Tenant, running_tenant

Call = Callable[..., requests.Response]
PATH = "/api/v2/omnichannel/campaigns"
BODY: dict[str, Any] = {
    "name": "Predictive",
    "description": "Predictive outbound",
    "status": "paused",
    "dialerConfig": {
        "type": "predictive",
        "predictiveSettings": {
            "answerRatio": 0.85,
            "maxCallsInFlight": 50,
            "callRate": 12.0,
            "abandonmentThreshold": 0.03,
        },
    },
    "complianceConfig": {
        "timeZone": "America/New_York",
        "dialingRules": {"startTime": "08:00:00", "endTime": "21:00:00", "allowedDays": ["Monday"]},
        "rateLimits": {"maxCallsPerContactPerDay": 1, "maxCallsPerContactPerWeek": 3, "maxCallsPerDay": 5000},
    },
    "contactListId": "list_12345",
    "queueId": "default_outbound_queue",
    "failoverConfig": {
        "enabled": True,
        "thresholdType": "success_rate",
        "thresholdValue": 0.15,
        "evaluationWindowMinutes": 30,
    },
}


@pytest.fixture(scope="module")
def campaigns_tenant() -> Iterator[Tenant]:
    spring = {"id": "spring", "name": "Spring", "calls": 3, "from": "-2h", "to": "-1h"}
    with running_tenant({"campaigns": [spring]}) as tenant:
        yield tenant


@pytest.fixture
def tenant(campaigns_tenant: Tenant) -> Tenant:
    campaigns_tenant.reset()
    return campaigns_tenant


def token_of(tenant: Tenant, scopes: str) -> str:
    client = tenant.world.clients[0]
    fields = {"grant_type": "client_credentials", "scope": scopes}
    fields |= {"client_id": client.client_id, "client_secret": client.client_secret}
    answer = requests.post(f"{tenant.url}/api/v2/oauth/token", data=fields, timeout=10)
    token: str = answer.json()["access_token"]
    return token


@pytest.fixture
def call(tenant: Tenant) -> Call:
    token = token_of(tenant, "omnichannel:campaigns:write omnichannel:campaigns:read")

    def made(method: str, path: str = "", body: Any = None, key: str = "", **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {more.pop('token', token)}"}
        headers |= {"X-Idempotency-Key": key} if key else {}
        url = f"{tenant.url}{PATH}{path}"
        return requests.request(method, url, json=body, headers=headers, timeout=10, **more)

    return made


def changed(place: str, value: Any) -> dict[str, Any]:
    """The body with one field changed, or left out for None."""
    body = deepcopy(BODY)
    *above, last = place.split(".")
    part = body
    for name in above:
        part = part[name]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return body


def test_a_campaign_is_created_and_read_with_its_settings(call: Call, tenant: Tenant) -> None:
    answer = call("POST", body=BODY)
    assert answer.status_code == 201
    created = answer.json()
    assert {name: created[name] for name in BODY} == BODY
    assert call("GET", f"/{created['id']}").json() == created
    assert tenant.created_campaigns("Predictive") == [created]
    assert tenant.campaign_status(created["id"]).status == "PAUSED"


def test_one_that_was_there_before_is_read_too(call: Call) -> None:
    assert call("GET", "/spring").json()["status"] == "active"
    assert call("GET", "/nobody").status_code == 404


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("name", None),
        ("name", ""),
        ("contactListId", None),
        ("queueId", 7),
        ("status", "started"),
        ("dialerConfig", None),
        ("dialerConfig.type", "preview"),
        ("dialerConfig.predictiveSettings.answerRatio", 1.5),
        ("dialerConfig.predictiveSettings.answerRatio", "0.85"),
        ("dialerConfig.predictiveSettings.callRate", 0),
        ("dialerConfig.predictiveSettings.maxCallsInFlight", 0),
        ("dialerConfig.predictiveSettings.abandonmentThreshold", None),
        ("complianceConfig.timeZone", "Nowhere"),
        ("complianceConfig.timeZone", "../Nowhere"),
        ("complianceConfig.dialingRules.startTime", "8:00"),
        ("complianceConfig.dialingRules.endTime", "07:00:00"),
        ("complianceConfig.dialingRules.allowedDays", []),
        ("complianceConfig.dialingRules.allowedDays", ["Funday"]),
        ("complianceConfig.rateLimits.maxCallsPerDay", 0),
        ("failoverConfig.thresholdType", "luck"),
        ("failoverConfig.evaluationWindowMinutes", 0),
        ("dialerConfig.mode", "fast"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(call: Call, tenant: Tenant, place: str, value: Any) -> None:
    answer = call("POST", body=changed(place, value))
    assert (answer.status_code, answer.json()["field"]) == (400, place)
    assert tenant.created_campaigns() == []


def test_the_same_key_creates_once_and_no_other_body(call: Call, tenant: Tenant) -> None:
    first = call("POST", body=BODY, key="k1")
    again = call("POST", body=BODY, key="k1")
    assert (again.status_code, again.json()) == (201, first.json())
    other = call("POST", body=changed("queueId", "other"), key="k1")
    assert (other.status_code, other.json()["field"]) == (422, "X-Idempotency-Key")
    assert call("POST", body=BODY).json()["id"] != first.json()["id"]
    assert len(tenant.created_campaigns()) == 2


def test_a_refusal_is_not_what_a_key_stands_for(call: Call) -> None:
    assert call("POST", body=changed("queueId", ""), key="k1").status_code == 400
    assert call("POST", body=BODY, key="k1").status_code == 201


def test_campaigns_are_found_by_the_beginning_of_their_name_page_by_page(call: Call) -> None:
    for name in ("Autumn 1", "Autumn 2", "Winter"):
        call("POST", body=changed("name", name))
    found = call("GET", params={"name": "Autumn", "pageSize": 1, "page": 2}).json()
    assert ([one["name"] for one in found["campaigns"]], found["total"]) == (["Autumn 2"], 2)
    assert next(one["name"] for one in call("GET").json()["campaigns"]) == "Spring"
    assert call("GET", params={"colour": "red"}).json()["field"] == "colour"


def test_a_status_is_changed_alone(call: Call, tenant: Tenant) -> None:
    campaign_id = call("POST", body=BODY).json()["id"]
    both = call("PUT", f"/{campaign_id}", {"status": "active", "name": "New"})
    assert (both.status_code, both.json()["field"]) == (400, "name")
    assert call("PUT", f"/{campaign_id}", {"status": "started"}).json()["field"] == "status"
    answer = call("PUT", f"/{campaign_id}", {"status": "active"}, key="start")
    assert (answer.status_code, answer.json()["status"], answer.json()["version"]) == (200, "active", 2)
    assert call("PUT", f"/{campaign_id}", {"status": "active"}, key="start").json() == answer.json()
    assert call("PUT", f"/{campaign_id}", {"status": "active"}, key="again").status_code == 409
    assert tenant.campaign_status(campaign_id).status == "ACTIVE"


@pytest.mark.parametrize("status", ["STOPPING", "COMPLETED"])
def test_one_that_has_ended_is_not_started(call: Call, tenant: Tenant, status: str) -> None:
    tenant.set_campaign_status("spring", status)
    assert call("GET", "/spring").json()["status"] == status.lower()
    refused = call("PUT", "/spring", {"status": "active"})
    assert (refused.status_code, status.lower() in refused.json()["message"]) == (409, True)


def test_scopes_are_asked_for(call: Call, tenant: Tenant) -> None:
    reading = token_of(tenant, "omnichannel:campaigns:read")
    assert call("POST", body=BODY, token=reading).status_code == 403
    writing = token_of(tenant, "omnichannel:campaigns:write")
    assert call("GET", "/spring", token=writing).status_code == 403


def test_a_reset_forgets_what_was_created(call: Call, tenant: Tenant) -> None:
    call("POST", body=BODY, key="k1")
    tenant.reset()
    assert tenant.created_campaigns() == []
