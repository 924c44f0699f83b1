"""Campaigns dial again exactly when they should, whatever others do in the middle."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sandbox.world import ENDED_STATUSES
from worlds.archive import CAMPAIGN, ArchiveWorld, MakeWorld
from worlds.runtime import Overridden
from worlds.state_machine import Aborted

ARCHIVE = "/contacts/archive$"


def _at(world: ArchiveWorld, state: str, act: Any) -> Any:
    """Make what acts once, before a state of the execution is entered."""
    done: list[str] = []

    def before(entered: str) -> None:
        if entered == state and not done:
            done.append(entered)
            act()

    return before


def _asked(world: ArchiveWorld) -> list[str]:
    """What the tenant's campaign was asked by the bridge."""
    changes = world.tenant.campaign_status(CAMPAIGN).changes
    return [change.status for change in changes if change.by == "api"]


def test_a_campaign_that_is_resumed_in_the_middle_is_paused_again(make_world: MakeWorld) -> None:
    world = make_world(450)
    world.ask()
    world.execute(_at(world, "Send", lambda: world.tenant.set_campaign_status(CAMPAIGN, "ACTIVE")))
    summary = world.last().summary
    assert (summary["status"], summary["pauses"]) == ("complete", 2)
    assert _asked(world) == ["PAUSED", "PAUSED", "ACTIVE"]


def test_a_campaign_that_is_resumed_again_and_again_is_left_to_dial(make_world: MakeWorld) -> None:
    world = make_world(450)
    world.ask()

    def resume(state: str) -> None:
        if state == "Send":
            world.tenant.set_campaign_status(CAMPAIGN, "ACTIVE")

    world.execute(resume)
    summary = world.last().summary
    assert (summary["status"], summary["reason"]) == ("failed", "campaign_resumed_by_others")
    assert summary["failed_by_reason"] == {"not_sent": 450}
    assert world.dials()
    assert _asked(world) == ["PAUSED"] * 3


def test_a_campaign_that_was_resumed_by_hand_is_not_resumed_once_more(make_world: MakeWorld) -> None:
    world = make_world(100)
    world.ask()
    world.execute(_at(world, "Check", lambda: world.tenant.set_campaign_status(CAMPAIGN, "ACTIVE")))
    assert _asked(world) == ["PAUSED"]
    assert world.dials()


def test_a_pause_that_is_asked_for_in_the_middle_outlasts_the_run(make_world: MakeWorld) -> None:
    world = make_world(100)
    world.ask()

    def ask() -> None:
        world.clock.advance(seconds=1)
        event = world.event("campaign.transitioned", campaign_id=CAMPAIGN, target_state="paused")
        assert world.hear(event) == []

    world.execute(_at(world, "Check", ask))
    assert world.last().summary["status"] == "complete"
    assert not world.dials()
    assert world.holds.of_campaign(CAMPAIGN) == []


def test_a_pause_that_is_taken_back_in_the_middle_does_not(make_world: MakeWorld) -> None:
    world = make_world(100)
    world.ask()

    def ask() -> None:
        for target in ("paused", "active"):
            world.clock.advance(seconds=1)
            asked = {"campaign_id": CAMPAIGN, "target_state": target}
            world.hear(world.event("campaign.transitioned", **asked))

    world.execute(_at(world, "Check", ask))
    assert world.dials()


@pytest.mark.parametrize(
    ("statuses", "dials"),
    [(["PAUSED"], True), (["ACTIVE"], True), (["ACTIVE", "PAUSED"], False), (["PAUSED", "ACTIVE"], True)],
)
def test_cxones_own_reports_tell_our_pause_from_others(
    make_world: MakeWorld, statuses: list[str], dials: bool
) -> None:
    """The campaign is PAUSED, by us or by others; only what was reported in between tells which."""
    world = make_world(100)
    world.ask()

    def report() -> None:
        for status in statuses:
            world.clock.advance(seconds=1)
            said = {"campaign_id": CAMPAIGN, "campaign": {"status": status}}
            world.hear(world.event("campaign.state_changed", **said))

    world.execute(_at(world, "Check", report))
    assert world.dials() is dials


