"""CXone and AWS on a bad day: what heals is waited for and resumed; what does not is said and tried again."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from disturbing import calls_of, fail_once

from outbound.outcomes.puller import _wait_after
from outbound.queues import TryLater
from outbound.store.table import Key
from worlds.outcomes import MakePulls, PullWorld, hours_ago

SPRING = {"id": "spring", "calls": 300, "from": -4, "to": -3, "agents": 3}
CALLS = "GET /api/v2/outbound/calls"


def _asked(world: PullWorld) -> str:
    world.register("spring", page_size=50, enabled=False)
    world.ask("spring", hours_ago(world.clock, 4), hours_ago(world.clock, 3))
    [body] = world.messages()
    return body


def _assert_whole(world: PullWorld, body: str) -> None:
    found = Counter(row["id"] for row in world.rows())
    assert found == calls_of(world, body)
    assert found.total() > 200
    [fact] = world.facts("outcomes.pulled")
    assert fact["data"]["metrics"]["total_records"] == len(world.rows())


RETRYABLE: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "503": {"status": 503, "headers": {"Retry-After": "1"}},
    "cut before the answer": {"cut": "before"},
    "cut in the body": {"cut": "body"},
    "no JSON": {"body": '{"calls": ['},
    "429 in seconds": {"status": 429, "headers": {"Retry-After": "2"}},
    "429 as a date": {"status": 429, "headers": {"Retry-After": "Wed, 01 Jan 2020 00:00:00 GMT"}},
    "429 absurd": {"status": 429, "headers": {"Retry-After": "99999999"}},
    "429 without": {"status": 429},
    "401": {"status": 401},
}


@pytest.mark.slow
@pytest.mark.parametrize("action", RETRYABLE.values(), ids=RETRYABLE)
@pytest.mark.parametrize("times", [1, 12])
def test_what_heals_is_waited_for_and_the_pull_resumes_whole(
    pulls: MakePulls, action: dict[str, Any], times: int
) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    world.tenant.add_fault(action, path="/calls", nth=3, times=times)
    world.work_off([body])
    _assert_whole(world, body)


def test_tokens_that_expire_under_way_are_renewed(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    assert world.pull(body, seconds=7.9) is not None
    world.tenant.expire_tokens()
    world.work_off([body])
    _assert_whole(world, body)


def test_the_waits_grow_and_have_a_bound() -> None:
    waits = [_wait_after(failures) for failures in range(1, 12)]
    assert 22 <= waits[0] <= 30
    assert all(one < other for one, other in pairwise(waits[:6]))
    assert all(675 <= wait <= 900 for wait in waits[6:])
    assert _wait_after(10_000) <= 900


def test_each_interruption_comes_back_later_than_the_one_before(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    world.tenant.add_fault({"status": 500}, path="/calls", times=None)
    waits = []
    for _ in range(4):
        later = world.pull(body)
        assert later is not None
        waits.append(later.seconds)
        world.clock.advance(seconds=later.seconds)
    assert waits == sorted(waits)
    assert waits[-1] > 4 * waits[0]


def test_progress_forgives_earlier_failures(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"max_failures": 2})
    body = _asked(world)
    for _ in range(3):
        world.tenant.clear_faults()
        world.tenant.add_fault({"status": 500}, path="/calls", nth=2, times=None)
        assert world.pull(body) is not None
    world.tenant.clear_faults()
    world.work_off([body])
    _assert_whole(world, body)


def test_too_many_failures_in_a_row_fail_the_pull_which_goes_on_where_it_was_an_hour_later(
    pulls: MakePulls,
) -> None:
    world = pulls(SPRING, settings={"max_failures": 3})
    body = _asked(world)
    assert world.pull(body, seconds=7.9) is not None
    world.tenant.add_fault({"status": 500}, path="/calls", times=None)
    world.work_off([body])
    [failed] = world.facts("outcomes.pull_failed")
    assert failed["data"]["reason"] == "too_many_failures"
    assert failed["data"]["audit"]["records_processed"] == 50
    world.tenant.clear_faults()
    _an_hour_later(world)
    _assert_whole(world, body)


def _an_hour_later(world: PullWorld) -> None:
    world.clock.advance(minutes=59)
    world.sweep()
    assert world.messages() == []
    world.clock.advance(minutes=1)
    world.sweep()
    world.work_off()


REFUSALS: dict[str, tuple[dict[str, Any], str, str]] = {
    "404": ({"status": 404, "json": {"message": "no such campaign"}}, "not_found", "no such campaign"),
    "403": ({"status": 403, "json": {"message": "no"}}, "forbidden", "outbound:call:read"),
    "400": (
        {"status": 400, "json": {"message": "is odd", "field": "startDateTime"}},
        "invalid_request",
        "startDateTime: ",
    ),
    "409": ({"status": 409}, "conflict", "409"),
    "a redirect": (
        {"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}},
        "unexpected_answer",
        "302",
    ),
    "a list": ({"json": []}, "unexpected_answer", "check base_url"),
    "no calls": ({"json": {"items": []}}, "unexpected_answer", "check base_url"),
    "calls that are no list": ({"json": {"calls": {}}}, "unexpected_answer", "check base_url"),
    "a token that is no text": ({"set_fields": {"nextPageToken": 7}}, "unexpected_answer", "nextPageToken"),
    "a token without end": ({"set_fields": {"nextPageToken": "x" * 5000}}, "page_token_too_long", "5000"),
}


@pytest.mark.parametrize(("action", "reason", "said"), REFUSALS.values(), ids=REFUSALS)
def test_what_does_not_heal_is_said_and_the_pull_completes_after_repair(
    pulls: MakePulls, action: dict[str, Any], reason: str, said: str
) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    world.tenant.add_fault(action, path="/calls", nth=3, times=None)
    assert world.pull(body) is None
    [failed] = world.facts("outcomes.pull_failed")
    assert failed["data"]["reason"] == reason
    assert said in failed["data"]["message"]
    assert failed["data"]["metrics"] is None
    assert failed["data"]["audit"]["status"] == "failed"
    assert failed["data"]["audit"]["error"] == failed["data"]["message"]
    world.tenant.clear_faults()
    _an_hour_later(world)
    _assert_whole(world, body)


def test_a_page_token_that_has_run_out_lets_the_next_try_begin_at_the_first_page(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    assert world.pull(body, seconds=7.9) is not None
    [item] = world.items("spring")
    stale = item["position"] | {"token": "c3RhbGU="}
    world.table.update(Key(item["pk"], item["sk"]), "SET #position = :stale", {":stale": stale})
    assert world.pull(body) is None
    [failed] = world.facts("outcomes.pull_failed")
    assert failed["data"]["reason"] == "invalid_request"
    assert failed["data"]["field"] == "nextPageToken"
    _an_hour_later(world)
    _assert_whole(world, body)


def test_a_campaign_that_cxone_does_not_know_fails_its_pull(pulls: MakePulls) -> None:
    world = pulls()
    world.register("spring", enabled=False)
    world.ask("spring", hours_ago(world.clock, 4), hours_ago(world.clock, 3))
    world.work_off()
    [failed] = world.facts("outcomes.pull_failed")
    assert failed["data"]["reason"] == "not_found"
    assert failed["data"]["field"] in (None, "campaignId")


def test_a_missing_scope_is_named(pulls: MakePulls) -> None:
    client = {"client_id": "bridge", "client_secret": "s", "scopes": ["outbound:campaign:read"]}
    world = pulls(SPRING, clients=[client])
    body = _asked(world)
    world.work_off([body])
    [failed] = world.facts("outcomes.pull_failed")
    assert "outbound:call:read" in failed["data"]["message"]


def test_the_download_success_rate_counts_tries_and_runs_that_failed(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"part_records": 1})
    body = _asked(world)
    world.tenant.add_fault({"status": 503}, path="/calls", nth=2, times=1)
    with fail_once("PutObject", nth=4):
        world.work_off([body])
    [fact] = world.facts("outcomes.pulled")
    pages = fact["data"]["pages"]
    assert fact["data"]["metrics"]["download_success_rate"] == round(100 * pages / (pages + 2), 2)


@pytest.mark.parametrize(
    ("operation", "nth"),
    [
        ("PutObject", 1),
        ("PutObject", 3),
        ("TransactWriteItems", 2),
        ("UpdateItem", 1),
        ("GetItem", 1),
        ("Query", 1),
        ("PutEvents", 1),
    ],
)
def test_aws_failing_once_only_delays_a_pull(pulls: MakePulls, operation: str, nth: int) -> None:
    world = pulls(SPRING, settings={"part_records": 1})
    body = _asked(world)
    with fail_once(operation, nth):
        world.work_off([body])
    _assert_whole(world, body)


def test_an_outage_of_aws_is_for_later_and_no_bug(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    with fail_once("UpdateItem", 1):
        later = world.pull(body)
    assert isinstance(later, TryLater)
    assert later.seconds == 30


def test_settings_that_are_broken_interrupt_a_pull_until_they_are_repaired(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    body = _asked(world)
    name = "/outbound/config/cxone"
    good = world.aws.ssm.get_parameter(Name=name)["Parameter"]["Value"]
    world.aws.ssm.put_parameter(Name=name, Type="String", Overwrite=True, Value=json.dumps({"surfaces": 7}))
    world.start_afresh()
    later = world.pull(body)
    assert later is not None
    assert later.reason == "ConfigurationError"
    world.aws.ssm.put_parameter(Name=name, Type="String", Overwrite=True, Value=good)
    world.start_afresh()
    world.work_off([body])
    _assert_whole(world, body)
