"""A segmentation, and a suppression, end as undisturbed wherever they are cut off or refused once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from faults import check_every_cut, check_every_refusal, fresh, until_quiet

from sandbox.running import Tenant
from sandbox.world import contacts_of
from worlds.aws import AwsWorld, FakeClock
from worlds.segments import CAMPAIGN, CHANGES, LIST, NOON, SegmentWorld

# Two pages, each a part.
_LISTED = 12


def _segmenting(tenant: Tenant) -> Callable[[AwsWorld, FakeClock], SegmentWorld]:
    """One request over a list of two pages and parts, with a conflict in each."""
    ids = contacts_of(tenant.world, CAMPAIGN)
    for contact in ids[_LISTED:300]:
        tenant.remove_listed_contact(LIST, contact)
    for contact in ids[:_LISTED]:
        tenant.set_call_consent(LIST, contact, agreed=True)

    def build(aws: AwsWorld, clock: FakeClock) -> SegmentWorld:
        clock.time = NOON
        world = SegmentWorld(aws, clock, tenant, page_size=6, part_contacts=6)
        world.grant(*ids[: _LISTED - 1])
        world.consent("do_not_call", ids[3])
        world.consent("revoked", ids[8])
        aws.published()
        world.put(world.requested())
        return world

    return build


def _suppressing(tenant: Tenant) -> Callable[[AwsWorld, FakeClock], SegmentWorld]:
    def build(aws: AwsWorld, clock: FakeClock) -> SegmentWorld:
        clock.time = NOON
        world = SegmentWorld(aws, clock, tenant)
        world.register("winback")
        world.run(world.requested(), world.requested("winback"))
        aws.published()
        contact = _first_agreed(world)
        world.consent("do_not_call", contact)
        world.put(*world.recorded(), queue=CHANGES)
        return world

    return build


def _first_agreed(world: SegmentWorld) -> str:
    ids = contacts_of(world.tenant.world, CAMPAIGN)
    return next(
        one for one in ids if world.tenant.listed_contact(LIST, one)["consentFlags"]["outbound"]["call"]
    )


def _segment(world: SegmentWorld) -> None:
    world.trigger.poll()


def _suppress(world: SegmentWorld) -> None:
    world.change_trigger.poll()


def _recover(world: SegmentWorld) -> None:
    world.clock.advance(minutes=3)
    world.start_afresh()
    for _ in range(12):
        out = world.trigger.let_time_pass() + world.change_trigger.let_time_pass()
        world.clock.advance(minutes=3)
        if not world.trigger.poll() + world.change_trigger.poll() and not out:
            break
    world.clock.advance(minutes=10)
    until_quiet(lambda: sum(world.runtime.sweep().values()))


def _state(world: SegmentWorld) -> object:
    """What is the campaign's in the end: rows, facts and requests once each, and nothing left over."""
    events = {one["event_id"]: one for one in world.aws.published()}
    segmented = world.runs.segmented(CAMPAIGN)
    rows = world.rows(segmented.run_id)
    left = [
        dead["Body"] for queue in ("segment-contacts", CHANGES) for dead in world.aws.drain(f"{queue}-dlq")
    ]
    found = sorted(rows)[:3]
    return (
        {contact: _lasting(row) for contact, row in rows.items()},
        sorted((one["event_type"], _said(one["data"])) for one in events.values()),
        segmented.open_run,
        [row["contact_id"] for row in world.index.rows(segmented.run_id, found).values()],
        left,
    )


def _lasting(row: dict[str, Any]) -> dict[str, Any]:
    """What does not depend on when the run began, or on which attempt of it."""
    return {name: row[name] for name in ("state", "refusals", "conflict", "states", "zones")}


def _said(data: dict[str, Any]) -> str:
    names = ("campaign_id", "contact_id", "reason", "contacts", "callable", "conflicts", "refusals")
    return str({name: data[name] for name in names if name in data})


def test_a_segmentation_ends_as_undisturbed_wherever_it_is_cut_off(tenant: Tenant) -> None:
    assert check_every_cut(fresh(_segmenting(tenant)), _segment, _recover, _state).runs > 20


def test_a_segmentation_ends_as_undisturbed_wherever_a_call_is_refused_once(tenant: Tenant) -> None:
    assert check_every_refusal(fresh(_segmenting(tenant)), _segment, _recover, _state).runs > 20


def test_a_suppression_is_asked_for_wherever_its_carrier_is_cut_off(tenant: Tenant) -> None:
    checked = check_every_cut(fresh(_suppressing(tenant)), _suppress, _recover, _state)
    assert checked.runs > 8


def test_a_suppression_is_asked_for_wherever_a_call_is_refused_once(tenant: Tenant) -> None:
    assert check_every_refusal(fresh(_suppressing(tenant)), _suppress, _recover, _state).runs > 8
