"""A pause that CXone answers and does not do, or shows late, is asked for until the campaign is paused."""

from __future__ import annotations

from typing import Any

from outbound.steering.situation import CampaignState
from worlds.control import DIALS, ControlWorld


def _ignoring(world: ControlWorld, number: int) -> list[str]:
    """Let CXone answer the next requests and do nothing; return the keys that it sees."""
    port, keys = world.runtime.ports.campaigns, []

    def set_state(campaign_id: str, status: Any, idempotency_key: str) -> None:
        keys.append(idempotency_key)
        if len(keys) > number:
            port.set_state(campaign_id, status, idempotency_key)

    world.runtime.override("campaigns", set_state=set_state)
    return keys


def test_a_pause_that_is_answered_and_not_done_is_asked_for_again(world: ControlWorld) -> None:
    keys = _ignoring(world, 1)
    world.clock.advance(seconds=1)
    assert world.take(world.requested(DIALS, "paused")) == []
    assert world.status(DIALS) == "PAUSED"
    assert world.said(DIALS) == [("person", "active", "paused")]
    # CXone would know the first one as done.
    assert len(set(keys)) == 2


def test_a_pause_that_is_never_done_comes_back_and_is_not_as_wanted(world: ControlWorld) -> None:
    keys = _ignoring(world, 1000)
    event = world.requested(DIALS, "paused")
    assert world.take(event) != []
    assert 1 < len(keys) <= 3
    seen = world.tick(DIALS)
    assert (seen.wanted, seen.as_wanted) == (CampaignState.PAUSED, False)
    assert world.said(DIALS) == []
    world.start_afresh()
    assert world.take(event) == []
    assert world.status(DIALS) == "PAUSED"
    assert world.said(DIALS) == [("person", "active", "paused")]


def test_another_party_that_resumes_is_left_once_cxone_reports_it(world: ControlWorld) -> None:
    _ignoring(world, 1000)
    event = world.requested(DIALS, "paused")
    assert world.take(event) != []
    world.clock.advance(minutes=1)
    assert world.take(world.reported(DIALS, "PAUSED")) != []
    world.clock.advance(minutes=1)
    assert world.take(world.reported(DIALS, "ACTIVE")) == []
    assert world.tick(DIALS).wanted is CampaignState.ACTIVE
    assert world.status(DIALS) == "ACTIVE"
