"""The monitor's tick: failovers on proof, completed whatever is cut off, held by a person, and back again."""

from __future__ import annotations

from typing import Any

import pytest

from outbound.campaign_records.health_records import Attention
from outbound.campaign_records.journals import Journals
from outbound.campaign_records.switches import PersonsHold
from outbound.campaigns.control.controller import CampaignControl
from outbound.clock import Deadline
from outbound.cxone.errors import Unavailable
from outbound.steering.situation import CampaignState
from outbound.steering.switch import Step
from outbound.steering.transitions import Party, StateDecision, Target
from outbound.store.holds import Holds
from worlds.monitoring import BACKUP, FAILING, HEALTHY, PRIMARY, MonitoringWorld


def _collapse(world: MonitoringWorld, ticks: int = 1) -> None:
    world.minutes(2, primary=HEALTHY)
    world.minutes(ticks, primary=FAILING)


def test_a_campaign_that_is_proven_to_fail_gives_way_within_one_tick(world: MonitoringWorld) -> None:
    _collapse(world)
    assert world.cxone.states == {PRIMARY: "paused", BACKUP: "active"}
    (fact,) = world.facts("campaign.failed_over")
    assert (fact["direction"], fact["paused_campaign_id"], fact["started_campaign_id"]) == (
        "fail_over",
        PRIMARY,
        BACKUP,
    )
    assert fact["evidence"]["finding"] == "breach"
    assert fact["evidence"]["windows"][0]["calls"] == 300
    assert world.failover().last.ended is Step.COMPLETE  # type: ignore[union-attr]
    assert Attention.FAILED_OVER in world.record().attention
    assert world.record().failover.switched == "fail_over"  # type: ignore[union-attr]


def test_a_campaign_is_paused_before_the_other_one_starts(world: MonitoringWorld) -> None:
    _collapse(world)
    assert [change[:2] for change in world.cxone.changes] == [(PRIMARY, "paused"), (BACKUP, "active")]


@pytest.mark.slow
def test_it_happens_once_however_long_the_metrics_say_so(world: MonitoringWorld) -> None:
    _collapse(world, ticks=30)
    assert len(world.cxone.changes) == 2
    assert len(world.facts("campaign.failed_over")) == 1


@pytest.mark.parametrize(
    "counted", [(300, 90), (49, 0), (100, 10)], ids=["healthy", "too few calls", "not proven"]
)
def test_what_is_not_proven_moves_nothing(world: MonitoringWorld, counted: tuple[int, int]) -> None:
    world.minutes(5, primary=counted)
    assert not world.cxone.changes
    assert not world.facts("campaign.failed_over")


def test_metrics_that_stop_move_nothing_and_ring(world: MonitoringWorld) -> None:
    world.minutes(2, primary=HEALTHY)
    world.clock.advance(minutes=15)
    world.tick()
    assert not world.cxone.changes
    assert Attention.METRICS_STALE in world.record().attention


def test_no_metrics_at_all_ring(world: MonitoringWorld) -> None:
    world.minutes(12)
    assert not world.cxone.changes
    assert Attention.METRICS_STALE in world.record().attention


