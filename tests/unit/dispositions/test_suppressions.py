"""A suppression of our own is written until CXone has it, and says nothing about the person."""

from __future__ import annotations

from typing import Any

import pytest
from faults import check_every_cut, check_every_refusal, fresh, recover, work_off_a_batch

from outbound.cxone.ports.dispositions import Contact
from outbound.events.requests.by_type import INTERNAL, REPORTS, REQUESTS
from outbound.events.types import EventType
from sandbox.running import Tenant
from sandbox.world import agents_of
from worlds.aws import AwsWorld, FakeClock
from worlds.dispositions import CAMPAIGN, DELIVERY, DispositionWorld


@pytest.fixture
def suppressing(aws: AwsWorld, clock: FakeClock, tenant: Tenant) -> DispositionWorld:
    return _world(aws, clock, tenant)


def _world(aws: AwsWorld, clock: FakeClock, tenant: Tenant, **settings: Any) -> DispositionWorld:
    agent = agents_of(tenant.world, CAMPAIGN)[0]
    return DispositionWorld(aws, clock, tenant, **{"default_agent_id": agent, **settings})


def test_a_suppression_is_written_and_not_recorded_of_the_person(suppressing: DispositionWorld) -> None:
    suppressing.take(suppressing.suppression())

    contact = suppressing.contact()
    assert (contact.outcome_code, contact.notes) == ("DO_NOT_CALL", "suppressed: consent_revoked")
    assert [fact["event_type"] for fact in suppressing.aws.published()] == ["disposition.applied"]


def test_what_an_agent_says_is_recorded_of_the_person_all_the_same(suppressing: DispositionWorld) -> None:
    suppressing.take(suppressing.requested("DO_NOT_CALL", notes="suppressed: consent_revoked"))
    assert "consent.changed" in {fact["event_type"] for fact in suppressing.aws.published()}


def test_what_forbids_to_call_goes_before_others_where_the_quota_is_used_up(
    suppressing: DispositionWorld,
) -> None:
    asked: dict[str, bool] = {}

    def contact(campaign_id: str, contact_id: str, *, urgent: bool = False) -> Contact:
        asked[contact_id] = urgent
        return Contact("READY", "", None, None)

    suppressing.runtime.override("dispositions", contact=contact)
    suppressing.take(
        suppressing.suppression(contact="suppressed"),
        suppressing.requested("DO_NOT_CALL", contact="refused", id="r1"),
        suppressing.requested("INTERESTED", contact="likes it", id="r2"),
    )
    assert {name: asked[suppressing.contact_id(name)] for name in ("suppressed", "refused", "likes it")} == {
        "suppressed": True,
        "refused": True,
        "likes it": False,
    }


def test_no_webhook_can_ask_for_a_suppression() -> None:
    """Mappings may name what is in REQUESTS and REPORTS, and files make dispositions alone."""
    assert EventType.SUPPRESSION_REQUESTED in INTERNAL
    assert not set(INTERNAL) & {*REQUESTS, *REPORTS}


def test_a_suppression_stands_behind_nothing(suppressing: DispositionWorld) -> None:
    """Neither behind a disposition of ours from a clock that was ahead, nor behind another application's."""
    suppressing.take(suppressing.requested("INTERESTED", 4, id="ahead"))
    other = suppressing.beside()
    other.clock.advance(minutes=4)
    other.take(other.requested("BUSY", 8, id="other"))
    suppressing.take(suppressing.suppression())

    assert suppressing.endings()["suppression"] == "applied"
    assert suppressing.contact().outcome_code == "DO_NOT_CALL"


def test_an_older_disposition_that_comes_late_does_not_undo_a_suppression(
    suppressing: DispositionWorld,
) -> None:
    suppressing.take(suppressing.suppression())
    suppressing.take(suppressing.requested("INTERESTED", -5, id="late"))

    assert suppressing.endings()["late"] == "superseded"
    assert suppressing.contact().outcome_code == "DO_NOT_CALL"


def test_a_suppression_is_never_too_old(suppressing: DispositionWorld) -> None:
    request = suppressing.suppression()
    suppressing.clock.advance(days=500)
    suppressing.take(request)
    assert suppressing.endings() == {"suppression": "applied"}


def test_a_contact_who_is_on_the_list_in_cxone_is_not_written_again(suppressing: DispositionWorld) -> None:
    other = suppressing.beside()
    other.take(other.requested("DO_NOT_CALL", -1))
    suppressing.take(suppressing.suppression())

    assert suppressing.endings() == {"suppression": "unchanged"}
    assert len(suppressing.contact().writes) == 1


