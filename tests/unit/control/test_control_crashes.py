"""A decision that is cut off anywhere, or refused once, is done and said once, as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from faults import check_every_cut, check_every_refusal, fresh, recover, work_off_a_batch

from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.control import DIALS, PAUSED, QUEUE, ControlWorld


def _paused(world: ControlWorld) -> None:
    world.put(world.requested(DIALS, "paused", "event-a", reason="no agents"))


def _resumed(world: ControlWorld) -> None:
    world.put(world.requested(PAUSED, "active", "event-a"))


def _refused(world: ControlWorld) -> None:
    world.register(PAUSED, time_zone=None)
    world.put(world.requested(PAUSED, "active", "event-a"))


def _superseded(world: ControlWorld) -> None:
    """A pause that waits for CXone, and a resume that comes after it."""
    world.tenant.add_fault({"status": 503}, path="/omnichannel/", times=None)
    world.take(world.requested(DIALS, "paused", "event-a"))
    world.tenant.clear_faults()
    # How long the tries took is chance.
    world.clock.time = world.clock.time.replace(minute=10, second=0, microsecond=0)
    world.put(world.requested(DIALS, "active", "event-b"))


def _told(world: ControlWorld) -> None:
    """CXone reports what another party did to a campaign that was paused here."""
    world.ask(DIALS, "paused", "event-a")
    world.another_party(DIALS, "ACTIVE")
    world.clock.advance(minutes=5)
    world.put(world.reported(DIALS, "active"))


def _resumed_under_a_hold(world: ControlWorld) -> None:
    """CXone reports that another party resumed a campaign that is held."""
    world.archive_pauses(DIALS)
    world.another_party(DIALS, "ACTIVE")
    world.clock.advance(minutes=5)
    world.put(world.reported(DIALS, "active"))


_STORIES = {
    "paused": _paused,
    "resumed": _resumed,
    "refused": _refused,
    "superseded": _superseded,
    "told": _told,
    "resumed under a hold": _resumed_under_a_hold,
}


def _build(tenant: Tenant, story: str) -> Callable[[AwsWorld, FakeClock], ControlWorld]:
    def build(aws: AwsWorld, clock: FakeClock) -> ControlWorld:
        world = ControlWorld(aws, clock, tenant)
        _STORIES[story](world)
        return world

    return build


def _state(world: ControlWorld) -> object:
    """What there is in the end: what CXone was asked to do, what was said, what is noted, what is left."""
    asked = {each: [change.status for change in world.changes(each)] for each in (DIALS, PAUSED)}
    said = sorted(
        (fact["event_id"], fact["event_type"], sorted(fact["data"].items())) for fact in _facts(world)
    )
    notes = {
        each: [(note.decision.decision_id, note.result) for note in world.journal(each).notes]
        for each in (DIALS, PAUSED)
    }
    dead = [message["Body"] for message in world.aws.drain(f"{QUEUE}-dlq")]
    return asked, said, notes, dead


def _facts(world: ControlWorld) -> list[dict[str, object]]:
    facts = world.facts()
    for fact in facts:
        fact["data"]["reasons"] = tuple(fact["data"].get("reasons", ()))
    return facts


@pytest.mark.parametrize("story", _STORIES)
def test_a_decision_is_done_and_said_once_wherever_it_is_cut_off(tenant: Tenant, story: str) -> None:
    checked = check_every_cut(fresh(_build(tenant, story)), work_off_a_batch, recover, _state)
    assert checked.runs >= 4


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("story", ["paused"])
def test_a_decision_is_done_and_said_once_whatever_call_is_refused_once(tenant: Tenant, story: str) -> None:
    checked = check_every_refusal(fresh(_build(tenant, story)), work_off_a_batch, recover, _state)
    assert any("PUT" in call for call in checked.calls)
