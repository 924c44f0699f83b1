"""What was asked for and not answered may arrive late: no look before that proves another party's doing."""

from __future__ import annotations

from typing import Any

from outbound.cxone.errors import Unavailable
from outbound.steering.situation import CampaignState
from worlds.control import DIALS, ControlWorld


def _losing_the_first(world: ControlWorld) -> None:
    """Let the next request be on its way for a while, and its answer be lost."""
    port, lost = world.runtime.ports.campaigns, []

    def set_state(campaign_id: str, status: Any, idempotency_key: str) -> None:
        if lost:
            port.set_state(campaign_id, status, idempotency_key)
            return
        lost.append(status)
        error = Unavailable("the answer was lost")
        error.in_doubt = True
        raise error

    world.runtime.override("campaigns", set_state=set_state)


def test_a_pause_that_arrives_after_a_newer_resume_is_no_other_party_s(world: ControlWorld) -> None:
    _losing_the_first(world)
    world.clock.advance(seconds=1)
    assert world.take(world.requested(DIALS, "paused")) != []
    # It still dials, as the newer decision wants: that says nothing of the pause, which is on its way. So the
    # message comes back, to see what has become of it.
    world.clock.advance(seconds=1)
    assert world.take(world.requested(DIALS, "active")) != []
    world.another_party(DIALS, "PAUSED")
    world.clock.advance(seconds=30)
    assert world.control.reconcile(DIALS).wanted is CampaignState.ACTIVE
    assert world.status(DIALS) == "ACTIVE"
    assert "cxone" not in {said[0] for said in world.said(DIALS)}


def test_a_resume_that_arrives_after_a_newer_pause_is_no_other_party_s(world: ControlWorld) -> None:
    world.ask(DIALS, "paused")
    _losing_the_first(world)
    world.clock.advance(seconds=1)
    assert world.take(world.requested(DIALS, "active")) != []
    world.clock.advance(seconds=1)
    assert world.take(world.requested(DIALS, "paused")) != []
    world.another_party(DIALS, "ACTIVE")
    world.clock.advance(seconds=30)
    world.take(world.reported(DIALS, "ACTIVE"))
    assert world.tick(DIALS).wanted is CampaignState.PAUSED
    assert world.status(DIALS) == "PAUSED"
    assert "cxone" not in {said[0] for said in world.said(DIALS)}