def test_calls_without_an_agent_at_work_ring(world: MonitoringWorld) -> None:
    world.measured(PRIMARY, HEALTHY, active_calls=9, agents_working=0)
    world.tick()
    assert Attention.UNATTENDED in world.record().attention


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("ended", "ended"),
        ("missing", "missing"),
        ("held", "held"),
        ("outside", "outside_window"),
        ("no zone", "window_unknown"),
        ("empty list", "list_refused"),
        ("no such list", "list_refused"),
        ("no list", "list_unknown"),
        ("unhealthy", "unhealthy"),
        ("down", "state_unknown"),
    ],
)
def test_a_backup_that_may_not_be_started_is_not(world: MonitoringWorld, what: str, reason: str) -> None:
    arrange: dict[str, Any] = {
        "ended": lambda: world.cxone.states.update({BACKUP: "stopped"}),
        "missing": lambda: world.cxone.states.pop(BACKUP),
        "held": lambda: Holds(world.runtime.state, "acme").place(
            BACKUP, "archive#1", 1, was_active=False, now=world.clock.now()
        ),
        "outside": lambda: world.register(BACKUP, time_zone="Asia/Tokyo"),
        "no zone": lambda: world.register(BACKUP, time_zone=""),
        "empty list": lambda: world.cxone.lists.update({"list-backup": 0}),
        "no such list": lambda: world.cxone.lists.pop("list-backup"),
        "no list": lambda: world.register(BACKUP, contact_list_id=""),
        "unhealthy": lambda: _was_unhealthy(world),
        "down": lambda: world.cxone.errors.update({BACKUP: Unavailable("down")}),
    }
    arrange[what]()
    _collapse(world)
    assert world.cxone.states[PRIMARY] == "active"
    assert not world.cxone.changes
    record = world.record()
    assert reason in record.failover.reasons  # type: ignore[union-attr]
    assert Attention.CANNOT_FAIL_OVER in record.attention
    assert world.failover().last is None


def _was_unhealthy(world: MonitoringWorld) -> None:
    """Let the backup have dialled yesterday, and badly."""
    world.cxone.states = {PRIMARY: "paused", BACKUP: "active"}
    world.measured(BACKUP, FAILING)
    world.tick()
    world.cxone.states = {PRIMARY: "active", BACKUP: "paused"}
    world.clock.advance(hours=23)


def test_a_person_holds_the_failover(world: MonitoringWorld) -> None:
    hold = PersonsHold("operator", world.clock.now(), "maintenance of the numbers")
    assert world.switches.hold(PRIMARY, hold)
    _collapse(world, ticks=3)
    assert not world.cxone.changes
    record = world.record()
    assert "held_by_person" in record.failover.reasons  # type: ignore[union-attr]
    assert Attention.CANNOT_FAIL_OVER not in record.attention
    assert world.switches.release(PRIMARY, "operator", "the numbers are moved", world.clock.now())
    world.minutes(1, primary=FAILING)
    assert world.cxone.states == {PRIMARY: "paused", BACKUP: "active"}


def test_it_fails_back_on_a_proven_recovery_where_that_is_set(world: MonitoringWorld) -> None:
    world.configure(fail_back=True)
    _collapse(world)
    world.minutes(55, every=5, primary=(300, 90), backup=HEALTHY)
    assert world.cxone.states == {PRIMARY: "paused", BACKUP: "active"}
    world.minutes(40, every=5, primary=(300, 90), backup=HEALTHY)
    assert world.cxone.states == {PRIMARY: "active", BACKUP: "paused"}
    _, fact = world.facts("campaign.failed_over")
    assert (fact["direction"], fact["evidence"]["finding"]) == ("fail_back", "recovery")
    assert len(world.cxone.changes) == 4


@pytest.mark.slow
def test_it_stays_with_the_backup_unless_that_is_set(world: MonitoringWorld) -> None:
    _collapse(world)
    world.minutes(120, every=5, primary=(300, 90), backup=HEALTHY)
    assert world.cxone.states == {PRIMARY: "paused", BACKUP: "active"}


def _begin_without_a_start(world: MonitoringWorld) -> None:
    """Let a failover begin at a CXone that pauses the primary, and takes no order to start the backup."""
    world.minutes(2, primary=HEALTHY)
    world.clock.advance(minutes=1)
    world.measured(PRIMARY, FAILING)
    world.cxone.refuses_to_start = {BACKUP}
    world.tick()
    assert world.cxone.states == {PRIMARY: "paused", BACKUP: "paused"}
    assert Attention.FAILOVER_UNDER_WAY in world.record().attention


def test_one_that_is_half_done_is_completed_by_the_next_tick(world: MonitoringWorld) -> None:
    _begin_without_a_start(world)
    world.cxone.refuses_to_start = set()
    world.start_afresh()
    world.minutes(1)
    assert world.cxone.states == {PRIMARY: "paused", BACKUP: "active"}
    assert len(world.facts("campaign.failed_over")) == 1


