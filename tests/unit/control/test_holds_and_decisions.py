"""An archive's hold and what is decided meanwhile agree: in the end a campaign does what was decided last."""

from __future__ import annotations

import pytest

from outbound.cxone.ports.campaigns import CampaignStatus
from worlds.control import DIALS, PAUSED, ControlWorld


def test_a_hold_that_nothing_was_decided_in_leaves_no_trace(world: ControlWorld) -> None:
    world.archive_pauses(DIALS)
    assert world.tick(DIALS).as_wanted
    assert world.status(DIALS) == "PAUSED"
    world.archive_releases(DIALS)
    assert world.status(DIALS) == "ACTIVE"
    assert world.tick(DIALS).is_settled
    assert world.said(DIALS) == []


def test_the_echoes_of_a_hold_are_nobodys_decision(world: ControlWorld) -> None:
    world.archive_pauses(DIALS)
    world.take(world.reported(DIALS, "paused"))
    world.archive_releases(DIALS)
    world.take(world.reported(DIALS, "active"))
    assert world.tick(DIALS).is_settled
    assert world.status(DIALS) == "ACTIVE"
    assert world.said(DIALS) == []


def test_a_pause_that_is_decided_under_a_hold_is_not_undone_by_its_release(world: ControlWorld) -> None:
    world.archive_pauses(DIALS)
    world.ask(DIALS, "paused")
    world.archive_releases(DIALS)
    assert world.status(DIALS) == "PAUSED"
    assert world.said(DIALS) == [("person", "active", "paused")]


def test_a_resume_that_was_refused_under_a_hold_is_not_made_up_for_after_it(world: ControlWorld) -> None:
    world.ask(DIALS, "paused")
    world.hold(DIALS)
    world.ask(DIALS, "active")
    world.archive_releases(DIALS)
    assert world.tick(DIALS).is_settled
    assert world.status(DIALS) == "PAUSED"


def test_a_campaign_that_others_resume_under_a_hold_is_paused_and_dials_after_it(world: ControlWorld) -> None:
    world.archive_pauses(DIALS)
    world.another_party(DIALS, "ACTIVE")
    world.clock.advance(minutes=1)
    world.take(world.reported(DIALS, "active"))
    assert world.status(DIALS) == "PAUSED"
    world.archive_releases(DIALS)
    world.tick(DIALS)
    assert world.status(DIALS) == "ACTIVE"


def test_a_resume_that_was_decided_just_before_a_hold_counts_after_it(world: ControlWorld) -> None:
    event = world.requested(PAUSED, "active")
    world.tenant.add_fault({"status": 503}, method="PUT", times=None)
    assert world.take(event) != []
    world.tenant.clear_faults()
    # The hold finds the campaign as it is: paused, and not by itself.
    world.holds.place(PAUSED, "archive#1", 1, False, world.clock.now())
    world.clock.advance(minutes=3)
    assert world.take(event) == []
    assert world.status(PAUSED) == "PAUSED"
    world.archive_releases(PAUSED)
    assert world.tick(PAUSED).is_settled
    assert world.status(PAUSED) == "ACTIVE"
    assert world.said(PAUSED) == [("person", "paused", "active")]


@pytest.mark.parametrize("in_between", ["request", "tick"])
def test_a_campaign_of_which_nothing_was_noted_is_resumed_as_its_hold_says(
    world: ControlWorld, in_between: str
) -> None:
    # The hold of a version that kept no journals.
    world.hold(DIALS)
    world.another_party(DIALS, "PAUSED")
    if in_between == "tick":
        world.tick(DIALS)
    else:
        world.ask(DIALS, "active")
    world.take(world.reported(DIALS, "paused"))
    world.archive_releases(DIALS)
    assert world.status(DIALS) == "ACTIVE"


def test_a_release_that_control_was_faster_than_asks_for_nothing(world: ControlWorld) -> None:
    world.archive_pauses(DIALS)
    status = world.runtime.ports.campaigns.status

    def status_and_meanwhile(campaign_id: str) -> CampaignStatus:
        found = status(campaign_id)
        world.control.reconcile(DIALS)
        return found

    world.runtime.override("campaigns", status=status_and_meanwhile)
    world.archive_releases(DIALS)
    assert [change.status for change in world.changes(DIALS)] == ["PAUSED", "ACTIVE"]
    assert world.tick(DIALS).is_settled
    assert world.status(DIALS) == "ACTIVE"


def test_control_does_not_ask_for_what_a_release_is_asking_for(world: ControlWorld) -> None:
    world.archive_pauses(DIALS)
    resume = world.runtime.ports.campaigns.resume

    def meanwhile_and_resume(campaign_id: str) -> CampaignStatus:
        world.control.reconcile(DIALS)
        return resume(campaign_id)

    world.runtime.override("campaigns", resume=meanwhile_and_resume)
    world.archive_releases(DIALS)
    assert [change.status for change in world.changes(DIALS)] == ["PAUSED", "ACTIVE"]
    assert world.tick(DIALS).is_settled


def test_control_resumes_a_campaign_whose_release_was_cut_off_before_it_asked(world: ControlWorld) -> None:
    world.archive_pauses(DIALS)

    def cut_off(campaign_id: str) -> CampaignStatus:
        raise KeyboardInterrupt

    world.runtime.override("campaigns", resume=cut_off)
    with pytest.raises(KeyboardInterrupt):
        world.archive_releases(DIALS)
    assert not world.control.reconcile(DIALS).as_wanted
    assert world.tick(DIALS).as_wanted
    assert world.status(DIALS) == "ACTIVE"


def test_what_control_was_cut_off_from_asking_is_done_once_the_archive_has_ended(world: ControlWorld) -> None:
    world.archive_pauses(DIALS)
    status, set_state = world.runtime.ports.campaigns.status, world.runtime.ports.campaigns.set_state

    def cut_off(campaign_id: str, *_: object) -> None:
        raise KeyboardInterrupt

    def status_and_meanwhile(campaign_id: str) -> CampaignStatus:
        found = status(campaign_id)
        world.runtime.override("campaigns", set_state=cut_off)
        with pytest.raises(KeyboardInterrupt):
            world.control.reconcile(DIALS)
        world.runtime.override("campaigns", set_state=set_state)
        return found

    world.runtime.override("campaigns", status=status_and_meanwhile)
    world.archive_releases(DIALS)
    assert world.status(DIALS) == "PAUSED"
    ended = world.event("archive.finished", {"campaign_id": DIALS})
    world.take(ended)
    assert world.status(DIALS) == "ACTIVE"
    while world.take(ended):
        world.clock.advance(minutes=1)
    assert [change.status for change in world.changes(DIALS)] == ["PAUSED", "ACTIVE"]
