"""A resume is judged again when CXone can do it at last: what forbids it then refuses it by name."""

from __future__ import annotations

from worlds.control import PAUSED, ControlWorld

_REFUSED_LATE = [("person", "active", "refused", "outside_window")]


def _resume_that_waits(world: ControlWorld) -> None:
    """A resume is accepted within the hours, and CXone takes no change of a state for now."""
    world.tenant.add_fault({"status": 503}, method="PUT", times=None)
    assert world.take(world.requested(PAUSED, "active", "resume-1")) != []
    assert world.said(PAUSED) == []


def test_a_resume_is_not_carried_out_after_its_hours(world: ControlWorld) -> None:
    _resume_that_waits(world)
    world.clock.advance(hours=14)
    world.tenant.clear_faults()
    assert world.tick(PAUSED).is_settled
    assert world.status(PAUSED) == "PAUSED"
    assert world.said(PAUSED) == _REFUSED_LATE
    # Nor when the hours begin again: refused is refused.
    world.clock.advance(hours=10)
    assert world.tick(PAUSED).is_settled
    assert world.take(world.requested(PAUSED, "active", "resume-1")) == []
    assert world.status(PAUSED) == "PAUSED"
    assert world.said(PAUSED) == []


def test_a_resume_that_cxone_has_done_before_its_hours_ended_is_said(world: ControlWorld) -> None:
    _resume_that_waits(world)
    world.another_party(PAUSED, "ACTIVE")
    world.clock.advance(hours=14)
    world.tick(PAUSED)
    assert world.status(PAUSED) == "ACTIVE"
    assert world.said(PAUSED) == [("person", "paused", "active")]


def test_a_resume_whose_campaign_lost_its_zone_meanwhile_is_refused(world: ControlWorld) -> None:
    _resume_that_waits(world)
    world.register(PAUSED, time_zone="")
    world.tenant.clear_faults()
    world.tick(PAUSED)
    assert world.status(PAUSED) == "PAUSED"
    assert world.said(PAUSED) == [("person", "active", "refused", "window_unknown")]


def test_a_resume_that_was_refused_since_its_campaign_was_missing_is_not_made_up_for(
    world: ControlWorld,
) -> None:
    _resume_that_waits(world)
    world.tenant.add_fault({"status": 404}, method="GET", path=f"/omnichannel/campaigns/{PAUSED}", times=None)
    world.tick(PAUSED)
    world.tenant.clear_faults()
    world.tick(PAUSED)
    assert world.status(PAUSED) == "PAUSED"
    assert world.said(PAUSED) == [("person", "active", "refused", "missing")]


def test_a_resume_that_a_refused_one_superseded_does_not_come_back(world: ControlWorld) -> None:
    _resume_that_waits(world)
    world.clock.advance(seconds=1)
    assert world.take(world.requested(PAUSED, "active", "resume-2")) != []
    world.clock.advance(hours=14)
    world.tenant.clear_faults()
    world.tick(PAUSED)
    assert world.status(PAUSED) == "PAUSED"
    assert sorted(world.said(PAUSED)) == [*_REFUSED_LATE, ("person", "active", "superseded")]


def test_a_resume_whose_answer_was_lost_is_taken_back_after_its_hours(world: ControlWorld) -> None:
    world.tenant.add_fault({"serve_then": "cut"}, method="PUT", times=None)
    assert world.take(world.requested(PAUSED, "active", "resume-1")) != []
    world.another_party(PAUSED, "PAUSED")
    world.clock.advance(hours=14)
    world.tenant.clear_faults()
    world.tick(PAUSED)
    assert world.said(PAUSED) == _REFUSED_LATE
    assert world.status(PAUSED) == "PAUSED"