def test_the_same_suppression_is_written_once(suppressing: DispositionWorld) -> None:
    for _ in range(3):
        suppressing.take(suppressing.suppression())
        suppressing.clock.advance(minutes=7)
    assert len(suppressing.contact().writes) == 1


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"default_agent_id": ""}, "default_agent_id"),
        ({"outcome_codes": ["INTERESTED"], "required_fields": {}}, "outcome_codes"),
    ],
)
def test_settings_that_cannot_suppress_are_told_and_the_request_is_kept(
    aws: AwsWorld, clock: FakeClock, tenant: Tenant, settings: dict[str, Any], named: str
) -> None:
    world = _world(aws, clock, tenant, **settings)
    world.put(world.suppression())
    world.trigger.poll()

    (dead,) = aws.drain("apply-dispositions-dlq")
    assert named in dead["MessageAttributes"]["reason"]["StringValue"]
    world.settings = world.settings.model_validate({"default_agent_id": world.agent})
    assert not world.take(world.suppression())
    assert world.contact().outcome_code == "DO_NOT_CALL"


def test_a_suppression_that_was_rejected_is_tried_anew_when_it_is_asked_for_again(
    aws: AwsWorld, clock: FakeClock, tenant: Tenant
) -> None:
    world = _world(aws, clock, tenant, default_agent_id="nobody")
    world.take(world.suppression())
    assert world.endings() == {"suppression": "rejected"}
    world.settings = world.settings.model_validate({"default_agent_id": world.agent})
    world.take(world.suppression())
    assert world.endings() == {"suppression": "applied"}


@pytest.mark.parametrize("what", ["suppression", "DO_NOT_CALL", "INTERESTED"])
def test_what_forbids_rings_where_cxone_cannot_take_it(
    suppressing: DispositionWorld, measured: dict[str, list[float]], what: str
) -> None:
    suppressing.tenant.add_fault({"status": 503}, path="/contacts/", times=None)
    asked = suppressing.suppression() if what == "suppression" else suppressing.requested(what)
    suppressing.put(asked)
    suppressing.trigger.poll()

    assert not set(suppressing.endings().values()) & {"applied", "rejected"}, "it waits"
    assert ("DispositionDeferredAgeSeconds" in measured) is (what != "INTERESTED")


def test_a_suppressed_contact_who_is_on_a_call_is_waited_for(suppressing: DispositionWorld) -> None:
    contact = suppressing.contact_id()
    suppressing.tenant.set_contact_state(CAMPAIGN, contact, "CONNECTED")
    suppressing.put(suppressing.suppression())
    suppressing.trigger.poll()
    assert suppressing.endings() == {"suppression": "waiting"}
    suppressing.clock.advance(hours=20)
    suppressing.trigger.let_time_pass()
    suppressing.trigger.poll()
    assert suppressing.endings() == {"suppression": "waiting"}, "it is never rejected for waiting"
    suppressing.tenant.set_contact_state(CAMPAIGN, contact, "READY")
    suppressing.clock.advance(hours=3)
    suppressing.trigger.let_time_pass()
    suppressing.trigger.poll()
    assert suppressing.endings() == {"suppression": "applied"}


def _build(tenant: Tenant, before: bool) -> Any:
    def build(aws: AwsWorld, clock: FakeClock) -> DispositionWorld:
        world = _world(aws, clock, tenant)
        if before:
            world.take(world.requested("INTERESTED", -10, id="before"))
        world.put(world.suppression())
        return world

    return build


def _state(world: DispositionWorld) -> object:
    facts = {fact["event_id"]: fact["event_type"] for fact in world.aws.published()}
    items = [item for item in world.ledger.requests_of(DELIVERY) if "facts" in item or "due_kind" in item]
    contact = world.contact()
    return (
        world.endings(),
        contact.outcome_code,
        contact.notes,
        len({str(write.body) for write in contact.writes}),
        sorted(facts.values()),
        items,
        [message["Body"] for message in world.aws.drain("apply-dispositions-dlq")],
    )


@pytest.mark.parametrize("before", [True, False])
def test_a_suppression_ends_as_undisturbed_wherever_its_worker_is_cut_off(
    tenant: Tenant, before: bool
) -> None:
    assert check_every_cut(fresh(_build(tenant, before)), work_off_a_batch, recover, _state).runs > 8


def test_a_suppression_ends_as_undisturbed_wherever_a_call_is_refused_once(tenant: Tenant) -> None:
    assert check_every_refusal(fresh(_build(tenant, True)), work_off_a_batch, recover, _state).runs > 5
