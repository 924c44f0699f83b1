"""Windows that grow old while they wait: what CXone still has is pulled, what it no longer has is said."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from disturbing import calls_of

from outbound.clock import format_time
from worlds.outcomes import MakePulls, PullWorld, hours_ago

SPRING = {"id": "spring", "calls": 2_000, "from": -10, "to": -1, "agents": 7}


def _asked(world: PullWorld) -> str:
    """Register and ask for the window from four to three hours ago; give its message."""
    world.register("spring", page_size=50, enabled=False)
    world.ask("spring", hours_ago(world.clock, 4), hours_ago(world.clock, 3))
    [body] = world.messages()
    return body


def test_a_window_that_begins_to_age_while_it_waits_is_pulled_from_where_cxone_still_has_it(
    pulls: MakePulls,
) -> None:
    world = pulls(SPRING, settings={"retention_days": 1, "longest_window_hours": 24})
    world.register("spring", enabled=False)
    start = hours_ago(world.clock, 5)
    world.ask("spring", start, hours_ago(world.clock, 4))
    [body] = world.messages()
    world.clock.advance(hours=19.5)
    world.pull(body)
    since = hours_ago(world.clock, 24) + timedelta(seconds=1)
    [lost] = world.facts("outcomes.coverage_lost")
    assert lost["data"]["start"] == format_time(start)
    assert lost["data"]["end"] == format_time(since)
    rows = world.rows()
    assert rows
    assert min(row["start_time"] for row in rows) >= format_time(since)


def test_a_pull_that_was_begun_in_time_is_read_to_its_end_though_its_window_ages(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"retention_days": 1})
    body = _asked(world)
    assert world.pull(body, seconds=7.9) is not None
    world.clock.advance(hours=20.5)
    assert world.pull(body) is None
    assert Counter(row["id"] for row in world.rows()) == calls_of(world, body)


def test_a_window_that_cxone_no_longer_has_is_lost_for_good_and_said_so(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"retention_days": 1})
    body = _asked(world)
    world.clock.advance(hours=22)
    world.pull(body)
    [failed] = world.facts("outcomes.pull_failed")
    [job] = world.job_list("spring")
    assert (failed["data"]["reason"], failed["data"]["again_at"]) == ("out_of_retention", None)
    assert job.status == "lost"
    world.clock.advance(hours=48)
    world.sweep()
    assert world.messages() == []
    assert world.pull(body) is None


def test_a_lost_window_is_reported_as_lost_coverage(pulls: MakePulls) -> None:
    world = pulls(SPRING, settings={"retention_days": 1})
    body = _asked(world)
    [job] = world.job_list("spring")
    world.clock.advance(hours=22)
    world.pull(body)
    [lost] = world.facts("outcomes.coverage_lost")
    assert (lost["data"]["start"], lost["data"]["end"]) == (format_time(job.start), format_time(job.end))
