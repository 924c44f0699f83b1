"""Each fault does what it says, to the request that it was meant for, and to no other."""

import time
from collections.abc import Callable

import pytest
import requests

from sandbox.running import ControlFailed, Receivers, Tenant

Get = Callable[..., requests.Response]
CALLS = "^/api/v2/outbound/calls$"
OUTBOUND = "GET /api/v2/outbound/calls"


def statuses(get_calls: Get, window: dict, count: int) -> list[int]:
    return [get_calls(window).status_code for _ in range(count)]


def test_the_nth_matching_request_meets_the_fault(tenant: Tenant, window: dict, get_calls: Get) -> None:
    answer = {"status": 503, "headers": {"Retry-After": "2"}, "json": {"error": "busy"}}
    tenant.add_fault(answer, path=CALLS, nth=3, times=2)
    get_calls_elsewhere = requests.get(f"{tenant.url}/elsewhere", timeout=5)
    assert get_calls_elsewhere.status_code == 404
    assert statuses(get_calls, window, 2) == [200, 200]
    faulty = get_calls(window)
    assert (faulty.status_code, faulty.json()) == (503, {"error": "busy"})
    assert faulty.headers["Retry-After"] == "2"
    assert faulty.headers["X-Request-Id"]
    assert statuses(get_calls, window, 2) == [503, 200]
    assert [(one["matched"], one["hit"]) for one in tenant.faults()] == [(5, 2)]
    assert tenant.stats().count(OUTBOUND, 503) == 2
    # What a fault answered never reached the tenant.
    assert tenant.stats().quotas["outbound"].admitted == 3


def test_a_fault_without_end_lasts_until_cleared(tenant: Tenant, window: dict, get_calls: Get) -> None:
    tenant.add_fault({"status": 502, "text": "bad gateway"}, times=None)
    assert statuses(get_calls, window, 4) == [502] * 4
    assert get_calls(window).text == "bad gateway"
    tenant.clear_faults()
    assert get_calls(window).status_code == 200


@pytest.mark.parametrize(
    ("match", "met"),
    [
        ({"method": "GET"}, True),
        ({"method": "POST"}, False),
        ({"path": "outbound"}, True),
        ({"path": "^/outbound"}, False),
        ({"query": {"campaignId": "^camp-a$"}}, True),
        ({"query": {"campaignId": "^camp-b$"}}, False),
        ({"query": {"nextPageToken": "."}}, False),
        ({"method": "GET", "path": "calls", "query": {"limit": "^5$"}}, True),
        ({"method": "GET", "path": "calls", "query": {"limit": "^6$"}}, False),
    ],
)
def test_every_part_of_a_match_must_agree(
    tenant: Tenant, window: dict, get_calls: Get, match: dict, met: bool
) -> None:
    tenant.add_fault({"status": 500}, **match)
    assert (get_calls(window | {"limit": 5}).status_code == 500) is met


def test_two_faults_come_one_after_the_other(tenant: Tenant, window: dict, get_calls: Get) -> None:
    tenant.add_fault({"status": 500}, path=CALLS)
    tenant.add_fault({"status": 502}, path=CALLS)
    assert statuses(get_calls, window, 3) == [500, 502, 200]


@pytest.mark.slow
def test_a_delay_holds_up_its_request_and_no_other(tenant: Tenant, window: dict, get_calls: Get) -> None:
    tenant.add_fault({"delay": 1.5}, path=CALLS)
    begin = time.monotonic()
    assert get_calls(window).status_code == 200
    delayed = time.monotonic()
    assert get_calls(window).status_code == 200
    assert delayed - begin >= 1.5
    assert time.monotonic() - delayed < 1.5


def test_a_delay_goes_with_another_action(tenant: Tenant, window: dict, get_calls: Get) -> None:
    tenant.add_fault({"delay": 0.3, "status": 504})
    begin = time.monotonic()
    assert get_calls(window).status_code == 504
    assert time.monotonic() - begin >= 0.3


def test_a_client_that_gives_up_waiting_leaves_the_tenant_well(
    tenant: Tenant, window: dict, get_calls: Get
) -> None:
    tenant.add_fault({"delay": 1}, path=CALLS)
    with pytest.raises(requests.ReadTimeout):
        get_calls(window, timeout=0.2)
    assert get_calls(window).status_code == 200


def test_cut_before_closes_the_connection_without_a_byte(
    tenant: Tenant, window: dict, get_calls: Get
) -> None:
    tenant.add_fault({"cut": "before"}, path=CALLS)
    with pytest.raises(requests.ConnectionError, match="without response"):
        get_calls(window)
    assert tenant.stats().count(OUTBOUND, "cut") == 1
    assert tenant.stats().quotas["outbound"].admitted == 0
    assert get_calls(window).status_code == 200


