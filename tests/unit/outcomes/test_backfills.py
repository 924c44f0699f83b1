"""Requests for pulls: backfills plan what is missing, refreshes pull again in place, and each counts once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from disturbing import fail_once

from outbound.clock import parse_time
from outbound.outcomes.windows import Window
from sandbox.world import expected_ids
from worlds.outcomes import MakePulls, PullWorld, hours_ago

SPRING = {"id": "spring", "calls": 600, "from": -10, "to": -1, "agents": 3}


def _windows(world: PullWorld) -> list[Window]:
    return [Window(job.start, job.end) for job in world.job_list("spring")]


def _ids(world: PullWorld) -> Counter[str]:
    return Counter(row["id"] for row in world.rows())


def _expected(world: PullWorld, start: float, end: float) -> Counter[str]:
    moments = hours_ago(world.clock, start), hours_ago(world.clock, end)
    return Counter(expected_ids(world.tenant.world, "spring", *moments))


def test_a_backfill_plans_only_what_has_no_job(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"longest_window_hours": 24})
    world.register("spring", enabled=False)
    world.ask("spring", hours_ago(world.clock, 4), hours_ago(world.clock, 3))
    world.ask("spring", hours_ago(world.clock, 5), hours_ago(world.clock, 2))
    lengths = sum(((window.end - window.start) for window in _windows(world)), timedelta())
    assert lengths == timedelta(hours=3)
    world.work_off()
    assert _ids(world) == _expected(world, 5, 2)


def test_a_backfill_leaves_the_watermark_where_it_is(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", start=hours_ago(world.clock, 3))
    world.ask("spring", hours_ago(world.clock, 9), hours_ago(world.clock, 8))
    campaign = world.registry.get("spring")
    assert campaign is not None
    assert campaign.planned_until is None
    world.tick()
    assert _windows(world)[-1].end == world.clock.now() - timedelta(minutes=5)


def test_a_backfill_of_calls_that_are_not_settled_is_pulled_once_they_are(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", enabled=False)
    world.settings = world.settings.model_copy(update={"settling_seconds": 3600})
    world.ask("spring", hours_ago(world.clock, 0.5), world.clock.now())
    assert world.messages() == []
    world.clock.advance(minutes=59)
    world.sweep()
    assert world.messages() == []
    world.clock.advance(minutes=1)
    world.sweep()
    assert len(world.messages()) == 1


def test_a_backfill_that_begins_before_the_retention_is_clamped_and_its_gap_reported(
    pulls: MakePulls,
) -> None:
    world = pulls(SPRING, settings={"retention_days": 1})
    world.register("spring", enabled=False)
    start = hours_ago(world.clock, 30)
    world.ask("spring", start, hours_ago(world.clock, 20), "request-1")
    world.ask("spring", start, hours_ago(world.clock, 20), "request-1")
    lost = world.facts("outcomes.coverage_lost")
    assert len({event["event_id"] for event in lost}) == 1
    assert parse_time(lost[0]["data"]["start"]) == start
    assert parse_time(lost[0]["data"]["end"]) == _windows(world)[0].start


def test_a_backfill_in_several_transactions_reports_its_gap_once(
    pulls: MakePulls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbound.outcomes.planner._MAX_JOBS_A_STEP", 2)
    world = pulls(SPRING, settings={"retention_days": 1, "longest_window_hours": 2})
    world.register("spring", enabled=False)
    world.ask("spring", hours_ago(world.clock, 30), hours_ago(world.clock, 10))
    assert len(_windows(world)) > 4
    assert len(world.facts("outcomes.coverage_lost")) == 1


def test_a_refresh_pulls_the_same_windows_again_in_place(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", page_size=50, enabled=False)
    window = hours_ago(world.clock, 4), hours_ago(world.clock, 2)
    world.ask("spring", *window)
    world.work_off()
    before, [first] = set(world.aws.objects("LAKE_BUCKET", "outcomes/")), world.facts("outcomes.pulled")
    world.ask("spring", *window, refresh=True)
    world.work_off()
    [second] = world.facts("outcomes.pulled")
    assert set(world.aws.objects("LAKE_BUCKET", "outcomes/")) == before
    assert _ids(world) == _expected(world, 4, 2)
    assert second["event_id"] != first["event_id"]
    assert second["data"]["metrics"]["total_records"] == first["data"]["metrics"]["total_records"]
    assert second["data"]["audit"]["compliance_hash"] == first["data"]["audit"]["compliance_hash"]


def test_a_refresh_of_a_part_of_a_window_pulls_the_whole_window_again(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", enabled=False)
    world.ask("spring", hours_ago(world.clock, 5), hours_ago(world.clock, 2))
    world.work_off()
    world.ask("spring", hours_ago(world.clock, 4), hours_ago(world.clock, 3), refresh=True)
    world.work_off()
    assert [job.generation for job in world.job_list("spring")] == [2]
    assert _ids(world) == _expected(world, 5, 2)


def test_a_refresh_with_fewer_pages_removes_the_parts_that_are_left_over(pulls: MakePulls) -> None:
    world = pulls({**SPRING, "bad": {"end_before_start": 0.2}}, settings={"part_records": 1})
    world.register("spring", page_size=20, enabled=False)
    window = hours_ago(world.clock, 4), hours_ago(world.clock, 2)
    world.ask("spring", *window)
    world.work_off()
    many = len(world.aws.objects("LAKE_BUCKET", "outcomes/"))
    [first] = world.facts("outcomes.pulled")
    world.register("spring", page_size=1000, enabled=False)
    world.ask("spring", *window, refresh=True)
    world.work_off()
    [second] = world.facts("outcomes.pulled")
    assert many > 3
    assert len(world.aws.objects("LAKE_BUCKET", "outcomes/")) == 1
    assert len(world.aws.objects("LAKE_BUCKET", "set-aside/")) == 1
    assert _ids(world) == _expected(world, 4, 2)
    for name in ("total_records", "conversion_rate", "summary"):
        assert second["data"]["metrics"][name] == first["data"]["metrics"][name]
    assert second["data"]["set_aside"] == first["data"]["set_aside"]


def test_a_page_that_is_empty_when_pulled_again_leaves_no_rows_behind(pulls: MakePulls) -> None:
    world = pulls({**SPRING, "calls": 10, "from": -3.5, "to": -3})
    world.register("spring", enabled=False)
    window = hours_ago(world.clock, 4), hours_ago(world.clock, 2)
    world.ask("spring", *window)
    world.work_off()
    assert len(world.rows()) == 10
    world.tenant.add_fault({"set_fields": {"calls": []}}, path="/calls")
    world.ask("spring", *window, refresh=True)
    world.work_off()
    assert world.aws.objects("LAKE_BUCKET", "outcomes/") == {}
    assert world.facts("outcomes.pulled")[-1]["data"]["metrics"]["total_records"] == 0


def test_a_request_that_arrives_twice_pulls_once(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", enabled=False)
    window = hours_ago(world.clock, 4), hours_ago(world.clock, 2)
    world.ask("spring", *window)
    world.work_off()
    for _ in range(2):
        world.ask("spring", *window, request_id="again", refresh=True)
        world.work_off()
    assert {job.generation for job in world.job_list("spring")} == {2}
    assert len(world.facts("outcomes.pulled")) == 2 * len(world.job_list("spring"))


def test_a_refresh_whose_job_still_owes_its_fact_is_not_forgotten(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", enabled=False)
    window = hours_ago(world.clock, 4), hours_ago(world.clock, 3)
    world.ask("spring", *window)
    [body] = world.messages()
    with fail_once("PutEvents"):
        assert world.pull(body) is not None
    assert world.facts("outcomes.pulled") == []
    world.ask("spring", *window, refresh=True)
    world.work_off()
    assert {job.generation for job in world.job_list("spring")} == {2}
    assert len(world.facts("outcomes.pulled")) == 2


def test_a_refresh_keeps_what_cxone_no_longer_has(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"retention_days": 1, "longest_window_hours": 2})
    world.register("spring", enabled=False)
    window = hours_ago(world.clock, 5), hours_ago(world.clock, 2)
    world.ask("spring", *window)
    world.work_off()
    pulled = _ids(world)
    world.facts()
    world.clock.advance(hours=20.5)
    world.ask("spring", *window, refresh=True)
    world.work_off()
    assert _ids(world) == pulled
    again = [job for job in world.job_list("spring") if job.generation == 2]
    assert all(job.start >= hours_ago(world.clock, 24) for job in again)


def test_a_refresh_that_comes_too_late_ends_without_touching_what_there_is(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"retention_days": 1})
    world.register("spring", enabled=False)
    world.ask("spring", hours_ago(world.clock, 5), hours_ago(world.clock, 4))
    world.work_off()
    pulled = _ids(world)
    world.ask("spring", hours_ago(world.clock, 5), hours_ago(world.clock, 4), refresh=True)
    world.facts()
    world.clock.advance(hours=19.5)
    world.work_off()
    [failed] = world.facts("outcomes.pull_failed")
    assert failed["data"]["reason"] == "out_of_retention"
    assert _ids(world) == pulled
    assert {job.status for job in world.job_list("spring")} == {"completed"}


def test_a_request_tries_failed_jobs_again(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", enabled=False)
    world.tenant.add_fault({"status": 404, "json": {"message": "no such campaign"}}, path="/calls")
    window = hours_ago(world.clock, 4), hours_ago(world.clock, 3)
    world.ask("spring", *window)
    world.work_off()
    assert {job.status for job in world.job_list("spring")} == {"failed"}
    world.ask("spring", *window)
    world.work_off()
    assert {job.status for job in world.job_list("spring")} == {"completed"}
    assert _ids(world) == _expected(world, 4, 3)
