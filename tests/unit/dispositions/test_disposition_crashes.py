"""Dispositions whose worker is cut off anywhere, or refused once, end as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from faults import check_every_cut, check_every_refusal, fresh, recover, work_off_a_batch

from outbound.dispositions.ledger import DispositionLedger
from outbound.events import Event
from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.dispositions import CAMPAIGN, DELIVERY, DispositionWorld

# What a worker may meet: a first disposition, one that takes another's place, one that is late, one that
# says nothing new, ones that are refused here and there, and one that must count whatever happens.
_STORIES: dict[str, tuple[tuple[str, float, dict[str, Any]], ...]] = {
    "applied": (("INTERESTED", 0, {"notes": "n"}),),
    "newer": (("BUSY", -10, {}), ("INTERESTED", 0, {})),
    "unchanged": (("INTERESTED", -10, {}), ("INTERESTED", 0, {})),
    "superseded": (("INTERESTED", 0, {}), ("BUSY", -10, {})),
    "not found": (("BUSY", 0, {"contact_id": "nobody"}),),
    "refused by cxone": (("BUSY", 0, {"agent_id": "nobody"}),),
    "invalid": (("CALLBACK_LATER", 0, {}),),
    "do not call": (("DO_NOT_CALL", 0, {}),),
}


def _build(tenant: Tenant, story: str) -> Callable[[AwsWorld, FakeClock], DispositionWorld]:
    *before, last = _STORIES[story]

    def build(aws: AwsWorld, clock: FakeClock) -> DispositionWorld:
        world = DispositionWorld(aws, clock, tenant)
        for number, (code, minutes, given) in enumerate(before):
            world.take(world.requested(code, minutes, id=f"before-{number}", **given))
        code, minutes, given = last
        world.put(world.requested(code, minutes, id="r1", **given))
        return world

    return build


def _state(world: DispositionWorld) -> object:
    contact = world.contact()
    facts = sorted(
        (fact["event_type"], fact["event_id"], fact["data"].get("request_id", ""))
        for fact in {fact["event_id"]: fact for fact in world.aws.published()}.values()
        if fact["event_type"] != "consent.changed"
    )
    called_off = {fact["data"]["change"] for fact in world.aws.published("consent.changed")}
    items = [item for item in world.ledger.requests_of(DELIVERY) if "facts" in item or "due_kind" in item]
    dead = [message["Body"] for message in world.aws.drain("apply-dispositions-dlq")]
    return (
        world.endings(),
        (contact.outcome_code, contact.notes, contact.disposition_timestamp),
        [(kind, request) for kind, _, request in facts],
        called_off,
        items,
        dead,
    )


# What these meet the others meet as well; all of them take a minute.
_MET_ELSEWHERE = {"applied", "superseded", "invalid", "not found"}


@pytest.mark.parametrize(
    "story",
    [pytest.param(one, marks=[pytest.mark.load] if one in _MET_ELSEWHERE else []) for one in _STORIES],
)
def test_a_disposition_ends_as_undisturbed_wherever_its_worker_is_cut_off(tenant: Tenant, story: str) -> None:
    checked = check_every_cut(fresh(_build(tenant, story)), work_off_a_batch, recover, _state)
    assert checked.runs >= 4


@pytest.mark.parametrize("story", ["newer"])
def test_a_disposition_ends_as_undisturbed_wherever_a_call_is_refused_once(
    tenant: Tenant, story: str
) -> None:
    assert check_every_refusal(fresh(_build(tenant, story)), work_off_a_batch, recover, _state).runs > 10


def test_what_was_written_and_not_recorded_is_applied_though_a_newer_one_came_first(
    world: DispositionWorld,
) -> None:
    """The older one's worker dies between its write and its record; the newer one finds the write."""
    _die_before_the_record(world, world.requested("BUSY", -10, id="old"))
    world.clock.advance(minutes=5)
    world.take(world.requested("INTERESTED", -5, id="new"))
    world.take(world.requested("BUSY", -10, id="old"))

    assert world.endings() == {"new": "applied", "old": "applied"}
    assert len(world.contact().writes) == 2
    facts = [(fact["event_type"], fact["data"]["request_id"]) for fact in world.aws.published()]
    assert sorted(facts) == [("disposition.applied", "new"), ("disposition.applied", "old")]