def test_cut_in_the_body_breaks_off_what_was_announced_whole(
    tenant: Tenant, window: dict, get_calls: Get
) -> None:
    whole = len(get_calls(window).content)
    tenant.add_fault({"cut": "body"}, path=CALLS)
    answer = get_calls(window, stream=True)
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == whole
    assert 0 < len(b"".join(received_until_broken(answer))) < whole
    assert tenant.stats().count(OUTBOUND, "cut") == 1


def received_until_broken(answer: requests.Response) -> list[bytes]:
    chunks: list[bytes] = []
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        # Small pieces: the client throws away the piece in which the connection breaks.
        chunks.extend(answer.iter_content(16))
    return chunks


def test_a_lost_answer_is_of_work_that_was_done(tenant: Tenant, window: dict, get_calls: Get) -> None:
    tenant.add_fault({"serve_then": "cut"}, path=CALLS)
    with pytest.raises(requests.ConnectionError, match="without response"):
        get_calls(window)
    assert tenant.stats().quotas["outbound"].admitted == 1


def test_a_body_that_is_not_json_is_announced_as_json(tenant: Tenant, window: dict, get_calls: Get) -> None:
    tenant.add_fault({"body": "not json"}, path=CALLS)
    answer = get_calls(window)
    assert (answer.status_code, answer.text) == (200, "not json")
    assert answer.headers["Content-Type"] == "application/json"


def test_json_of_another_shape_is_served_as_given(tenant: Tenant, window: dict, get_calls: Get) -> None:
    tenant.add_fault({"json": [1, {"calls": None}]}, path=CALLS)
    answer = get_calls(window)
    assert (answer.status_code, answer.json()) == (200, [1, {"calls": None}])


def test_a_repeated_page_token_never_ends(tenant: Tenant, window: dict, get_calls: Get) -> None:
    tenant.add_fault({"repeat_page_token": True}, path=CALLS, times=None)
    first = get_calls(window | {"limit": 1000}).json()["nextPageToken"]
    pages = [get_calls(window | {"limit": 1000, "nextPageToken": first}).json() for _ in range(3)]
    last = get_calls(window | {"limit": 5000}).json()
    assert {page["nextPageToken"] for page in [*pages, last]} == {first}
    assert pages[0] == pages[1] == pages[2]


def test_fields_of_an_answer_can_be_dropped_and_set(tenant: Tenant, window: dict, get_calls: Get) -> None:
    def ask() -> dict:
        form = {"grant_type": "client_credentials", "client_id": "bridge", "client_secret": "sandbox-only"}
        body: dict = requests.post(f"{tenant.url}/oauth/token", data=form, timeout=5).json()
        return body

    action = {"drop_fields": ["expires_in"], "set_fields": {"scope": "outbound:call:read"}}
    tenant.add_fault(action, path="^/oauth/token$", method="POST")
    changed, normal = ask(), ask()
    assert set(normal) - set(changed) == {"expires_in"}
    assert changed["scope"] == "outbound:call:read" != normal["scope"]


@pytest.mark.parametrize(
    "fault",
    [
        {"action": {}},
        {"action": {"explode": True}},
        {"action": {"cut": "later"}},
        {"action": {"serve_then": "sing"}},
        {"action": {"status": 500, "cut": "before"}},
        {"action": {"json": {}, "text": ""}},
        {"action": {"status": 500}, "match": {"pfad": "x"}},
        {"action": {"status": 500}, "match": {"path": "("}},
        {"action": {"status": 500}, "nth": 0},
        {"action": {"status": 500}, "times": 0},
        {"action": {"status": "500"}},
        {"action": {"delay": "long"}},
        {"action": {"status": 500}, "when": "now"},
        [],
    ],
)
def test_a_fault_that_would_do_nothing_is_refused(tenant: Tenant, fault: object) -> None:
    answer = requests.post(f"{tenant.url}/_sandbox/faults", json=fault, timeout=5)
    assert answer.status_code == 400
    assert tenant.faults() == []


def test_control_calls_meet_neither_faults_nor_statistics(tenant: Tenant) -> None:
    tenant.add_fault({"cut": "before"}, times=None)
    assert tenant.stats().requests == {}
    assert tenant.requests() == []
    with pytest.raises(ControlFailed, match="404"):
        tenant.add_call("camp-z", {"startTime": "2026-01-01T00:00:00Z"})


def test_receivers_meet_the_same_faults(receivers: Receivers) -> None:
    moved = {"status": 301, "headers": {"Location": "https://crm.example/moved"}}
    receivers.add_fault(moved, path="^/crm/")
    receivers.add_fault({"status": 410}, path="^/crm/")
    receivers.add_fault({"cut": "before"}, path="^/crm/")

    def deliver() -> requests.Response:
        return requests.post(f"{receivers.url_of('crm')}/x", b"{}", timeout=5, allow_redirects=False)

    redirect = deliver()
    assert (redirect.status_code, redirect.headers["Location"]) == (301, "https://crm.example/moved")
    assert deliver().status_code == 410
    with pytest.raises(requests.ConnectionError):
        deliver()
    assert receivers.stats().requests == {"POST /crm/{anything:path}": {"301": 1, "410": 1, "cut": 1}}
