"""What others do between any two calls of a tick: another tick, a person's hold, a person's decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from outbound.campaign_records.journals import Journals, Result
from outbound.campaign_records.switches import PersonsHold
from outbound.campaigns.control.controller import CampaignControl
from outbound.clock import Deadline
from outbound.steering.situation import CampaignState
from outbound.steering.transitions import Party, StateDecision, Target, wanted_state
from worlds.aws import AwsWorld, FakeClock
from worlds.monitoring import BACKUP, FAILING, PRIMARY, MonitoringWorld
from worlds.quick_moto import quick_aws

_MOVED = {PRIMARY: "paused", BACKUP: "active"}
_ENDS = ("campaign.failed_over", "campaign.failover_failed")
_STAYS = {PRIMARY: "active", BACKUP: "paused"}


@contextmanager
def _failing() -> Iterator[MonitoringWorld]:
    with quick_aws():
        world = MonitoringWorld(AwsWorld(), FakeClock())
        world.measured(PRIMARY, FAILING)
        yield world


def _worlds_where(does: Callable[[MonitoringWorld], object]) -> Iterator[MonitoringWorld]:
    """Return worlds in which something happens before each call of CXone that a failing-over tick makes."""
    with _failing() as undisturbed:
        undisturbed.tick()
        calls = len(undisturbed.cxone.asked)
        assert undisturbed.cxone.states == _MOVED
    assert calls >= 8
    for number in range(1, calls + 1):
        with _failing() as world:
            world.cxone.meanwhile = lambda world=world: does(world)  # type: ignore[misc]
            world.cxone.meanwhile_at = number
            world.tick()
            yield world


@pytest.mark.slow
def test_another_tick_at_the_same_time_makes_no_second_failover() -> None:
    for world in _worlds_where(lambda world: world.tick()):
        world.minutes(2)
        assert world.cxone.states == _MOVED
        assert [change[:2] for change in world.cxone.changes] == [(PRIMARY, "paused"), (BACKUP, "active")]
        assert len(world.facts("campaign.failed_over")) == 1
        assert world.failover().last.revision == 1  # type: ignore[union-attr]


@pytest.mark.slow
def test_a_persons_hold_comes_before_a_failover_or_after_it_and_never_into_it() -> None:
    ends = []
    for world in _worlds_where(lambda world: world.switches.hold(PRIMARY, _hold(world))):
        world.minutes(2)
        assert world.cxone.states in (_MOVED, _STAYS)
        assert len(world.facts("campaign.failed_over")) == (world.cxone.states == _MOVED)
        ends.append(world.cxone.states == _MOVED)
    # Held early enough it does not happen, and once it has begun it is completed.
    assert ends == sorted(ends)
    assert set(ends) == {False, True}


def _hold(world: MonitoringWorld) -> PersonsHold:
    return PersonsHold("operator", world.clock.now(), "numbers are moved")


@pytest.mark.slow
def test_a_persons_decision_at_any_moment_is_kept_where_it_is_the_newer_one() -> None:
    kept = []
    for world in _worlds_where(_person_keeps_the_primary):
        world.measured(PRIMARY, (300, 90))
        world.minutes(6, primary=(300, 90))
        journals = {each: Journals(world.runtime.state, "acme").get(each) for each in (PRIMARY, BACKUP)}
        for campaign_id, known in journals.items():
            assert known.journal
            assert world.cxone.states[campaign_id] == wanted_state(known.journal, ()).value
            assert all(note.result is not Result.PENDING for note in known.notes)
        last, primary = world.failover().last, journals[PRIMARY].journal
        assert primary
        is_newer = last is None or primary.newest().decision_id == "person"
        kept.append(is_newer)
        if is_newer:
            assert wanted_state(primary, ()) is CampaignState.ACTIVE
        said = [fact for event_type in _ENDS for fact in world.facts(event_type)]
        assert len(said) == (0 if last is None else 1)
    assert True in kept


def _person_keeps_the_primary(world: MonitoringWorld) -> None:
    world.clock.advance(seconds=1)
    control = CampaignControl.of(world.runtime, Deadline(world.clock, 50))
    decision = StateDecision("person", Target.ACTIVE, world.clock.now(), Party.PERSON)
    control.request(PRIMARY, decision, reason="it is fine", requested_by="operator", correlation_id="person")
    control.reconcile(PRIMARY)
