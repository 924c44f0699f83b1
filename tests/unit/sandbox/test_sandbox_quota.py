"""A quota lets through exactly what it says, in every window and not only in the first."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests

from sandbox.running import Tenant
from sandbox.tenant.quota import Quotas
from sandbox.wire.refusal import Refusal
from sandbox.world import Quota

Get = Callable[..., requests.Response]
OUTBOUND = "GET /api/v2/outbound/calls"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def admitted_at(quotas: Quotas, clock: Clock, moments: Sequence[float]) -> list[float]:
    """Return those of the moments, in seconds from now, at which a request was let through."""
    begin, admitted = clock.now, []
    for moment in moments:
        clock.now = begin + moment
        try:
            quotas.take("outbound")
        except Refusal:
            continue
        admitted.append(moment)
    return admitted


def test_the_hundred_and_first_request_within_a_minute_never_passes() -> None:
    clock = Clock()
    quotas = Quotas({"outbound": Quota(100, 60)}, clock)
    # 40 late in one minute and a flood early in the next: what fixed windows let through.
    moments = [50 + n / 10 for n in range(40)] + [61 + n / 100 for n in range(12_000)]
    admitted = admitted_at(quotas, clock, moments)
    densest = max(sum(start <= one < start + 60 for one in admitted) for start in admitted)
    assert densest == 100
    assert len(admitted) > 200
    assert quotas.counts()["outbound"]["highest"] == 100


def test_a_slot_is_free_when_its_window_has_passed_and_not_before() -> None:
    clock = Clock()
    quotas = Quotas({"outbound": Quota(1, 60)}, clock)
    assert admitted_at(quotas, clock, [0, 59.99, 60, 119.9, 120]) == [0, 60, 120]


def test_fixed_windows_let_through_what_each_of_them_allows() -> None:
    clock = Clock()
    clock.now = 960.0  # a multiple of the window
    quotas = Quotas({"outbound": Quota(2, 60, fixed=True)}, clock)
    assert admitted_at(quotas, clock, [58, 59, 59.9, 60, 61, 119.9, 120]) == [58, 59, 60, 61, 120]
    assert quotas.counts()["outbound"]["highest"] == 2


def test_a_refusal_of_a_fixed_window_says_when_the_next_one_begins() -> None:
    clock = Clock()
    clock.now = 960.0 + 49.5
    quotas = Quotas({"outbound": Quota(1, 60, fixed=True)}, clock)
    quotas.take("outbound")
    with pytest.raises(Refusal) as refused:
        quotas.take("outbound")
    assert refused.value.headers == {"Retry-After": "11"}


def test_a_refusal_says_when_a_slot_is_free_in_whole_seconds_rounded_up() -> None:
    clock = Clock()
    quotas = Quotas({"outbound": Quota(1, 60)}, clock)
    quotas.take("outbound")
    clock.now += 10.5
    with pytest.raises(Refusal) as refused:
        quotas.take("outbound")
    assert refused.value.status == 429
    assert refused.value.headers == {"Retry-After": "50"}


def test_parts_of_a_quota_are_counted_apart() -> None:
    quotas = Quotas({"contacts": Quota(1, 60)}, Clock())
    quotas.take("contacts", "camp-a")
    quotas.take("contacts", "camp-b")
    with pytest.raises(Refusal):
        quotas.take("contacts", "camp-a")
    counts = quotas.counts()["contacts"]
    assert (counts["admitted"], counts["refused"], counts["highest"]) == (2, 1, 1)


def test_many_clients_at_once_get_the_quota_and_no_more(tenant: Tenant, window: dict, get_calls: Get) -> None:
    tenant.use_world(replace(tenant.world, quotas={**tenant.world.quotas, "outbound": Quota(7, 60)}))
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: get_calls_anew(tenant, window), range(40)))
    assert (statuses.count(200), statuses.count(429)) == (7, 33)
    stats = tenant.stats()
    assert stats.count(OUTBOUND, 429) == stats.quotas["outbound"].refused == 33
    assert stats.quotas["outbound"].highest == 7


def get_calls_anew(tenant: Tenant, window: dict) -> int:
    form = {"grant_type": "client_credentials", "client_id": "bridge", "client_secret": "sandbox-only"}
    token = requests.post(f"{tenant.url}/oauth/token", data=form, timeout=5).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{tenant.url}/api/v2/outbound/calls"
    return requests.get(url, params=window | {"limit": 1}, headers=headers, timeout=5).status_code


@pytest.mark.slow
def test_whoever_waits_as_long_as_retry_after_says_is_served(
    tenant: Tenant, window: dict, new_token: Callable[..., str]
) -> None:
    tenant.use_world(replace(tenant.world, quotas={**tenant.world.quotas, "outbound": Quota(2, 0.8)}))
    headers = {"Authorization": f"Bearer {new_token()}"}

    def get() -> requests.Response:
        url = f"{tenant.url}/api/v2/outbound/calls"
        return requests.get(url, params=window | {"limit": 1}, headers=headers, timeout=5)

    assert [get().status_code for _ in range(3)] == [200, 200, 429]
    refused = get()
    assert refused.headers["Retry-After"] == "1"
    assert refused.json()["error"] == "rate_limited"
    time.sleep(1)
    assert get().status_code == 200


def test_a_request_without_a_right_to_be_served_uses_nothing_up(
    tenant: Tenant, window: dict, get_calls: Get
) -> None:
    get_calls(window, headers={})
    assert tenant.stats().quotas["outbound"].admitted == 0
    get_calls({})
    assert tenant.stats().quotas["outbound"].admitted == 1


def test_no_quota_is_no_limit(tenant: Tenant, window: dict, new_token: Callable[..., str]) -> None:
    tenant.use_world(replace(tenant.world, quotas={**tenant.world.quotas, "outbound": None}))
    headers = {"Authorization": f"Bearer {new_token()}"}
    session = requests.Session()
    url = f"{tenant.url}/api/v2/outbound/calls"
    params = window | {"limit": 1}
    statuses = {session.get(url, params=params, headers=headers, timeout=5).status_code for _ in range(120)}
    assert statuses == {200}
    assert tenant.stats().quotas["outbound"].admitted == 120
