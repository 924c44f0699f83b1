"""GET /api/v2/outbound/calls serves exactly what exists, page by page."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox.running import Tenant
from sandbox.world import (
    BAD_KINDS,
    KNOWN_CODES,
    Campaign,
    CampaignCalls,
    expected,
    expected_ids,
    iso,
    parse_time,
)

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


def test_generated_calls_at_both_borders_are_included(get_calls: Get, tenant: Tenant) -> None:
    campaign = only_campaign(tenant)
    calls = CampaignCalls(tenant.world.seed, campaign)
    first, last = (datetime.fromtimestamp(calls.start_of(n), UTC) for n in (100, 103))
    window = {"campaignId": "camp-a", "startDateTime": iso(first), "endDateTime": iso(last)}
    truth = expected(tenant.world, "camp-a", first, last, closed=True)
    assert len(records(get_calls, window)) == truth.total >= 4
    inside = timedelta(microseconds=1)
    window |= {"startDateTime": iso(first + inside), "endDateTime": iso(last - inside)}
    assert len(records(get_calls, window)) == truth.total - 2


@pytest.mark.slow
def test_a_continued_query_is_served_though_its_first_moment_has_aged_out(
    tenant: Tenant, window: dict, new_token: Callable[..., str]
) -> None:
    start = datetime.now(UTC) - timedelta(days=6)
    # With the five seconds of tolerance, the first moment is kept for another half second.
    kept = timedelta(days=6) - timedelta(seconds=4.5)
    tenant.use_world(replace(tenant.world, retention_days=kept / timedelta(days=1)))
    url, headers = f"{tenant.url}/api/v2/outbound/calls", {"Authorization": f"Bearer {new_token()}"}
    query = window | {"startDateTime": iso(start), "limit": "10"}
    first = requests.get(url, query, headers=headers, timeout=5).json()
    time.sleep(0.6)
    again = requests.get(url, query, headers=headers, timeout=5)
    assert (again.status_code, again.json()["field"]) == (400, "startDateTime")
    query["nextPageToken"] = first["nextPageToken"]
    assert len(requests.get(url, query, headers=headers, timeout=5).json()["calls"]) == 10


def test_added_calls_at_both_borders_are_included(get_calls: Get, tenant: Tenant) -> None:
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


def test_calls_of_the_same_second_are_served_once_wherever_the_page_ends(
    get_calls: Get, tenant: Tenant
) -> None:
    calls = CampaignCalls(tenant.world.seed, only_campaign(tenant))
    first, second, third = (datetime.fromtimestamp(calls.start_of(n), UTC) for n in (100, 101, 102))
    for moment in (first, second, second, third):
        tenant.add_call("camp-a", {"startTime": iso(moment)})
    window = {"campaignId": "camp-a", "startDateTime": iso(first), "endDateTime": iso(third)}
    whole = records(get_calls, window)
    assert len(whole) == 7
    for limit in (1, 2, 3):
        assert records(get_calls, window | {"limit": limit}) == whole


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
