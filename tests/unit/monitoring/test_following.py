"""Following: reported metrics become samples, pulled outcomes counts, and what cannot be is heard."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from faults import check_every_cut, check_every_refusal, fresh, recover, work_off_a_batch

from outbound.campaign_records.health_records import Span
from outbound.steering.abandonment import Level
from outbound.steering.health import Source
from worlds.monitoring import BACKUP, PRIMARY, MonitoringWorld

DAY = date(2026, 3, 10)


def _counts(world: MonitoringWorld, campaign_id: str = PRIMARY) -> list[tuple[str, int, int]]:
    days = world.abandoned_calls.of_campaign(campaign_id, DAY - timedelta(days=30)).days
    return [(each.source.value, each.answered, each.abandoned) for each in days]


def test_reported_metrics_become_a_sample(world: MonitoringWorld) -> None:
    assert not world.take(world.reported(totalCalls=100, successfulCalls=20))
    (sample,) = world.samples.history(PRIMARY, world.clock.now())
    assert (sample.source, sample.calls, sample.successes, sample.calls_under_way) == (
        Source.WEBHOOK,
        100,
        20,
        4,
    )
    assert sample.end - sample.start == timedelta(minutes=30)


def test_metrics_that_were_just_reported_are_not_asked_for(world: MonitoringWorld) -> None:
    world.take(world.reported())
    world.tick()
    assert ("metrics", PRIMARY) not in world.cxone.asked
    world.clock.advance(minutes=2)
    world.tick()
    assert ("metrics", PRIMARY) in world.cxone.asked


def test_a_collapse_that_is_reported_is_acted_on(world: MonitoringWorld) -> None:
    world.take(world.reported(successRate=0.01, totalCalls=300, successfulCalls=3))
    world.tick()
    assert world.cxone.states == {PRIMARY: "paused", BACKUP: "active"}


@pytest.mark.parametrize(
    "metrics",
    [
        {"successRate": 7},
        {"lastUpdated": None},
        {"lastUpdated": "2026-03-11T16:00:00Z"},
        {"totalCalls": 10, "successfulCalls": 11},
        {"lastUpdated": "0001-01-01T00:00:00Z"},
        {"successRate": 10**400},
        {"activeCalls": 10**400},
    ],
    ids=[
        "no share",
        "no time",
        "a time to come",
        "more successes than calls",
        "no age",
        "no number",
        "too many calls under way",
    ],
)
def test_metrics_that_cannot_be_are_dead_letters_and_change_nothing(
    world: MonitoringWorld, metrics: dict[str, Any]
) -> None:
    assert not world.take(world.reported(**metrics))
    assert world.dead() == 1
    assert not world.samples.history(PRIMARY, world.clock.now())


def test_counts_that_cannot_be_reckoned_with_are_not_said(world: MonitoringWorld) -> None:
    assert not world.take(world.reported(totalCalls=10**400, successfulCalls=3))
    assert world.dead() == 0
    (sample,) = world.samples.history(PRIMARY, world.clock.now())
    assert (sample.calls, sample.rate) == (None, 0.2)


def test_metrics_that_come_days_late_are_left_out(world: MonitoringWorld) -> None:
    assert not world.take(world.reported(lastUpdated="2026-03-07T16:00:00Z"))
    assert world.dead() == 0
    assert not world.samples.history(PRIMARY, world.clock.now())


def test_pulled_outcomes_are_counted(world: MonitoringWorld) -> None:
    world.take(world.pulled(CONVERTED=20, NOT_INTERESTED=70, ABANDONED=3, NO_ANSWER=500, BUSY=9))
    assert _counts(world) == [("outcomes", 93, 3)]


def test_a_pull_counts_once_and_by_its_newest_generation(world: MonitoringWorld) -> None:
    first, again = world.pulled(CONVERTED=90), world.pulled(CONVERTED=80, ABANDONED=4, generation=1)
    world.take(first, again, first, again)
    assert _counts(world) == [("outcomes", 84, 4)]


def test_a_campaign_whose_abandoned_calls_are_not_pulled_is_not_counted_as_if_it_had_none(
    world: MonitoringWorld,
) -> None:
    world.runtime.registry.register(
        PRIMARY,
        {"outcome_codes": ["CONVERTED"]},
        world.runtime.registry.revision(PRIMARY),
        world.event("campaign.registered", {}),
        world.clock.now(),
    )
    world.take(world.pulled(CONVERTED=90))
    assert _counts(world) == []


@pytest.mark.parametrize(
    "data",
    [{}, {"campaign_id": "x"}, {"campaign_id": "x", "metrics": None, "job_id": "j", "generation": 0}],
)
@pytest.mark.parametrize("event_type", ["campaign.metrics_updated", "outcomes.pulled", "archive.due"])
def test_an_event_that_says_nothing_is_refused(
    world: MonitoringWorld, event_type: str, data: dict[str, Any]
) -> None:
    assert not world.take(world.event(event_type, data))
    assert world.dead() == 1


def test_both_measures_of_the_table_are_shown(world: MonitoringWorld) -> None:
    _make_calls(world, {0: (990, 10), 30: (480, 20)})
    record = world.record()
    assert record.abandonment
    assert record.abandonment.period == Span(date(2026, 3, 31), date(2026, 4, 30), 500, 20)
    assert record.abandonment.level is Level.OVER
    assert "abandonment_over" in record.attention


def test_the_rolling_days_warn_where_the_periods_do_not(world: MonitoringWorld) -> None:
    _make_calls(world, {0: (500, 0), 15: (475, 25), 30: (490, 10)}, days=44)
    record = world.record()
    assert record.abandonment
    assert record.abandonment.period.share == 0.02
    assert record.abandonment.rolling.share == 0.035
    assert record.abandonment.level is Level.OVER


def _make_calls(world: MonitoringWorld, made: dict[int, tuple[int, int]], days: int = 44) -> None:
    """Let calls be pulled on days from 2026-03-01 on, and look at the campaign that many days later."""
    for number, (answered, abandoned) in made.items():
        day = date(2026, 3, 1) + timedelta(days=number)
        event = world.pulled(CONVERTED=answered, ABANDONED=abandoned)
        event.data["job_id"] = f"job-{number}"  # type: ignore[index]
        event.data["window"]["start"] = f"{day}T12:00:00Z"
        world.take(event)
    world.clock.advance(days=days - 9)
    world.tick()


def test_a_failover_resets_no_count(world: MonitoringWorld) -> None:
    world.take(world.pulled(CONVERTED=480, ABANDONED=20))
    world.take(world.pulled(BACKUP, CONVERTED=500))
    world.tick()
    for campaign_id in (PRIMARY, BACKUP):
        found = world.record(campaign_id).abandonment
        assert found
        assert (found.period.answered, found.period.abandoned) == (1000, 20)


def test_a_backup_that_names_nothing_counts_with_its_primary(world: MonitoringWorld) -> None:
    world.register(BACKUP, seller="", subject="")
    world.take(world.pulled(CONVERTED=96, ABANDONED=4))
    world.tick()
    found = world.record(BACKUP).abandonment
    assert found
    assert found.period.abandoned == 4


def test_another_name_for_the_offer_takes_nothing_away_from_the_old_one(world: MonitoringWorld) -> None:
    world.take(world.pulled(CONVERTED=96, ABANDONED=4))
    world.tick()
    world.register(PRIMARY, backup_campaign_id=BACKUP, subject="upgrades")
    world.clock.advance(minutes=1)
    world.tick()
    for campaign_id in (PRIMARY, BACKUP):
        found = world.record(campaign_id).abandonment
        assert found
        assert found.period.abandoned == 4


def test_metrics_that_name_counts_are_counted_once(world: MonitoringWorld) -> None:
    for _ in range(60):
        world.clock.advance(minutes=1)
        world.measured(PRIMARY, (100, 30), answered_calls=50, abandoned_calls=1)
        world.tick()
    assert _counts(world) == [("poll", 100, 2)]


def test_a_share_that_is_only_reported_is_shown_as_that_and_rings(world: MonitoringWorld) -> None:
    world.measured(PRIMARY, success_rate=0.3, abandonment_rate=0.04)
    world.tick()
    record = world.record()
    assert record.abandonment
    assert (record.abandonment.reported, record.abandonment.period.share) == (0.04, None)
    assert "abandonment_over" in record.attention


def _with_events(aws: Any, clock: Any) -> MonitoringWorld:
    world = MonitoringWorld(aws, clock)
    world.put(
        world.reported(totalCalls=100, successfulCalls=20),
        world.pulled(CONVERTED=90, ABANDONED=1),
        world.pulled(CONVERTED=80, ABANDONED=3, generation=1),
        world.pulled(hour=13, CONVERTED=10),
    )
    return world


def _kept(world: MonitoringWorld) -> Any:
    return _counts(world), [each.calls for each in world.samples.history(PRIMARY, world.clock.now())]


def test_every_cut_of_following_ends_like_the_undisturbed_work() -> None:
    check_every_cut(fresh(_with_events), work_off_a_batch, recover, _kept)


def test_every_refusal_of_following_ends_like_the_undisturbed_work() -> None:
    check_every_refusal(fresh(_with_events), work_off_a_batch, recover, _kept)
