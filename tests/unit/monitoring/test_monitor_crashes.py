"""The monitor's tick, cut off and refused at every outside call: the next ticks come to the same end."""

from __future__ import annotations

from typing import Any

import pytest
from faults import check_every_cut, check_every_refusal, fresh, until_quiet, unwatched

from outbound.campaign_records.journals import Journals
from worlds.aws import AwsWorld, FakeClock
from worlds.monitoring import BACKUP, FAILING, HEALTHY, PRIMARY, MonitoringWorld


def _failing(aws: AwsWorld, clock: FakeClock) -> MonitoringWorld:
    """A primary that has begun to fail, and was healthy when it was looked at."""
    world = MonitoringWorld(aws, clock)
    world.minutes(1, primary=HEALTHY)
    world.clock.advance(minutes=1)
    world.measured(PRIMARY, FAILING, answered_calls=150, abandoned_calls=1)
    world.aws.published()
    return world


def _recovered(aws: AwsWorld, clock: FakeClock) -> MonitoringWorld:
    """A primary that gave way to its backup, and whose recovery is proven after the cool-down."""
    world = MonitoringWorld(aws, clock, failover={"fail_back": True})
    world.minutes(1, primary=FAILING)
    world.clock.advance(minutes=95)
    world.measured(PRIMARY, HEALTHY)
    world.measured(BACKUP, HEALTHY)
    world.aws.published()
    return world


def _recover(world: MonitoringWorld) -> None:
    """Let minutes pass with the ticks of new processes, and the sweeper run."""
    # What was asked of CXone and not answered is settled by the second one.
    for minutes in (1, 3):
        world.clock.advance(minutes=minutes)
        world.start_afresh()
        world.tick()
    until_quiet(world.sweep)


def _end(world: MonitoringWorld) -> Any:
    with unwatched():
        facts = [
            (fact["direction"], fact["paused_campaign_id"], fact["started_campaign_id"])
            for fact in world.facts("campaign.failed_over")
        ]
        notes = {
            campaign_id: [
                (note.decision.target, note.decision.party, note.result)
                for note in Journals(world.runtime.state, "acme").get(campaign_id).notes
            ]
            for campaign_id in (PRIMARY, BACKUP)
        }
        last = world.failover().last
        assert last
        counts = world.abandoned_calls.of_campaign(PRIMARY, world.clock.now().date()).days
        return {
            "states": world.cxone.states,
            "changes": [change[:2] for change in world.cxone.changes],
            "facts": facts,
            "notes": notes,
            "switch": (last.switch.direction, last.revision, last.ended),
            "counted": [(each.answered, each.abandoned) for each in counts],
        }


def _tick(world: MonitoringWorld) -> None:
    world.tick()


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_a_failover_that_is_cut_off_anywhere_is_one_failover() -> None:
    checked = check_every_cut(fresh(_failing), _tick, _recover, _end)
    assert checked.runs > 60


@pytest.mark.load
def test_a_failover_that_is_refused_anywhere_is_one_failover() -> None:
    check_every_refusal(fresh(_failing), _tick, _recover, _end)


@pytest.mark.load
def test_a_fail_back_that_is_cut_off_anywhere_is_one_fail_back() -> None:
    check_every_cut(fresh(_recovered), _tick, _recover, _end)
