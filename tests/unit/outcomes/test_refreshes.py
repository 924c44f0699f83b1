"""A window that is pulled again: what is good stays until all of what replaces it is there."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from disturbing import before_calls

from outbound.cli.outcomes import _row
from outbound.clock import format_time
from sandbox.world import expected_ids
from worlds.outcomes import MakePulls, PullWorld, hours_ago

SPRING = {"id": "spring", "calls": 300, "from": -4, "to": -3, "agents": 3, "bad": {"end_before_start": 0.1}}

# Whatever CXone may answer when it is asked again; the second request of the refresh meets it, for ever.
ANSWERS: dict[str, dict[str, Any]] = {
    "400": {"status": 400, "json": {"message": "is odd", "field": "nextPageToken"}},
    "401": {"status": 401},
    "403": {"status": 403, "json": {"message": "no"}},
    "404": {"status": 404, "json": {"message": "no such campaign"}},
    "409": {"status": 409},
    "429": {"status": 429, "headers": {"Retry-After": "2"}},
    "500": {"status": 500},
    "503": {"status": 503},
    "520": {"status": 520},
    "a redirect": {"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}},
    "a list": {"json": []},
    "no calls": {"json": {"items": []}},
    "no JSON": {"body": '{"calls": ['},
    "a token that is no text": {"set_fields": {"nextPageToken": 7}},
    "a token without end": {"set_fields": {"nextPageToken": "x" * 5000}},
    "a token that repeats": {"repeat_page_token": True},
    "cut in the body": {"cut": "body"},
}


@pytest.fixture
def world(pulls: MakePulls) -> PullWorld:
    """A world whose one window is pulled, in several parts of a page each."""
    world = pulls(SPRING, settings={"max_failures": 2, "part_records": 1})
    world.register("spring", page_size=50, enabled=False)
    _ask(world, refresh=False)
    world.work_off()
    world.facts()
    return world


def _ask(world: PullWorld, **more: Any) -> None:
    world.ask("spring", *_window(world), **{"refresh": True, **more})


def _window(world: PullWorld) -> tuple[Any, Any]:
    """The window from four to three hours before the first of all clocks' presents."""
    jobs = world.job_list("spring")
    if jobs:
        return jobs[0].start, jobs[0].end
    return hours_ago(world.clock, 4), hours_ago(world.clock, 3)


def _lake(world: PullWorld) -> dict[str, bytes]:
    prefixes = ("outcomes/", "set-aside/", "manifests/")
    return {
        key: body for prefix in prefixes for key, body in world.aws.objects("LAKE_BUCKET", prefix).items()
    }


def _ids(world: PullWorld) -> Counter[str]:
    return Counter(row["id"] for row in world.rows())


def _expected(world: PullWorld) -> Counter[str]:
    return Counter(expected_ids(world.tenant.world, "spring", *_window(world)))


def _call(world: PullWorld, call_id: str, **more: Any) -> dict[str, Any]:
    """A call in the middle of the window."""
    start, end = _window(world)
    moment = format_time(start + (end - start) / 2)
    record = {
        "id": call_id,
        "campaignId": "spring",
        "dispositionCode": "CONVERTED",
        "startTime": moment,
        "endTime": moment,
        "direction": "OUTBOUND",
        **more,
    }
    world.tenant.add_call("spring", record)
    return record


def _shown(world: PullWorld) -> dict[str, Any]:
    [job] = world.job_list("spring")
    return _row(job, world.clock.now())


@pytest.mark.slow
@pytest.mark.parametrize("nth", [1, 3])
@pytest.mark.parametrize("action", ANSWERS.values(), ids=ANSWERS)
def test_a_refresh_that_fails_leaves_what_there_is(
    world: PullWorld, action: dict[str, Any], nth: int
) -> None:
    before, shown = _lake(world), _shown(world)
    world.tenant.add_fault(action, path="/calls", nth=nth, times=None)
    _ask(world)
    bodies = world.messages()
    for _ in range(6):
        for body in bodies:
            if later := world.pull(body):
                world.clock.advance(seconds=max(later.seconds, 0))
    assert _lake(world) == before
    again = _shown(world)
    for name in ("state", "records", "pages"):
        assert again[name] == shown[name], "half of the new generation is shown"

    world.tenant.clear_faults()
    _call(world, "late")
    world.work_off(bodies)
    for _ in range(3):
        world.clock.advance(hours=1)
        world.sweep()
        world.work_off()
    assert _ids(world) == _expected(world) + Counter(["late"])
    assert world.aws.objects("LAKE_BUCKET", "staged/") == {}
    assert _shown(world)["again"] is None


