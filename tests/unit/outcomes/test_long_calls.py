"""Calls that were under way when their window was pulled: found when they must have ended, quietly."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from outbound.cli.outcomes import _gap_rows, _row
from outbound.clock import format_time
from outbound.outcomes.job import Job
from outbound.outcomes.leased_jobs import LeasedJobs
from outbound.outcomes.windows import Window
from sandbox.world import expected_ids
from worlds.outcomes import MakePulls, PullWorld, hours_ago

SPRING = {"id": "spring", "calls": 200, "from": -4, "to": -1, "agents": 3}
CALLS = "GET /api/v2/outbound/calls"


@pytest.fixture
def world(pulls: MakePulls) -> PullWorld:
    """A world whose one window, which ended an hour ago, is pulled."""
    return _pulled(pulls(SPRING))


def _pulled(world: PullWorld) -> PullWorld:
    world.register("spring", page_size=50, enabled=False)
    world.ask("spring", hours_ago(world.clock, 2), hours_ago(world.clock, 1))
    world.work_off()
    world.facts()
    return world


def _call(world: PullWorld, **more: Any) -> None:
    [job] = world.job_list("spring")
    record = {
        "id": "long",
        "campaignId": "spring",
        "dispositionCode": "CONVERTED",
        "startTime": format_time(job.start + timedelta(minutes=30)),
        "direction": "OUTBOUND",
        **more,
    }
    world.tenant.add_call("spring", record)


def _later(world: PullWorld, hours: float) -> None:
    world.clock.advance(hours=hours)
    world.sweep()
    world.work_off()


def _shown(world: PullWorld, job: Job) -> dict[str, Any]:
    return _row(job, world.clock.now())


def _ids(world: PullWorld) -> Counter[str]:
    return Counter(row["id"] for row in world.rows())


def _expected(world: PullWorld) -> Counter[str]:
    [job] = world.job_list("spring")
    return Counter(expected_ids(world.tenant.world, "spring", job.start, job.end))


def test_a_call_that_appears_when_it_has_ended_is_found_and_told(
    world: PullWorld, measured: dict[str, list[float]]
) -> None:
    _call(world)
    asked = world.tenant.stats().count(CALLS)
    _later(world, 3)
    assert world.tenant.stats().count(CALLS) == asked, "four hours and the settling time after the window"
    _later(world, 0.25)
    assert _ids(world) == _expected(world) + Counter(["long"])
    [fact] = world.facts("outcomes.pulled")
    assert fact["data"]["changes"] == {"added": 1, "changed": 0, "removed": 0, "set_aside": 0}
    assert fact["data"]["metrics"]["total_records"] == _ids(world).total()
    assert measured["OutcomesChanged"] == [1]


def test_where_nothing_changed_nobody_is_told_and_nothing_is_written(
    world: PullWorld, measured: dict[str, list[float]]
) -> None:
    before = {prefix: world.aws.objects("LAKE_BUCKET", prefix) for prefix in ("outcomes/", "manifests/")}
    [job] = world.job_list("spring")
    shown = _shown(world, job)
    asked = world.tenant.stats().count(CALLS)
    _later(world, 3.25)
    assert world.tenant.stats().count(CALLS) > asked
    assert world.facts() == []
    for prefix, objects in before.items():
        assert world.aws.objects("LAKE_BUCKET", prefix) == objects
    assert world.aws.objects("LAKE_BUCKET", "staged/") == {}
    [job] = world.job_list("spring")
    assert _shown(world, job) == shown
    assert measured["OutcomesChanged"] == [0]
    assert measured["ConversionRate"] == []


def test_a_window_is_looked_at_once_more_and_not_for_ever(world: PullWorld) -> None:
    _call(world)
    _later(world, 3.25)
    asked = world.tenant.stats().count(CALLS)
    for _ in range(5):
        _later(world, 5)
    assert world.tenant.stats().count(CALLS) == asked


def test_a_call_under_way_is_not_set_aside_for_good(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", page_size=50, enabled=False)
    world.ask("spring", hours_ago(world.clock, 2), hours_ago(world.clock, 1))
    _call(world, dispositionCode=None)
    world.work_off()
    [first] = world.facts("outcomes.pulled")
    assert first["data"]["set_aside"] == {"code_missing": 1}
    world.tenant.add_fault({"set_fields": {"calls": [_ended(world)]}}, path="/calls", times=None)
    _later(world, 3.25)
    [second] = world.facts("outcomes.pulled")
    assert second["data"]["set_aside"] == {}
    assert _ids(world)["long"] == 1
    assert world.rows("set-aside/") == []


def _ended(world: PullWorld) -> dict[str, Any]:
    [job] = world.job_list("spring")
    return {
        "id": "long",
        "campaignId": "spring",
        "dispositionCode": "CONVERTED",
        "startTime": format_time(job.start + timedelta(minutes=30)),
        "direction": "OUTBOUND",
    }


def test_a_window_that_is_pulled_long_after_its_end_is_pulled_once(pulls: MakePulls) -> None:
    world = pulls({**SPRING, "from": -10, "to": -6})
    world.register("spring", enabled=False)
    world.ask("spring", hours_ago(world.clock, 9), hours_ago(world.clock, 8))
    world.work_off()
    asked = world.tenant.stats().count(CALLS)
    _later(world, 10)
    assert world.tenant.stats().count(CALLS) == asked


def test_without_long_calls_nothing_is_pulled_twice(pulls: MakePulls) -> None:
    world = _pulled(pulls(SPRING, settings={"longest_call_seconds": 0}))
    asked = world.tenant.stats().count(CALLS)
    _later(world, 10)
    assert world.tenant.stats().count(CALLS) == asked


def test_a_window_that_waits_for_its_second_pull_is_no_gap_and_no_lag(
    pulls: MakePulls, measured: dict[str, list[float]]
) -> None:
    world = pulls(SPRING)
    world.register("spring", start=hours_ago(world.clock, 1))
    world.tick()
    world.work_off()
    jobs = world.job_list("spring")
    world.clock.advance(hours=4.5)
    world.tick()
    world.work_off()
    world.sweep()
    assert [job.status for job in world.job_list("spring")].count("queued") == len(jobs)
    assert list(_gap_rows(world.job_list("spring"), Window(jobs[0].start, jobs[-1].end))) == []
    rows = [_shown(world, job) for job in world.job_list("spring")]
    assert {(row["state"], row["again"]) for row in rows} == {
        ("completed", "queued"),
        ("completed", None),
    }
    measured.clear()
    world.tick()
    [lag] = measured["PullLagSeconds"]
    assert lag == pytest.approx(300, abs=1)


def test_a_second_pull_that_fails_tells_nobody_and_comes_again(
    world: PullWorld, measured: dict[str, list[float]]
) -> None:
    before = world.aws.objects("LAKE_BUCKET", "outcomes/")
    _call(world)
    world.tenant.add_fault({"status": 404, "json": {"message": "no"}}, path="/calls", times=None)
    _later(world, 3.25)
    assert world.facts() == []
    assert world.aws.objects("LAKE_BUCKET", "outcomes/") == before
    [job] = world.job_list("spring")
    assert (_shown(world, job)["state"], _shown(world, job)["again"]) == ("completed", "failed")
    assert "404" in _shown(world, job)["reason"]
    assert sum(measured["PullsFailed"]) == 1
    world.tenant.clear_faults()
    _later(world, 1)
    assert len(world.facts("outcomes.pulled")) == 1
    assert _ids(world)["long"] == 1


def test_a_refresh_that_is_asked_for_meanwhile_is_answered(world: PullWorld) -> None:
    """The second pull takes its place, and tells what it comes to though nothing changed."""
    world.clock.advance(hours=3.25)
    world.sweep()
    [body] = world.messages()
    [job] = world.job_list("spring")
    world.ask("spring", job.start, job.end, refresh=True, request_id="request-x")
    world.work_off([body])
    world.ask("spring", job.start, job.end, refresh=True, request_id="request-x")
    world.work_off()
    [fact] = world.facts("outcomes.pulled")
    assert set(fact["data"]["changes"].values()) == {0}
    assert [job.generation for job in world.job_list("spring")] == [2]


def test_a_refresh_that_is_asked_for_while_the_second_pull_ends_is_answered(world: PullWorld) -> None:
    world.clock.advance(hours=3.25)
    world.sweep()
    [body] = world.messages()
    [job] = world.job_list("spring")
    keep = LeasedJobs.keep

    def asked_meanwhile(*arguments: Any) -> Any:
        world.ask("spring", job.start, job.end, refresh=True)
        return keep(*arguments)

    with patch.object(LeasedJobs, "keep", asked_meanwhile):
        assert world.pull(body) is not None
    world.start_afresh()
    world.clock.advance(minutes=5)
    world.work_off([body])
    assert len(world.facts("outcomes.pulled")) == 1
