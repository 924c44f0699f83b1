"""A disposition is refused with the field that is wrong, and a campaign's contacts have their quota."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
from contact_calls import CAMPAIGN, SCOPES, Call, contact, disposition, path_of

from sandbox.running import Tenant
from sandbox.world import Quota, contacts_of


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"outcomeCode": ...}, "outcomeCode"),
        ({"outcomeCode": "SOLD"}, "outcomeCode"),
        ({"outcomeCode": "interested"}, "outcomeCode"),
        ({"outcomeCode": None}, "outcomeCode"),
        ({"agentId": ...}, "agentId"),
        ({"agentId": "somebody"}, "agentId"),
        ({"agentId": ["a"]}, "agentId"),
        ({"dispositionTimestamp": ...}, "dispositionTimestamp"),
        ({"dispositionTimestamp": "2026-03-01T12:00:00"}, "dispositionTimestamp"),
        ({"dispositionTimestamp": 1772366400}, "dispositionTimestamp"),
        ({"notes": None}, "notes"),
        ({"notes": 3}, "notes"),
        ({"customFields": None}, "customFields"),
        ({"customFields": ["lead_score"]}, "customFields"),
        ({"customFields": {"lead": {"score": 1}}}, "customFields.lead"),
        ({"outcome_code": "BUSY"}, "outcome_code"),
        ({"state": "READY"}, "state"),
    ],
)
def test_a_faulty_disposition_is_refused_and_the_field_named(
    tenant: Tenant, contacts_call: Call, change: dict[str, Any], field: str
) -> None:
    answer = contacts_call("PATCH", path_of(contact(tenant)), disposition(tenant, **change))
    assert answer.status_code == 400, answer.text
    assert answer.json()["field"] == field
    assert tenant.contacts(CAMPAIGN, written=True) == {}


@pytest.mark.parametrize("body", [b"", b"{", b'{"customFields": {"a": NaN}}', b"\xff", b"[]"])
def test_a_body_that_is_no_json_object_is_refused(tenant: Tenant, contacts_call: Call, body: bytes) -> None:
    answer = contacts_call("PATCH", path_of(contact(tenant)), data=body)
    assert (answer.status_code, answer.json()["field"]) == (400, "body")


def test_a_tenant_may_know_other_outcome_codes(tenant: Tenant, new_token: Callable[..., str]) -> None:
    tenant.use_world(replace(tenant.world, outcome_codes=("SOLD",)))
    headers = {"Authorization": f"Bearer {new_token(scope=SCOPES)}"}
    url, send = tenant.url + path_of(contact(tenant)), requests.patch
    statuses = [
        send(url, json=disposition(tenant, code), headers=headers, timeout=5).status_code
        for code in ("SOLD", "BUSY")
    ]
    assert statuses == [200, 400]


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_what_is_not_there_is_named(tenant: Tenant, contacts_call: Call, method: str) -> None:
    known = contact(tenant)
    count = len(contacts_of(tenant.world, CAMPAIGN))
    cases = {
        path_of(known, "camp-z"): "campaignId",
        path_of("nobody"): "contactId",
        path_of(known.upper()): "contactId",
        path_of(f"{known[:-12]}{count:012x}"): "contactId",
        path_of(f"{known[:-12]}{-1:012x}"): "contactId",
    }
    for path, field in cases.items():
        answer = contacts_call(method, path, disposition(tenant) if method == "PATCH" else None)
        assert (answer.status_code, answer.json()["field"]) == (404, field)


@pytest.mark.parametrize(("method", "needed"), [("GET", 2), ("PATCH", 3)])
def test_every_scope_is_needed(
    tenant: Tenant, contacts_call: Call, new_token: Callable[..., str], method: str, needed: int
) -> None:
    path, scopes = path_of(contact(tenant)), SCOPES.split()
    for missing in scopes[:needed]:
        token = new_token(scope=" ".join({*scopes, "outbound:call:read"} - {missing}))
        headers = {"Authorization": f"Bearer {token}"}
        answer = contacts_call(method, path, disposition(tenant), headers=headers)
        assert (answer.status_code, missing in answer.json()["message"]) == (403, True)
    assert contacts_call(method, path, headers={}).status_code == 401


def test_reads_and_writes_share_the_quota_of_their_campaign(
    tenant: Tenant, new_token: Callable[..., str]
) -> None:
    other = replace(tenant.world.campaigns[0], id="camp-b")
    quotas = {**tenant.world.quotas, "contacts": Quota(2, 60)}
    tenant.use_world(replace(tenant.world, quotas=quotas, campaigns=(*tenant.world.campaigns, other)))
    headers = {"Authorization": f"Bearer {new_token(scope=SCOPES)}"}
    send, url = requests.request, tenant.url + path_of(contact(tenant))
    answers = [
        send(method, url, json=disposition(tenant), headers=headers, timeout=5)
        for method in ("GET", "PATCH", "GET", "PATCH")
    ]
    assert [one.status_code for one in answers] == [200, 200, 429, 429]
    assert 55 <= int(answers[3].headers["Retry-After"]) <= 60
    elsewhere = tenant.url + path_of(contacts_of(tenant.world, "camp-b")[0], "camp-b")
    assert send("GET", elsewhere, headers=headers, timeout=5).status_code == 200