def test_what_was_asked_before_the_hold_is_none_of_it(make_world: MakeWorld) -> None:
    world = make_world(100)
    before = world.event("campaign.transitioned", campaign_id=CAMPAIGN, target_state="paused")
    world.clock.advance(minutes=1)
    world.ask()
    world.execute(_at(world, "Check", lambda: world.hear(before)))
    assert world.dials()


def test_another_owners_hold_keeps_the_campaign_paused(make_world: MakeWorld) -> None:
    world = make_world(100)
    world.holds.place(CAMPAIGN, "failover#1", 1, True, world.clock.now())
    world.tenant.set_campaign_status(CAMPAIGN, "PAUSED")
    world.archive()
    assert world.last().summary["status"] == "complete"
    assert not world.dials()
    (left,) = world.holds.of_campaign(CAMPAIGN)
    assert left.owner == "failover#1"


def test_the_last_holder_remembers_that_the_campaign_dialled(make_world: MakeWorld) -> None:
    """The other owner found it active and goes first: it leaves the resuming to the run."""
    world = make_world(100)
    world.holds.place(CAMPAIGN, "failover#1", 1, True, world.clock.now())
    world.tenant.set_campaign_status(CAMPAIGN, "PAUSED")
    world.ask()

    def release() -> None:
        (other,) = [hold for hold in world.holds.of_campaign(CAMPAIGN) if hold.owner == "failover#1"]
        assert world.holds.mark_releasing(other)
        world.holds.end(other, world.clock.now())

    world.execute(_at(world, "Send", release))
    assert world.dials()


@pytest.mark.slow
def test_a_campaign_that_never_pauses_ends_the_run_and_dials(make_world: MakeWorld) -> None:
    world = make_world(100, pause_seconds=None)
    ended = world.archive()
    summary = world.last().summary
    assert ended.status == "SUCCEEDED"
    assert (summary["status"], summary["reason"]) == ("failed", "campaign_not_paused")
    assert summary["failed_by_reason"] == {"not_sent": 100}
    assert world.tenant.campaign_status(CAMPAIGN).status == "ACTIVE"
    assert world.holds.of_campaign(CAMPAIGN) == []