def test_a_newer_one_that_was_written_and_not_recorded_is_not_overwritten(world: DispositionWorld) -> None:
    _die_before_the_record(world, world.requested("INTERESTED", -5, id="new"))
    world.clock.advance(minutes=5)
    world.take(world.requested("BUSY", -10, id="old"))
    assert world.contact().outcome_code == "INTERESTED"
    world.take(world.requested("INTERESTED", -5, id="new"))

    assert world.endings() == {"new": "applied", "old": "superseded"}
    assert len(world.contact().writes) == 1


def test_what_a_found_one_wrote_is_not_taken_for_what_stood_before_it(world: DispositionWorld) -> None:
    """The same outcome with other notes was written and not recorded: saying the first again is a change."""
    world.take(world.requested("INTERESTED", -20, id="first", notes="a"))
    _die_before_the_record(world, world.requested("INTERESTED", -10, id="cut off", notes="b"))
    world.clock.advance(minutes=5)
    world.take(world.requested("INTERESTED", -5, id="again", notes="a"))

    assert world.endings() == {"again": "applied", "cut off": "applied", "first": "applied"}
    assert world.contact().notes == "a"


def test_an_answer_that_was_lost_is_not_written_twice(world: DispositionWorld) -> None:
    world.tenant.add_fault({"serve_then": "cut"}, method="PATCH", path="/contacts/", times=10)
    world.put(world.requested(id="r1"))
    world.trigger.poll()
    world.tenant.clear_faults()
    tries = len(world.contact().writes)
    world.clock.advance(minutes=5)
    world.trigger.let_time_pass()
    world.trigger.poll()

    assert world.endings() == {"r1": "applied"}
    assert len(world.contact().writes) == tries, "the next run finds it done"


@pytest.mark.parametrize("delivery", [DELIVERY, "delivery-2"])
def test_a_lost_answer_is_found_by_the_same_request_from_any_delivery(
    world: DispositionWorld, delivery: str
) -> None:
    world.tenant.add_fault({"serve_then": "cut"}, method="PATCH", path="/contacts/", times=10)
    assert world.take(world.requested(id="r1"))
    world.tenant.clear_faults()
    world.clock.advance(minutes=5)

    assert not world.take(world.requested(id="r1", correlation_id=delivery))
    assert world.endings() == {"r1": "applied"}
    assert world.endings(delivery) == {"r1": "applied" if delivery == DELIVERY else "unchanged"}


def test_what_was_rejected_after_a_lost_answer_holds_up_no_other(world: DispositionWorld) -> None:
    world.tenant.add_fault({"serve_then": "cut"}, method="PATCH", path="/contacts/", times=10)
    assert world.take(world.requested("INTERESTED", id="r1"))
    world.tenant.clear_faults()
    world.clock.advance(minutes=5)
    known = world.settings
    world.settings = known.model_copy(update={"outcome_codes": frozenset({"BUSY"})})
    world.take(world.requested("INTERESTED", id="r1"))
    world.settings = known

    assert not world.take(world.requested("BUSY", 5, id="r2")), "it need not come back"
    assert world.endings() == {"r1": "rejected", "r2": "applied"}
    assert world.contact().outcome_code == "BUSY"


def test_while_a_claim_lasts_no_other_request_is_written(world: DispositionWorld) -> None:
    _die_before_the_record(world, world.requested("BUSY", -10, id="old"))
    before = world.tenant.stats().count(_READ)

    assert world.take(world.requested("INTERESTED", -5, id="new")), "it comes back"
    assert world.tenant.stats().count(_READ) == before
    assert world.contact().outcome_code == "BUSY"


_READ = f"GET /api/v1/outbound/campaigns/{CAMPAIGN}/contacts"


def _die_before_the_record(world: DispositionWorld, event: Event) -> None:
    """Let a worker end between its write to CXone and its record of it; another takes its place."""

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with patch.object(DispositionLedger, "apply", dies), pytest.raises(KeyboardInterrupt):
        world.take(event)
    world.start_afresh()
