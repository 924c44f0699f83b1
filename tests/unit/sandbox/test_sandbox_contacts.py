"""Contacts take dispositions, are on calls for a while, and show what was written to them."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from contact_calls import CAMPAIGN, PATCH, Call, contact, disposition, path_of

from sandbox.running import ControlFailed, Tenant
from sandbox.world import BLOCKED_STATES, contacts_of, iso, parse_time


def all_calls(tenant: Tenant, get_calls: Call, **filters: str) -> list[Any]:
    campaign = tenant.world.campaigns[0]
    window = {"startDateTime": iso(campaign.start), "endDateTime": iso(campaign.end), "limit": "5000"}
    return get_calls({"campaignId": CAMPAIGN, **window, **filters}).json()["calls"]


def last_call(tenant: Tenant, get_calls: Call, contact_id: str) -> dict[str, Any]:
    calls = [one for one in all_calls(tenant, get_calls) if isinstance(one, dict)]
    return next(one for one in reversed(calls) if one["contactId"] == contact_id)


def test_the_contacts_of_a_campaign_are_those_that_its_calls_name(tenant: Tenant, get_calls: Call) -> None:
    named = {one["contactId"] for one in all_calls(tenant, get_calls) if isinstance(one, dict)}
    assert named == set(contacts_of(tenant.world, CAMPAIGN))
    assert set(tenant.contacts(CAMPAIGN)) == named


def test_a_contact_that_nobody_wrote_to_says_when_it_was_last_called(
    tenant: Tenant, contacts_call: Call, get_calls: Call
) -> None:
    contact_id = contact(tenant, 7)
    answer = contacts_call("GET", path_of(contact_id))
    assert answer.status_code == 200
    assert answer.json() == {
        "id": contact_id,
        "campaignId": CAMPAIGN,
        "state": "READY",
        "outcomeCode": None,
        "agentId": None,
        "notes": None,
        "customFields": None,
        "dispositionTimestamp": None,
        "lastAttemptAt": last_call(tenant, get_calls, contact_id)["startTime"],
    }


def test_a_disposition_is_kept_and_its_history_told(tenant: Tenant, contacts_call: Call) -> None:
    contact_id = contact(tenant)
    first = disposition(tenant, customFields={"lead_score": 85, "source": "list"})
    second = disposition(tenant, "CALLBACK_LATER", notes=...)
    before = time.time()
    for body in (first, second):
        answer = contacts_call("PATCH", path_of(contact_id), body)
        assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in first} == first | second
    assert contacts_call("GET", path_of(contact_id)).json() == answer.json()
    kept = tenant.contact(CAMPAIGN, contact_id)
    assert [one.body for one in kept.writes] == [first, second]
    assert before - 1 < kept.writes[0].arrived <= kept.writes[1].arrived < time.time() + 1
    assert (kept.outcome_code, kept.notes) == ("CALLBACK_LATER", "Call again on Tuesday")
    assert tenant.contacts(CAMPAIGN, written=True) == {contact_id: kept}
    assert tenant.contacts(CAMPAIGN)[contact_id] == kept


def test_a_disposition_is_the_code_of_the_contacts_last_call_from_then_on(
    tenant: Tenant, contacts_call: Call, get_calls: Call
) -> None:
    contact_id = contact(tenant, 11)
    before = all_calls(tenant, get_calls)
    last = last_call(tenant, get_calls, contact_id)
    contacts_call("PATCH", path_of(contact_id), disposition(tenant, "DO_NOT_CALL")).raise_for_status()
    after = all_calls(tenant, get_calls)
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [(last, last | {"dispositionCode": "DO_NOT_CALL"})]
    assert all_calls(tenant, get_calls, dispositionCode="DO_NOT_CALL") == [changed[0][1]]
    old_code = all_calls(tenant, get_calls, dispositionCode=last["dispositionCode"])
    assert last["id"] not in {one["id"] for one in old_code}


def test_a_call_that_was_added_is_the_last_one_if_it_is_later(
    tenant: Tenant, contacts_call: Call, get_calls: Call
) -> None:
    contact_id, campaign = contact(tenant, 5), tenant.world.campaigns[0]
    generated = last_call(tenant, get_calls, contact_id)
    start = iso(campaign.end - timedelta(seconds=1))
    record = {"id": "late", "contactId": contact_id, "startTime": start, "dispositionCode": "BUSY"}
    tenant.add_call(CAMPAIGN, record)
    answer = contacts_call("PATCH", path_of(contact_id), disposition(tenant))
    assert answer.json()["lastAttemptAt"] == start
    assert last_call(tenant, get_calls, contact_id) == record | {"dispositionCode": "INTERESTED"}
    assert generated in all_calls(tenant, get_calls)


@pytest.mark.parametrize("state", BLOCKED_STATES)
def test_a_contact_on_a_call_is_not_written_to(tenant: Tenant, contacts_call: Call, state: str) -> None:
    contact_id = contact(tenant)
    tenant.set_contact_state(CAMPAIGN, contact_id, state)
    answer = contacts_call("PATCH", path_of(contact_id), disposition(tenant))
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert state in answer.json()["message"]
    assert contacts_call("GET", path_of(contact_id)).json()["state"] == state
    assert tenant.contacts(CAMPAIGN, written=True) == {}
    tenant.set_contact_state(CAMPAIGN, contact_id, "PARKED")
    assert contacts_call("PATCH", path_of(contact_id), disposition(tenant)).json()["state"] == "PARKED"


@pytest.mark.slow
def test_a_state_set_for_some_seconds_ends(tenant: Tenant, contacts_call: Call) -> None:
    contact_id = contact(tenant)
    begin = time.monotonic()
    tenant.set_contact_state(CAMPAIGN, contact_id, "CONNECTED", seconds=1.5)
    while (state := tenant.contact(CAMPAIGN, contact_id).state) == "CONNECTED":
        assert time.monotonic() - begin < 30
        time.sleep(0.05)
    assert state == "READY"
    assert time.monotonic() - begin > 1.5
    assert contacts_call("PATCH", path_of(contact_id), disposition(tenant)).status_code == 200


@pytest.mark.parametrize(
    "nonsense", [{"state": "on a call"}, {"state": "READY", "seconds": 0}, {"state": "READY", "minutes": 1}]
)
def test_a_state_that_makes_no_sense_is_refused(tenant: Tenant, nonsense: dict) -> None:
    url = f"{tenant.url}/_sandbox/campaigns/{CAMPAIGN}/contacts/{contact(tenant)}/state"
    assert requests.put(url, json=nonsense, timeout=5).status_code == 400
    with pytest.raises(ControlFailed, match="404"):
        tenant.contact(CAMPAIGN, "nobody")


def test_a_write_whose_answer_was_lost_was_accepted(tenant: Tenant, contacts_call: Call) -> None:
    tenant.add_fault({"serve_then": "cut"}, method="PATCH", path="/contacts/")
    with pytest.raises(requests.ConnectionError):
        contacts_call("PATCH", path_of(contact(tenant)), disposition(tenant))
    assert [one.body for one in tenant.contact(CAMPAIGN, contact(tenant)).writes] == [disposition(tenant)]


@pytest.mark.slow
def test_how_many_writes_are_under_way_together_is_counted(
    tenant: Tenant, contacts_call: Call, get_calls: Call
) -> None:
    tenant.add_fault({"delay": 1}, method="PATCH", times=None)
    paths = [path_of(one) for one in contacts_of(tenant.world, CAMPAIGN)[:4]]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda path: contacts_call("PATCH", path, disposition(tenant)), paths))
    contacts_call("GET", paths[0])
    stats = tenant.stats()
    assert stats.count(PATCH, 200) == 4
    assert stats.at_once(PATCH) == stats.most_at_once == 4
    assert stats.at_once(PATCH.replace("PATCH", "GET")) == 1
    assert stats.at_once("DELETE /x") == 0


def test_writes_and_states_are_forgotten_with_their_world(
    tenant: Tenant, contacts_call: Call, new_token: Callable[..., str]
) -> None:
    contacts_call("PATCH", path_of(contact(tenant)), disposition(tenant)).raise_for_status()
    tenant.set_contact_state(CAMPAIGN, contact(tenant), "RINGING")
    tenant.use_world(replace(tenant.world, outcome_codes=("SOLD",)))
    fresh = tenant.contact(CAMPAIGN, contact(tenant))
    assert (fresh.state, fresh.outcome_code, fresh.writes) == ("READY", None, [])
    assert fresh.last_attempt_at is not None
    assert parse_time(fresh.last_attempt_at) < tenant.world.campaigns[0].end