def test_one_that_cannot_be_completed_in_time_has_failed_and_nothing_is_started_later(
    world: MonitoringWorld,
) -> None:
    _begin_without_a_start(world)
    world.minutes(28, every=7)
    world.minutes(1)
    assert not world.facts("campaign.failover_failed")
    world.minutes(3)
    (fact,) = world.facts("campaign.failover_failed")
    assert (fact["reason"], fact["paused_campaign_id"]) == ("not_in_time", PRIMARY)
    assert Attention.FAILOVER_FAILED in world.record().attention
    world.cxone.refuses_to_start = set()
    world.minutes(5)
    assert world.cxone.states == {PRIMARY: "paused", BACKUP: "paused"}
    assert not world.facts("campaign.failed_over")


def test_a_hold_of_the_backup_is_waited_for(world: MonitoringWorld) -> None:
    _begin_without_a_start(world)
    holds = Holds(world.runtime.state, "acme")
    holds.place(BACKUP, "archive#1", 1, was_active=False, now=world.clock.now())
    world.cxone.refuses_to_start = set()
    world.minutes(3)
    assert world.cxone.states == {PRIMARY: "paused", BACKUP: "paused"}
    assert "held" in world.record().failover.reasons  # type: ignore[union-attr]


def test_a_newer_decision_of_a_person_ends_it(world: MonitoringWorld) -> None:
    _begin_without_a_start(world)
    world.clock.advance(seconds=30)
    _person_resumes(world)
    world.minutes(1, primary=HEALTHY)
    assert world.failover().last.ended is Step.SUPERSEDED  # type: ignore[union-attr]
    (fact,) = world.facts("campaign.failover_failed")
    assert fact["reason"] == "superseded"
    assert not world.facts("campaign.failed_over")
    world.cxone.refuses_to_start = set()
    world.minutes(5, primary=HEALTHY)
    assert world.cxone.states == {PRIMARY: "active", BACKUP: "paused"}


def _person_resumes(world: MonitoringWorld) -> None:
    control = CampaignControl.of(world.runtime, Deadline(world.clock, 50))
    decision = StateDecision("person-1", Target.ACTIVE, world.clock.now(), Party.PERSON)
    control.request(
        PRIMARY, decision, reason="it is fine", requested_by="operator", correlation_id="person-1"
    )


def test_a_threshold_of_the_campaigns_own_counts(world: MonitoringWorld) -> None:
    world.register(PRIMARY, backup_campaign_id=BACKUP, failover_threshold=0.5)
    world.minutes(1, primary=(300, 90))
    assert world.cxone.states == {PRIMARY: "paused", BACKUP: "active"}


@pytest.mark.slow
def test_rates_alone_need_windows_in_a_row(world: MonitoringWorld) -> None:
    for _ in range(20):
        world.clock.advance(minutes=1)
        world.measured(PRIMARY, success_rate=0.02)
        world.tick()
    assert not world.cxone.changes
    for _ in range(30):
        world.clock.advance(minutes=1)
        world.measured(PRIMARY, success_rate=0.02)
        world.tick()
    assert world.cxone.states == {PRIMARY: "paused", BACKUP: "active"}
    (fact,) = world.facts("campaign.failed_over")
    assert fact["evidence"]["counted"] is False
    assert len(fact["evidence"]["windows"]) == 3


def test_the_journals_say_who_decided(world: MonitoringWorld) -> None:
    _collapse(world)
    notes = Journals(world.runtime.state, "acme").get(PRIMARY).notes
    assert [(note.decision.party, note.requested_by) for note in notes] == [(Party.FAILOVER, "failover")]
    assert "proven to be below 15.0%" in notes[0].reason


def test_the_state_is_that_of_after_the_steps(world: MonitoringWorld) -> None:
    _collapse(world)
    assert world.record().state is CampaignState.PAUSED
    world.minutes(1)
    assert world.record(BACKUP).state is CampaignState.ACTIVE
