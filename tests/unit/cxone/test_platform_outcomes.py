"""Pages of call outcomes on the platform API: asked for as documented, checked before they are believed."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from outbound.cxone.errors import CxoneError, Forbidden, RateLimited, Unauthorised, UnexpectedAnswer
from outbound.cxone.platform.outcomes import PlatformOutcomes
from outbound.cxone.ports.outcomes import CallRecord, CallRecords, OutcomePage, OutcomeQuery
from outbound.settings import ConfigurationError
from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import Access, Reply, ScriptedCxone
from worlds.runtime import WorldRuntime

CALL = {
    "id": "c1",
    "campaignId": "spring",
    "dispositionCode": "CONVERTED",
    "startTime": "2026-03-09T10:00:00Z",
    "endTime": "2026-03-09T10:05:00Z",
    "direction": "OUTBOUND",
    "contactId": "k1",
    "agentId": "a1",
    "queueId": "q1",
}
QUERY = OutcomeQuery(
    "spring",
    datetime(2026, 3, 9, 1, tzinfo=timezone(timedelta(hours=1))),
    datetime(2026, 3, 10, tzinfo=UTC),
    ("CONVERTED", "BUSY"),
    1000,
)


@pytest.fixture
def outcomes(access: Access) -> PlatformOutcomes:
    return PlatformOutcomes(access.http)


def test_a_page_is_asked_for_as_documented(outcomes: PlatformOutcomes, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(body={"calls": [CALL], "nextPageToken": "abc=="})]

    page = outcomes.page(QUERY, "")
    outcomes.page(QUERY, page.next_token)

    assert cxone.asked[0].path == "/api/v2/outbound/calls"
    assert cxone.asked[0].query == {
        "campaignId": ["spring"],
        "startDateTime": ["2026-03-09T00:00:00Z"],
        "endDateTime": ["2026-03-10T00:00:00Z"],
        "dispositionCode": ["CONVERTED,BUSY"],
        "limit": ["1000"],
    }
    assert cxone.asked[1].query == cxone.asked[0].query | {"nextPageToken": ["abc=="]}


def test_without_codes_all_are_asked_for(outcomes: PlatformOutcomes, cxone: ScriptedCxone) -> None:
    outcomes.page(OutcomeQuery("spring", QUERY.start, QUERY.end, (), 5), "")

    assert "dispositionCode" not in cxone.asked[0].query


def test_a_record_is_named_in_our_terms(outcomes: PlatformOutcomes, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(503), Reply(body={"calls": [CALL]})]

    page = outcomes.page(QUERY, "")

    expected = CallRecord(
        "c1", "spring", "CONVERTED", CALL["startTime"], CALL["endTime"], "OUTBOUND", "k1", "a1", CALL, CALL
    )
    assert replace(page, records=list(page.records)) == OutcomePage([expected], "", 2)


@pytest.mark.parametrize("call", [None, 3, "text", [], {}, {"id": {}}])
def test_a_record_of_any_shape_is_passed_on_for_checking(
    outcomes: PlatformOutcomes, cxone: ScriptedCxone, call: Any
) -> None:
    cxone.answers = [Reply(body={"calls": [call, CALL]})]

    odd, good = outcomes.page(QUERY, "").records

    assert odd.source == call
    assert odd.disposition_code is None
    assert good.call_id == "c1"


@pytest.mark.parametrize(
    "body",
    [
        [],
        "calls",
        None,
        3,
        {},
        {"calls": None},
        {"calls": {}},
        {"calls": "none"},
        {"Calls": []},
        {"error": "no"},
        {"calls": [], "nextPageToken": 0},
        {"calls": [], "nextPageToken": 7},
        {"calls": [], "nextPageToken": False},
        {"calls": [], "nextPageToken": []},
        {"calls": [], "nextPageToken": {"token": "x"}},
    ],
)
def test_an_answer_of_the_wrong_shape_is_no_empty_page(
    outcomes: PlatformOutcomes, cxone: ScriptedCxone, body: Any
) -> None:
    cxone.answers = [Reply(body=body)]

    with pytest.raises(UnexpectedAnswer, match="GET /api/v2/outbound/calls answered with"):
        outcomes.page(QUERY, "")


@pytest.mark.parametrize("end", [{}, {"nextPageToken": None}, {"nextPageToken": ""}])
def test_the_last_page_has_no_token(
    outcomes: PlatformOutcomes, cxone: ScriptedCxone, end: dict[str, Any]
) -> None:
    cxone.answers = [Reply(body={"calls": [], **end})]

    page = outcomes.page(QUERY, "")
    assert replace(page, records=list(page.records)) == OutcomePage([], "", 1)


# What shares the machine with it decides as well: on its own it says something, among all tests nothing.
@pytest.mark.load
def test_naming_a_record_costs_less_than_reading_it(outcomes: PlatformOutcomes, cxone: ScriptedCxone) -> None:
    text = json.dumps({"calls": [CALL] * 5000})
    cxone.answers = [Reply(body=text.encode()) for _ in range(5)]
    outcomes.page(QUERY, "")
    reading = min(_seconds(lambda: json.loads(text)) for _ in range(4))
    whole = min(_seconds(lambda: outcomes.page(QUERY, "")) for _ in range(4))

    assert whole < 3 * reading, f"a page takes {whole:.4f} s, its JSON alone {reading:.4f} s"


def _seconds(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


# Against the sandbox tenant, which checks what it is asked.


@pytest.fixture
def world(tenant_process: Tenant) -> Tenant:
    campaign = {"id": "spring", "calls": 250, "from": "-2d", "to": "-1h"}
    clients = [
        {"client_id": "bridge", "client_secret": "sandbox-only"},
        {"client_id": "narrow", "client_secret": "sandbox-too", "scopes": ["outbound:call:read"]},
    ]
    tenant_process.use_world({"campaigns": [campaign], "clients": clients, "quotas": {"outbound": None}})
    return tenant_process


@pytest.fixture
def at_the_tenant(aws: AwsWorld, world: Tenant) -> Access:
    access = Access(aws, FakeClock(datetime.now(UTC).replace(microsecond=0)), world.url)
    access.rotate(client_id="bridge", client_secret="sandbox-only")
    return access


def _all_ids(access: Access, size: int = 100) -> list[str]:
    now = access.clock.now()
    query = OutcomeQuery("spring", now - timedelta(days=3), now, (), size)
    ids, token = [], ""
    for _ in range(20):
        page = PlatformOutcomes(access.http).page(query, token)
        ids += [record.call_id for record in page.records]
        token = page.next_token
        if not token:
            return ids
    raise AssertionError("the pages have no end")


def test_every_call_of_the_tenant_is_read(at_the_tenant: Access, world: Tenant) -> None:
    assert len(set(_all_ids(at_the_tenant))) == 250
    assert world.stats().token_requests == 1


def test_a_bad_day_at_the_tenant_loses_no_call(at_the_tenant: Access, world: Tenant) -> None:
    path = "/outbound/calls"
    world.add_fault({"cut": "before"}, path=path, nth=1)
    world.add_fault({"cut": "body"}, path=path, nth=3)
    world.add_fault({"status": 502, "text": "<html>"}, path=path, nth=5)
    world.add_fault({"status": 429, "headers": {"Retry-After": "1"}, "json": {}}, path=path, nth=6)
    world.add_fault({"body": "{"}, path=path, nth=8)
    world.add_fault({"status": 503, "json": {}}, path="/oauth/token", nth=1)

    assert len(set(_all_ids(at_the_tenant, size=50))) == 250
    assert all(fault["hit"] == 1 for fault in world.faults())


def test_tokens_that_expire_in_the_middle_are_renewed_once(at_the_tenant: Access, world: Tenant) -> None:
    now = at_the_tenant.clock.now
    # The token is some seconds old: one that was issued just now is not dropped.
    at_the_tenant.clock.now = lambda: now() - timedelta(seconds=10)  # type: ignore[method-assign]
    _all_ids(at_the_tenant)
    at_the_tenant.clock.now = now  # type: ignore[method-assign]
    world.expire_tokens()

    assert len(_all_ids(at_the_tenant)) == 250
    assert world.stats().token_requests == 2


def test_a_client_without_a_scope_is_told_which(at_the_tenant: Access, world: Tenant) -> None:
    at_the_tenant.rotate(client_id="narrow", client_secret="sandbox-too")
    at_the_tenant.start_afresh()

    with pytest.raises(Forbidden) as caught:
        _all_ids(at_the_tenant)
    assert caught.value.scopes == ("outbound:campaign:read",)
    assert world.stats().token_requests == 1


def test_a_wrong_secret_is_unauthorised(at_the_tenant: Access) -> None:
    at_the_tenant.rotate(client_id="bridge", client_secret="wrong")
    at_the_tenant.start_afresh()

    with pytest.raises(Unauthorised, match="check the client id and secret"):
        _all_ids(at_the_tenant)


def test_the_tenants_quota_is_met_without_a_refusal(at_the_tenant: Access, world: Tenant) -> None:
    world.use_world(
        {
            "campaigns": [{"id": "spring", "calls": 250, "from": "-2d", "to": "-1h"}],
            "quotas": {"outbound": {"limit": 5, "seconds": 60}},
        }
    )
    with pytest.raises(CxoneError) as caught:
        _all_ids(at_the_tenant, size=25)
    assert isinstance(caught.value, RateLimited)
    assert 0 < (caught.value.retry_at - at_the_tenant.clock.now()).total_seconds() <= 121


def test_the_stack_parameter_picks_the_adapter(aws: AwsWorld, clock: FakeClock) -> None:
    assert isinstance(WorldRuntime(aws, clock).ports.outcomes, PlatformOutcomes)

    with pytest.raises(ConfigurationError, match="CxoneApi is 'elsewhere'"):
        WorldRuntime(aws, clock, CXONE_API="elsewhere").warm_up("cxone")


@pytest.mark.parametrize("odd", [None, 3, "text", [], {}, {"id": {}}, CALL | {"endTime": None}])
@pytest.mark.parametrize("alone", [True, False])
def test_records_are_the_same_by_columns(
    outcomes: PlatformOutcomes, cxone: ScriptedCxone, odd: Any, alone: bool
) -> None:
    without_agent = {name: value for name, value in CALL.items() if name != "agentId"}
    cxone.answers = [Reply(body={"calls": [odd] if alone else [CALL, without_agent, odd, CALL]})]

    records = outcomes.page(QUERY, "").records

    assert isinstance(records, CallRecords)
    assert [CallRecord(*fields) for fields in zip(*records.columns(), strict=True)] == list(records)
    assert list(records[:1]) == list(records)[:1]