@pytest.mark.slow
def test_nobody_sees_half_of_a_refresh(world: PullWorld) -> None:
    before, shown = _lake(world), _shown(world)
    _call(world, "late")
    _ask(world)
    [body] = world.messages()
    while (later := world.pull(body, seconds=7.9)) is not None:
        [job] = world.job_list("spring")
        if job.switch is not None:
            break
        assert later.seconds == 0
        assert _lake(world) == before
        again = _shown(world)
        assert {**again, "again": None} == shown
        assert again["again"] == "running"
    world.work_off([body])
    assert _ids(world)["late"] == 1


def test_a_window_of_one_page_is_switched_by_one_copy(pulls: MakePulls) -> None:
    """A reader by prefix sees either generation, never both and never none."""
    world = pulls({**SPRING, "bad": {}})
    world.register("spring", page_size=1000, enabled=False)
    _ask(world, refresh=False)
    world.work_off()
    old = _ids(world)
    _call(world, "late")
    _ask(world)
    [body] = world.messages()
    seen = []

    def look(operation: str, parameters: Any) -> None:
        if operation in ("CopyObject", "PutObject", "DeleteObjects", "UpdateItem", "TransactWriteItems"):
            seen.append(_ids(world))

    with before_calls(look):
        world.pull(body)
    assert len(seen) > 4
    assert all(ids in (old, old + Counter(["late"])) for ids in seen)
    assert _ids(world) == old + Counter(["late"])


def test_a_refresh_says_what_it_changed(world: PullWorld, measured: dict[str, list[float]]) -> None:
    _call(world, "late")
    _ask(world)
    world.work_off()
    [fact] = world.facts("outcomes.pulled")
    assert fact["data"]["changes"] == {"added": 1, "changed": 0, "removed": 0, "set_aside": 0}
    assert fact["data"]["generation"] == 2
    assert measured["OutcomesChanged"] == [1]
    _ask(world)
    world.work_off()
    [fact] = world.facts("outcomes.pulled")
    assert set(fact["data"]["changes"].values()) == {0}


def test_the_manifest_is_of_the_generation_that_the_lake_has(world: PullWorld) -> None:
    _call(world, "late")
    _ask(world)
    world.work_off()
    [fact] = world.facts("outcomes.pulled")
    manifest = json.loads(world.aws.objects("LAKE_BUCKET", "manifests/")[fact["data"]["manifest"]])
    assert manifest["generation"] == 2
    assert sum(part["records"] for part in manifest["parts"]) == len(world.rows())
    assert {part["key"] for part in manifest["parts"]} == set(world.aws.objects("LAKE_BUCKET", "outcomes/"))


def test_a_manifest_that_is_gone_does_not_stop_a_refresh(world: PullWorld) -> None:
    [key] = world.aws.objects("LAKE_BUCKET", "manifests/")
    world.lake.remove([key])
    _call(world, "late")
    _ask(world)
    world.work_off()
    [fact] = world.facts("outcomes.pulled")
    assert fact["data"]["changes"] is None
    assert _ids(world) == _expected(world) + Counter(["late"])


def test_each_request_pulls_once_whatever_was_asked_for_in_between(world: PullWorld) -> None:
    for request_id in ("a", "b", "a", "b", "a"):
        _ask(world, request_id=request_id)
        world.work_off()
    [job] = world.job_list("spring")
    assert job.generation == 3
    assert len(world.facts("outcomes.pulled")) == 2


def test_a_request_that_planned_a_window_does_not_pull_it_again(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", enabled=False)
    for request_id in ("a", "b", "a"):
        _ask(world, request_id=request_id)
        world.work_off()
    assert [job.generation for job in world.job_list("spring")] == [2]


def test_a_switch_that_was_begun_is_finished_whatever_happened_to_the_campaign(world: PullWorld) -> None:
    _call(world, "late")
    _ask(world)
    [body] = world.messages()
    copies = 0

    def cut(operation: str, parameters: Any) -> None:
        nonlocal copies
        copies += operation == "CopyObject"
        if copies == 3:
            raise KeyboardInterrupt

    with before_calls(cut), pytest.raises(KeyboardInterrupt):
        world.pull(body)
    world.aws.delete(world.registry.key("spring"))
    world.start_afresh()
    world.clock.advance(minutes=5)
    world.sweep()
    world.work_off()
    assert _ids(world) == _expected(world) + Counter(["late"])
    assert len(world.facts("outcomes.pulled")) == 1
