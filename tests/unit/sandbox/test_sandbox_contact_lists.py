"""Contact lists are paged in a stable order, asked for by a query, and changed by control calls."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from sandbox.running import ControlFailed, Tenant, running_tenant
from sandbox.world import contacts_of, read_world, write_world

SCOPES = "omnichannel:contactlists:read omnichannel:campaigns:read"
LIST = "list-a"
Get = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def process() -> Iterator[Tenant]:
    campaign = {"id": "camp-l", "from": "-7d", "to": "-1h", "contacts": 330}
    listed = {"id": LIST, "campaign_id": "camp-l", "contacts": 250}
    world = {"campaigns": [campaign], "contact_lists": [listed]}
    with running_tenant(world) as tenant:
        yield tenant


@pytest.fixture
def tenant(process: Tenant) -> Tenant:
    process.reset()
    return process


@pytest.fixture
def get(tenant: Tenant) -> Get:
    client = tenant.world.clients[0]
    data = {"grant_type": "client_credentials", "scope": SCOPES, "client_id": client.client_id}
    data["client_secret"] = client.client_secret
    token = requests.post(f"{tenant.url}/api/v2/oauth/token", data=data, timeout=10).json()["access_token"]

    def call(list_id: str = LIST, **params: Any) -> requests.Response:
        url = f"{tenant.url}/api/v2/omnichannel/contactlists/{list_id}/contacts"
        return requests.get(url, params=params, headers={"Authorization": f"Bearer {token}"}, timeout=10)

    return call


def _all(get: Get, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for page in range(1, 100):
        contacts = get(page=page, **params).json()["contacts"]
        if not contacts:
            return found
        found += contacts
    raise AssertionError("the list has no end")


def test_a_list_is_read_page_by_page_in_the_order_of_ids(tenant: Tenant, get: Get) -> None:
    contacts = _all(get, sortBy="contactId", sortOrder="asc")
    assert [one["contactId"] for one in contacts] == contacts_of(tenant.world, "camp-l")[:250]
    assert get().json()["total"] == 250
    assert len(get().json()["contacts"]) == 100
    assert _all(get, sortOrder="desc", pageSize=33) == contacts[::-1]


def test_a_query_finds_whom_it_names(get: Get) -> None:
    everybody = _all(get)
    agreed = _all(get, query="consentFlags.outbound.call==true")
    assert agreed == [one for one in everybody if one["consentFlags"]["outbound"]["call"]]
    assert 0 < len(agreed) < 250
    gold = _all(get, query='consentFlags.outbound.call==true && segment=="gold"')
    assert gold == [one for one in agreed if one["attributes"]["segment"] == "gold"]
    assert 0 < len(gold) < len(agreed)
    assert _all(get, query="segmnt==gold") == []
    assert _all(get, query="true") == everybody


@pytest.mark.parametrize("query", ["segment=gold", "==gold", "segment==", "a==b &&", "a==b || c==d"])
def test_a_query_that_cannot_be_read_is_refused_by_its_name(get: Get, query: str) -> None:
    answer = get(query=query)
    assert (answer.status_code, answer.json()["field"]) == (400, "query")


@pytest.mark.parametrize(
    ("params", "field"),
    [({"pageSize": 1001}, "pageSize"), ({"page": 0}, "page"), ({"sortBy": "name"}, "sortBy")],
)
def test_other_wrong_parameters_are_refused_by_their_names(
    get: Get, params: dict[str, Any], field: str
) -> None:
    answer = get(**params)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_a_list_that_is_not_there_is_not_found(tenant: Tenant, get: Get) -> None:
    assert get("nobodys").status_code == 404
    with pytest.raises(ControlFailed, match="contact"):
        tenant.set_call_consent(LIST, "nobody", agreed=True)


def test_contacts_are_changed_put_on_the_list_and_taken_off(tenant: Tenant, get: Get) -> None:
    first, second = (one["contactId"] for one in get(pageSize=2).json()["contacts"])
    agreed = {"query": "consentFlags.outbound.call==true"}
    before = get(**agreed).json()["total"]
    was = tenant.listed_contact(LIST, first)["consentFlags"]["outbound"]["call"]
    tenant.set_call_consent(LIST, first, not was)
    assert get(**agreed).json()["total"] == before + (-1 if was else 1)
    tenant.change_listed_contact(LIST, second, attributes={"segment": "iron"})
    assert [one["contactId"] for one in _all(get, query="segment==iron")] == [second]
    assert tenant.add_listed_contacts(LIST, 100) == contacts_of(tenant.world, "camp-l")[250:]
    tenant.remove_listed_contact(LIST, first)
    assert get().json()["total"] == 329


def test_a_world_with_lists_is_written_and_read_back(tenant: Tenant) -> None:
    assert read_world(write_world(tenant.world)) == tenant.world
