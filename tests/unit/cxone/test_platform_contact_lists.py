"""Contact lists on the platform API: what is asked, and answers disbelieved."""

from __future__ import annotations

from typing import Any

import pytest

from outbound.cxone.errors import InvalidRequest, NotFound, UnexpectedAnswer
from outbound.cxone.platform.contact_lists import PlatformContactLists
from outbound.cxone.ports.contact_lists import ListedContact
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import Access, Reply, ScriptedCxone

RECORD: dict[str, Any] = {
    "contactId": "c-1",
    "phoneNumbers": ["+12125550100"],
    "address": {"state": "NY", "postalCode": "10001"},
    "timeZone": "America/New_York",
    "timeZoneConfirmed": True,
    "consentFlags": {"outbound": {"call": True}},
    "attempts": {"count": 2, "lastAttemptAt": "2026-03-09T12:00:00Z"},
    "attributes": {"segment": "gold"},
}
NOTHING = ListedContact(*[None] * 11)


@pytest.fixture
def lists(aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone) -> PlatformContactLists:
    surface = {"base_url": cxone.url, "token": {"url": f"{cxone.url}/oauth/token"}}
    return PlatformContactLists(Access(aws, clock, cxone.url, surfaces={"campaigns": surface}).http)


def test_a_page_is_asked_for_in_a_stable_order(lists: PlatformContactLists, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(200, {"contacts": [RECORD], "total": 7})]
    page = lists.page("list/1", "a==b", 3, 50)
    (asked,) = cxone.asked
    assert asked.path == "/api/v2/omnichannel/contactlists/list%2F1/contacts"
    assert asked.query == {
        "query": ["a==b"],
        "page": ["3"],
        "pageSize": ["50"],
        "sortBy": ["contactId"],
        "sortOrder": ["asc"],
    }
    assert page.total == 7
    (contact,) = page.contacts
    assert contact == ListedContact(
        "c-1",
        ["+12125550100"],
        "NY",
        "10001",
        "America/New_York",
        True,
        True,
        2,
        "2026-03-09T12:00:00Z",
        {"segment": "gold"},
        RECORD,
    )


def test_every_contact_is_asked_for_by_a_query_that_is_always_true(
    lists: PlatformContactLists, cxone: ScriptedCxone
) -> None:
    cxone.answers = [Reply(200, {"contacts": []})]
    assert lists.page("l", "", 1, 50).total is None
    assert cxone.asked[0].query["query"] == ["true"]


@pytest.mark.parametrize("record", ["text", None, 7, [], {}])
def test_an_odd_record_has_no_fields_and_is_kept(
    lists: PlatformContactLists, cxone: ScriptedCxone, record: Any
) -> None:
    cxone.answers = [Reply(200, {"contacts": [record], "total": True})]
    page = lists.page("l", "", 1, 50)
    assert page.contacts == [NOTHING._replace(source=record)]
    assert page.total is None


@pytest.mark.parametrize("part", ["address", "consentFlags", "attempts"])
def test_a_part_that_is_not_an_object_has_no_fields(
    lists: PlatformContactLists, cxone: ScriptedCxone, part: str
) -> None:
    cxone.answers = [Reply(200, {"contacts": [RECORD | {part: "odd"}]})]
    (contact,) = lists.page("l", "", 1, 50).contacts
    named = {"address": contact.state, "consentFlags": contact.call_consent, "attempts": contact.attempts}
    assert named[part] is None
    assert contact.contact_id == "c-1"


@pytest.mark.parametrize("body", [[], {"contacts": {}}, {"items": []}, {"contacts": [RECORD] * 3}])
def test_an_answer_that_is_not_a_page_is_not_taken_for_one(
    lists: PlatformContactLists, cxone: ScriptedCxone, body: Any
) -> None:
    cxone.answers = [Reply(200, body)]
    with pytest.raises(UnexpectedAnswer):
        lists.page("l", "", 1, 2)


def test_no_content_is_a_page_without_contacts(lists: PlatformContactLists, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(204, b"")]
    assert lists.page("l", "a==b", 1, 50).contacts == []


def test_what_cxone_refuses_is_named(lists: PlatformContactLists, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(404, {"error": "not_found"}), Reply(400, {"error": "x", "field": "query"})]
    with pytest.raises(NotFound):
        lists.page("l", "", 1, 50)
    with pytest.raises(InvalidRequest) as refused:
        lists.page("l", "a=b", 1, 50)
    assert refused.value.field == "query"
    with pytest.raises(InvalidRequest):
        lists.page("..", "", 1, 50)
