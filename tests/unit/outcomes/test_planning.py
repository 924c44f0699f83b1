"""Planning: which windows get a job, when it is sent, and what is said of what can no longer be pulled."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from disturbing import fail_once

from outbound.clock import format_time, parse_time
from outbound.outcomes.windows import Window, uncovered
from outbound.queues import TryLater
from worlds.outcomes import MakePulls, PullWorld, hours_ago

SPRING = {"id": "spring", "calls": 0, "from": -10, "to": -1}
SETTLING = timedelta(seconds=300)


def _windows(world: PullWorld, campaign_id: str = "spring") -> list[Window]:
    return [Window(job.start, job.end) for job in world.job_list(campaign_id)]


def _assert_whole(world: PullWorld, start: Any, end: Any, campaign_id: str = "spring") -> None:
    windows = _windows(world, campaign_id)
    assert (windows[0].start, windows[-1].end) == (start, end)
    assert all(one.end == other.start for one, other in pairwise(windows))


def test_the_first_window_starts_where_the_registration_says(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    start = hours_ago(world.clock, 30)
    world.register("spring", start=start)
    world.tick()
    _assert_whole(world, start, world.clock.now() - SETTLING)


def test_without_a_start_the_first_window_starts_seven_days_ago(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring")
    world.tick()
    _assert_whole(world, hours_ago(world.clock, 7 * 24), world.clock.now() - SETTLING)


def test_a_campaign_that_starts_later_is_not_planned_yet(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", start=hours_ago(world.clock, -2))
    world.tick()
    assert _windows(world) == []
    world.clock.advance(hours=3)
    world.tick()
    assert _windows(world) == [Window(hours_ago(world.clock, 1), world.clock.now() - SETTLING)]


def test_jobs_are_cut_at_utc_midnight_and_at_the_longest_window(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"longest_window_hours": 5})
    world.register("spring", start=hours_ago(world.clock, 60))
    world.tick()
    for window in _windows(world):
        assert window.end - window.start <= timedelta(hours=5)
        assert window.start.date() == (window.end - timedelta(seconds=1)).date()


def test_a_start_before_the_retention_is_clamped_and_the_gap_reported_once(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"longest_window_hours": 24})
    start = hours_ago(world.clock, 100 * 24)
    world.register("spring", start=start)
    world.tick()
    world.clock.advance(minutes=15)
    world.tick()
    world.sweep()
    lost = world.facts("outcomes.coverage_lost")
    assert len(lost) == 1
    first = _windows(world)[0].start
    assert lost[0]["data"] == {
        "campaign_id": "spring",
        "start": format_time(start),
        "end": format_time(first),
    }


@pytest.mark.slow
def test_more_windows_than_a_transaction_takes_are_planned_whole_and_their_gap_reported_once(
    pulls: MakePulls,
) -> None:
    world = pulls(SPRING, settings={"longest_window_hours": 0.4, "retention_days": 2})
    world.register("spring", start=hours_ago(world.clock, 3 * 24))
    world.tick()
    assert len(world.job_list("spring")) > 99
    [lost] = world.facts("outcomes.coverage_lost")
    _assert_whole(world, parse_time(lost["data"]["end"]), world.clock.now() - SETTLING)
    assert len(world.messages()) == len(world.job_list("spring"))


def test_what_was_pulled_before_it_aged_is_not_reported_as_lost(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"longest_window_hours": 24, "retention_days": 5, "first_window_days": 1})
    world.register("spring", start=hours_ago(world.clock, 4 * 24))
    world.ask("spring", hours_ago(world.clock, 4 * 24), hours_ago(world.clock, 2 * 24))
    world.clock.advance(days=2)
    world.tick()
    assert world.facts("outcomes.coverage_lost") == []


def test_windows_follow_each_other_from_tick_to_tick(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    start = hours_ago(world.clock, 3)
    world.register("spring", start=start)
    for _ in range(5):
        world.tick()
        world.clock.advance(minutes=15, seconds=7)
    _assert_whole(world, start, world.clock.now() - SETTLING - timedelta(minutes=15, seconds=7))


def test_a_disabled_campaign_is_left_out_and_caught_up_when_enabled(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    start = hours_ago(world.clock, 3)
    world.register("spring", start=start, enabled=False)
    world.tick()
    assert _windows(world) == []
    world.register("spring", start=start, enabled=True)
    world.tick()
    _assert_whole(world, start, world.clock.now() - SETTLING)


def test_the_jobs_of_a_tick_are_spread_over_the_interval(pulls: MakePulls) -> None:
    world = pulls(settings={"spread_seconds": 600})
    for number in range(4):
        world.register(f"c{number}", start=hours_ago(world.clock, 1))
    world.aws.drain("pull-outcomes")
    sent = _delays(world, world.tick)
    assert sorted(sent) == [0, 150, 300, 450]


def _delays(world: PullWorld, act: Any) -> list[int]:
    found: list[int] = []
    event = "provide-client-params.sqs.SendMessageBatch"

    def note(params: Any, **_: Any) -> None:
        found.extend(entry["DelaySeconds"] for entry in params["Entries"])

    # The client is every test's: the next test must not be listened to.
    world.aws.sqs.meta.events.register(event, note)
    try:
        act()
    finally:
        world.aws.sqs.meta.events.unregister(event, note)
    return found


def test_each_job_is_sent_once(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", start=hours_ago(world.clock, 40))
    world.tick()
    world.sweep()
    sent = [json.loads(body)["job_id"] for body in world.messages()]
    assert sorted(sent) == sorted(job.job_id for job in world.job_list("spring"))


def test_a_lost_message_is_sent_again(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", start=hours_ago(world.clock, 4))
    world.tick()
    lost = world.messages()
    world.clock.advance(hours=5)
    world.sweep()
    assert world.messages() == []
    world.clock.advance(hours=2)
    world.sweep()
    assert sorted(world.messages()) == sorted(lost)


@pytest.mark.parametrize("refused", ["wholly", "in part"])
def test_jobs_that_the_queue_refuses_stay_due_and_the_sweep_sends_them(
    pulls: MakePulls, refused: str
) -> None:
    world = pulls(SPRING)
    world.register("spring", start=hours_ago(world.clock, 40))
    with fail_once("SendMessageBatch", in_part=refused == "in part"):
        if refused == "wholly":
            with pytest.raises(TryLater):
                world.tick()
        else:
            world.tick()
    jobs = world.job_list("spring")
    missing = 1 if refused == "in part" else len(jobs)
    assert sum(job.status == "planned" for job in jobs) == missing
    world.clock.advance(minutes=1)
    world.sweep()
    sent = [json.loads(body)["job_id"] for body in world.messages()]
    assert sorted(sent) == sorted(job.job_id for job in jobs)


def test_a_campaign_that_cannot_be_planned_holds_up_no_other(pulls: MakePulls) -> None:
    world = pulls()
    for campaign_id in ("a", "b", "c"):
        world.register(campaign_id, start=hours_ago(world.clock, 1))
    with fail_once("TransactWriteItems", nth=2), pytest.raises(TryLater, match="1 of 3"):
        world.tick()
    assert [len(world.job_list(one)) > 0 for one in ("a", "b", "c")] == [True, False, True]
    world.tick()
    assert len(world.job_list("b")) > 0


def test_the_pull_lag_is_the_age_of_the_oldest_call_that_is_not_pulled(
    pulls: MakePulls, measured: dict[str, list[float]]
) -> None:
    world = pulls({"id": "spring", "calls": 10, "from": -4, "to": -3})
    world.register("spring", start=hours_ago(world.clock, 4))
    world.tick()
    assert measured["PullLagSeconds"][-1] == 4 * 3600
    world.work_off()
    world.tick()
    assert measured["PullLagSeconds"][-1] == SETTLING.total_seconds()


def test_a_disabled_campaign_and_a_backfill_make_no_lag(
    pulls: MakePulls, measured: dict[str, list[float]]
) -> None:
    world = pulls(SPRING)
    world.register("spring", start=hours_ago(world.clock, 1), enabled=False)
    world.ask("spring", hours_ago(world.clock, 50), hours_ago(world.clock, 40))
    world.tick()
    assert measured["PullLagSeconds"] == [0.0]


def test_covered_windows_and_gaps_are_visible(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", enabled=False)
    asked = [(50, 48), (47, 46)]
    for start, end in asked:
        world.ask("spring", hours_ago(world.clock, start), hours_ago(world.clock, end))
    whole = Window(hours_ago(world.clock, 50), hours_ago(world.clock, 46))
    assert list(uncovered(whole, _windows(world))) == [
        Window(hours_ago(world.clock, 48), hours_ago(world.clock, 47))
    ]


def test_the_watermark_is_where_the_last_job_ends(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", start=hours_ago(world.clock, 4))
    world.tick()
    campaign = world.registry.get("spring")
    assert campaign is not None
    assert campaign.planned_until == world.job_list("spring")[-1].end


def test_a_start_with_fractions_makes_windows_in_whole_seconds(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    world.register("spring", start=hours_ago(world.clock, 4) + timedelta(microseconds=123456))
    world.tick()
    first = world.items("spring")[0]
    assert parse_time(first["start"]).microsecond == 0