@pytest.mark.slow
def test_a_campaign_that_takes_its_time_to_pause_is_waited_for(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(100, pause_seconds=0.5)
    real = world.clock.advance

    def advance(**parts: float) -> None:
        time.sleep(0.2)
        real(**parts)

    monkeypatch.setattr(world.clock, "advance", advance)
    world.ask()
    ended = world.execute(seconds=45)
    assert ("hold", "later") in ended.answers
    assert world.last().summary["status"] == "complete"
    assert world.dials()


def test_outside_of_the_maintenance_window_a_campaign_that_dials_is_left_alone(make_world: MakeWorld) -> None:
    world = make_world(100, settings={"maintenance_window": ["22:00", "04:00"]})
    began = world.clock.now()
    assert began.hour == 12
    moments: list[int] = []

    def note(state: str) -> None:
        if state == "Send":
            moments.append(world.clock.now().hour)

    world.ask()
    world.execute(note)
    assert moments == [22]
    assert world.last().summary["status"] == "complete"


def test_a_paused_campaign_needs_no_window(make_world: MakeWorld) -> None:
    world = make_world(100, status="PAUSED", settings={"maintenance_window": ["22:00", "04:00"]})
    began = world.clock.now()
    world.archive()
    assert (world.clock.now() - began).total_seconds() < 3600
    assert world.last().summary["archived"] == 100


@pytest.mark.slow
def test_a_window_that_closes_lets_the_campaign_dial_until_the_next_one(make_world: MakeWorld) -> None:
    world = make_world(9000, settings={"maintenance_window": ["12:00", "13:00"], "page_size": 1000})
    dialled: list[bool] = []

    def before(state: str) -> None:
        if state == "Send" and not dialled:
            world.clock.advance(minutes=59.99)
        if state == "Send later" or (state == "Hold later" and not dialled):
            dialled.append(world.dials())

    world.ask()
    sends = iter(range(1000))

    def slow(port: Any) -> Any:
        def archive(order: Any) -> Any:
            if next(sends) == 21:
                world.clock.advance(minutes=1)
            return port.archive(order)

        return Overridden(port, {"archive": archive})

    world.runtime.put_between("attempts", slow)
    world.execute(before)
    assert dialled == [True]
    assert world.last().summary["status"] == "complete"
    assert _asked(world) == ["PAUSED", "ACTIVE", "PAUSED", "ACTIVE"]


@pytest.mark.slow
@pytest.mark.parametrize("status", ENDED_STATUSES)
@pytest.mark.parametrize("state", ["Send", "Check", "Release"])
def test_a_campaign_that_is_ended_while_it_is_held_stays_ended(
    make_world: MakeWorld, status: str, state: str
) -> None:
    world = make_world(100)
    world.ask()
    world.execute(_at(world, state, lambda: world.tenant.set_campaign_status(CAMPAIGN, status)))
    assert _asked(world) == ["PAUSED"]
    assert world.tenant.campaign_status(CAMPAIGN).status == status
    assert world.holds.of_campaign(CAMPAIGN) == []
    assert world.last().summary["status"] == ("failed" if state == "Send" else "complete")


def test_a_campaign_that_is_ended_before_its_abandoned_hold_is_found_stays_ended(
    make_world: MakeWorld,
) -> None:
    world = make_world(100)
    world.ask()

    def abort(state: str) -> None:
        if state == "Check":
            world.tenant.set_campaign_status(CAMPAIGN, "COMPLETED")
            raise Aborted

    world.execute(abort)
    assert world.holds.of_campaign(CAMPAIGN) == []
    assert world.tenant.campaign_status(CAMPAIGN).status == "COMPLETED"


@pytest.mark.parametrize(
    ("statuses", "dials"),
    [
        (["COMPLETED", "PAUSED"], False),
        (["STOPPED"], False),
        (["DISABLED", "ACTIVE"], True),
        (["PAUSING"], True),
    ],
)
def test_a_campaign_that_was_ended_and_is_paused_again_is_not_paused_by_us(
    make_world: MakeWorld, statuses: list[str], dials: bool
) -> None:
    """CXone reports that it was ended; what it is afterwards looks like our own pause."""
    world = make_world(100)
    world.ask()

    def report() -> None:
        for status in statuses:
            world.clock.advance(seconds=1)
            said = {"campaign_id": CAMPAIGN, "campaign": {"status": status}}
            world.hear(world.event("campaign.state_changed", **said))

    world.execute(_at(world, "Check", report))
    assert world.dials() is dials


def test_a_resume_takes_an_earlier_wish_for_a_pause_back(make_world: MakeWorld) -> None:
    """Asked to pause, resumed by hand, paused again by us: the last that anybody wanted was that it dials."""
    world = make_world(100)
    world.ask()

    def meanwhile() -> None:
        world.clock.advance(seconds=1)
        asked = {"campaign_id": CAMPAIGN, "target_state": "paused"}
        world.hear(world.event("campaign.transitioned", **asked))
        world.clock.advance(seconds=1)
        world.tenant.set_campaign_status(CAMPAIGN, "ACTIVE")
        said = {"campaign_id": CAMPAIGN, "campaign": {"status": "ACTIVE"}}
        world.hear(world.event("campaign.state_changed", **said))

    world.execute(_at(world, "Send", meanwhile))
    assert _asked(world) == ["PAUSED", "PAUSED", "ACTIVE"]


def test_a_pause_of_another_party_is_not_taken_back(make_world: MakeWorld) -> None:
    """Paused by others before us, and left so."""
    world = make_world(100, status="STOPPED")
    world.archive()
    assert world.last().summary["reason"] == "campaign_status"
    assert _asked(world) == []
