"""GET /api/v2/outbound/calls refuses what is wrong, naming it, and serves exactly what exists."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox.running import Tenant
from sandbox.world import BAD_KINDS, KNOWN_CODES, Campaign, expected, expected_ids, iso, parse_time

Get = Callable[..., requests.Response]
EVERY_KIND = ("valid", "inbound", *BAD_KINDS)


def pages(get_calls: Get, params: dict[str, Any]) -> Iterator[list[Any]]:
    while True:
        answer = get_calls(params)
        assert answer.status_code == 200, answer.text
        yield answer.json()["calls"]
        if "nextPageToken" not in answer.json():
            return
        params = {**params, "nextPageToken": answer.json()["nextPageToken"]}


def records(get_calls: Get, params: dict[str, Any]) -> list[Any]:
    return [record for page in pages(get_calls, params) for record in page]


def only_campaign(tenant: Tenant) -> Campaign:
    return tenant.world.campaigns[0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"campaignId": None}, "campaignId"),
        ({"startDateTime": None}, "startDateTime"),
        ({"endDateTime": None}, "endDateTime"),
        ({"startDateTime": "2026-01-01T00:00:00"}, "startDateTime"),
        ({"startDateTime": "yesterday"}, "startDateTime"),
        ({"startDateTime": "2026-02-30T00:00:00Z"}, "startDateTime"),
        ({"startDateTime": "20260101T000000Z"}, "startDateTime"),
        ({"startDateTime": "٢026-01-01T00:00:00Z"}, "startDateTime"),
        ({"startDateTime": "0001-01-01T00:00:00+12:00"}, "startDateTime"),
        ({"startDateTime": timedelta(days=-91)}, "startDateTime"),
        ({"startDateTime": timedelta(seconds=-1), "endDateTime": timedelta(seconds=-2)}, "startDateTime"),
        ({"startDateTime": timedelta(seconds=-2), "endDateTime": timedelta(seconds=-2)}, "startDateTime"),
        ({"endDateTime": timedelta(seconds=30)}, "endDateTime"),
        ({"endDateTime": "2026-01-01T00:00:00"}, "endDateTime"),
        ({"limit": 0}, "limit"),
        ({"limit": 5001}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "-5"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"dispositionCode": "CONVERTED,,BUSY"}, "dispositionCode"),
        ({"nextPageToken": "eyJwYWdlIjoxfQ=="}, "nextPageToken"),
        ({"nextPageToken": "no token"}, "nextPageToken"),
        ({"page": 2}, "page"),
        ({"limit": [10, 20]}, "limit"),
    ],
)
def test_a_faulty_query_is_refused_and_the_field_named(
    get_calls: Get, window: dict, change: dict, field: str
) -> None:
    now = datetime.now(UTC)
    asked = {
        name: (now + value).isoformat() if isinstance(value, timedelta) else value
        for name, value in (window | change).items()
    }
    answer = get_calls(asked)
    assert answer.status_code == 400, answer.text
    assert answer.json()["field"] == field
    assert set(answer.json()) == {"error", "field", "message"}


def test_an_end_within_the_clock_tolerance_is_served(get_calls: Get, window: dict) -> None:
    window["endDateTime"] = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    assert get_calls(window).status_code == 200


def test_an_unknown_campaign_is_not_found(get_calls: Get, window: dict) -> None:
    answer = get_calls(window | {"campaignId": "camp-z"})
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    "authorization", [None, "Bearer", "Bearer nonsense", "Basic {token}", "Bearer Bearer {token}", "{token}"]
)
def test_without_a_good_token_nothing_is_served(
    get_calls: Get, window: dict, new_token: Callable[..., str], authorization: str | None
) -> None:
    value = authorization and authorization.format(token=new_token())
    answer = get_calls(window, headers={"Authorization": value} if value else {})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_missing_scope_is_forbidden_and_named(
    get_calls: Get, window: dict, new_token: Callable[..., str]
) -> None:
    token = new_token(("narrow", "sandbox-too"), "outbound:call:read")
    answer = get_calls(window, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert "outbound:campaign:read" in answer.json()["message"]


@pytest.mark.parametrize("limit", [1000, 7 * 53, 5000])
def test_the_pages_hold_exactly_the_calls_that_exist(
    get_calls: Get, tenant: Tenant, window: dict, limit: int
) -> None:
    start, end = parse_time(window["startDateTime"]), parse_time(window["endDateTime"])
    truth = expected(tenant.world, "camp-a", start, end)
    shown = [kind for kind in EVERY_KIND if kind != "not_an_object"]
    ids = list(expected_ids(tenant.world, "camp-a", start, end, kinds=shown))
    got = list(pages(get_calls, window | {"limit": limit}))
    assert all(len(page) == limit for page in got[:-1])
    found = [record for page in got for record in page]
    assert [one["id"] for one in found if isinstance(one, dict)] == ids
    assert len(found) == truth.total > 2000
    assert len(set(ids)) == len(ids)


def test_the_counts_foretold_are_the_counts_served(get_calls: Get, tenant: Tenant, window: dict) -> None:
    start, end = parse_time(window["startDateTime"]), parse_time(window["endDateTime"])
    truth = expected(tenant.world, "camp-a", start, end)
    kinds: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for record in records(get_calls, window):
        kind = kind_seen(record)
        kinds[kind] += 1
        codes.update([record["dispositionCode"]] if kind == "valid" else [])
    assert kinds == {"valid": truth.valid, "inbound": truth.inbound, **truth.set_aside}
    assert codes == truth.by_code
    assert set(truth.set_aside) == set(BAD_KINDS)
    assert truth.unknown_codes == {"LEFT_PARCEL": codes["LEFT_PARCEL"]}
    assert "LEFT_PARCEL" not in KNOWN_CODES


def kind_seen(record: Any) -> str:
    """Judge a record as a client has to, from nothing but itself."""
    if not isinstance(record, dict):
        return "not_an_object"
    if "dispositionCode" not in record:
        return "without_code"
    try:
        start = parse_time(record["startTime"])
    except ValueError:
        return "bad_start_time"
    if parse_time(record["endTime"]) < start:
        return "end_before_start"
    return "valid" if record["direction"] == "OUTBOUND" else "inbound"


def test_records_carry_the_documented_fields_in_the_order_of_their_start(
    get_calls: Get, window: dict
) -> None:
    found = [one for one in records(get_calls, window) if kind_seen(one) == "valid"]
    documented = {"id", "campaignId", "dispositionCode", "startTime", "endTime", "direction"}
    assert all(documented <= set(one) for one in found)
    starts = [one["startTime"] for one in found]
    assert starts == sorted(starts)
    assert all(("agentId" in one) == (one["dispositionCode"] != "NO_ANSWER") for one in found)


def test_attempt_numbers_of_a_contact_rise_with_time(get_calls: Get, tenant: Tenant) -> None:
    campaign = only_campaign(tenant)
    whole = {
        "campaignId": campaign.id,
        "startDateTime": iso(campaign.start),
        "endDateTime": iso(campaign.end),
    }
    latest: Counter[str] = Counter()
    for record in records(get_calls, whole):
        if isinstance(record, dict):
            assert record["attemptNumber"] > latest[record["contactId"]]
            latest[record["contactId"]] = record["attemptNumber"]
    assert set(latest.values()) >= {2, 3}


def test_a_filter_by_code_serves_these_codes_in_full_pages(
    get_calls: Get, tenant: Tenant, window: dict
) -> None:
    start, end = parse_time(window["startDateTime"]), parse_time(window["endDateTime"])
    codes = ("CONVERTED", "LEFT_PARCEL")
    found = list(pages(get_calls, window | {"dispositionCode": ",".join(codes), "limit": 100}))
    ids = list(expected_ids(tenant.world, "camp-a", start, end, kinds=EVERY_KIND, codes=codes))
    assert [one["id"] for page in found for one in page] == ids
    assert {len(page) for page in found[:-1]} == {100}
    assert {one["dispositionCode"] for page in found for one in page} == set(codes)


def test_calls_at_both_borders_are_included(get_calls: Get, tenant: Tenant) -> None:
    campaign = only_campaign(tenant)
    first, last = "2.0", "3.0"
    at = campaign.end + timedelta(minutes=5)
    for number, second in ((first, 2), (last, 3), ("outside", 4)):
        moment = iso(at + timedelta(seconds=second))
        tenant.add_call("camp-a", {"id": number, "startTime": moment})
    borders = {
        "startDateTime": iso(at + timedelta(seconds=2)),
        "endDateTime": iso(at + timedelta(seconds=3)),
    }
    assert [one["id"] for one in records(get_calls, {"campaignId": "camp-a", **borders})] == [first, last]


def test_a_page_token_serves_only_the_query_it_was_given_for(get_calls: Get, window: dict) -> None:
    token = get_calls(window | {"limit": 10}).json()["nextPageToken"]
    later = (parse_time(window["startDateTime"]) + timedelta(seconds=1)).isoformat()
    for change in ({"startDateTime": later}, {"dispositionCode": "BUSY"}):
        answer = get_calls(window | change | {"nextPageToken": token})
        assert (answer.status_code, answer.json()["field"]) == (400, "nextPageToken")
    assert get_calls(window | {"limit": 20, "nextPageToken": token}).status_code == 200


def test_a_record_added_between_two_pages_moves_no_other(
    get_calls: Get, tenant: Tenant, window: dict
) -> None:
    before = records(get_calls, window)
    reading = pages(get_calls, window | {"limit": 500})
    got = next(reading)
    early = parse_time(window["startDateTime"]) + timedelta(seconds=1)
    late = only_campaign(tenant).end - timedelta(seconds=1)
    tenant.add_call("camp-a", {"id": "passed", "startTime": iso(early), "dispositionCode": "BUSY"})
    tenant.add_call("camp-a", {"id": "ahead", "startTime": iso(late), "dispositionCode": "BUSY"})
    got += [record for page in reading for record in page]
    assert [one for one in got if one not in before] == [
        {"id": "ahead", "startTime": iso(late), "dispositionCode": "BUSY"}
    ]
    assert len(got) == len(before) + 1


def test_an_added_record_may_be_of_any_shape_and_is_served_in_its_place(
    get_calls: Get, tenant: Tenant, window: dict
) -> None:
    middle = parse_time(window["startDateTime"]) + timedelta(days=3)
    tenant.add_call("camp-a", {"startTime": "?"}, at=middle)
    around = {
        "startDateTime": iso(middle - timedelta(hours=1)),
        "endDateTime": iso(middle + timedelta(hours=1)),
    }
    served = records(get_calls, window | around | {"limit": 3})
    assert served.count({"startTime": "?"}) == 1
    assert 0 < served.index({"startTime": "?"}) < len(served) - 1


def test_every_answer_has_its_own_request_id(get_calls: Get, tenant: Tenant, window: dict) -> None:
    answers = [
        get_calls(window),
        get_calls({}),
        get_calls(window, headers={}),
        requests.get(f"{tenant.url}/nothing", timeout=5),
    ]
    ids = {answer.headers["X-Request-Id"] for answer in answers}
    assert [answer.status_code for answer in answers] == [200, 400, 401, 404]
    assert len(ids) == 4
