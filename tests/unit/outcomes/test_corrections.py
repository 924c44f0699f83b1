"""A disposition that changes a pulled call's outcome has its window pulled anew: summary, rows and all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outbound.clock import format_time
from outbound.cxone.ports.dispositions import NewDisposition
from outbound.events import Event
from outbound.outcomes.corrections import Corrections
from sandbox.world import agents_of, contacts_of
from worlds.dispositions import surface_at
from worlds.outcomes import TENANT, PullWorld, hours_ago

SPRING: dict[str, Any] = {"id": "spring", "calls": 40, "contacts": 40, "from": -3, "to": -1}


@pytest.fixture
def world(pulls: Any) -> PullWorld:
    """A world whose one campaign is pulled."""
    world = pulls(SPRING)
    world.register("spring", start=hours_ago(world.clock, 4))
    world.tick()
    world.work_off()
    world.facts()
    return world


def _applied(world: PullWorld, number: int = 0, **data: Any) -> Event:
    """The fact that CXone has a new outcome for a contact, and the tenant with it."""
    row = sorted(world.rows(), key=lambda row: str(row["start_time"]))[number]
    said = {
        "campaign_id": "spring",
        "contact_id": row["contact_id"],
        "outcome_before": row["disposition_code"],
        "outcome_code": "CONVERTED",
        "last_attempt_at": row["start_time"],
        **data,
    }
    return Event(
        f"applied-{number}", "disposition.applied", format_time(world.clock.now()), "c", TENANT, said
    )


def _pulled_again(world: PullWorld) -> list[dict[str, Any]]:
    """Let the time of corrections come, and do what is asked for then; give the pulls of it."""
    world.clock.advance(minutes=16)
    world.sweep()
    asked = world.facts()
    for event in asked:
        if event["event_type"] == "outcomes.pull.requested":
            world.requests.answer(Event.from_detail(event), world.settings)
    world.work_off()
    return [event for event in world.facts() if event["event_type"] == "outcomes.pulled"]


def test_a_changed_outcome_corrects_the_summary_of_its_day(world: PullWorld) -> None:
    before = sum(row["mapped_category"] == "success" for row in world.rows())
    contact = sorted(world.rows(), key=lambda row: str(row["start_time"]))[0]["contact_id"]
    _write(world, contact, "INTERESTED")
    world.requests.answer(_applied(world, outcome_code="INTERESTED"), world.settings)
    (pulled,) = _pulled_again(world)

    row = next(row for row in world.rows() if row["contact_id"] == contact)
    assert (row["disposition_code"], row["mapped_category"]) == ("INTERESTED", "warm")
    assert pulled["data"]["metrics"]
    assert sum(row["mapped_category"] == "success" for row in world.rows()) <= before


def test_many_changes_of_a_window_pull_it_once(world: PullWorld) -> None:
    for number in range(5):
        world.requests.answer(_applied(world, number), world.settings)

    assert len(_pulled_again(world)) == 1
    assert _pulled_again(world) == [], "and not again"


@pytest.mark.parametrize(
    "said",
    [
        {"outcome_before": "CONVERTED"},
        {"last_attempt_at": None},
        {"last_attempt_at": "yesterday"},
        {"campaign_id": "nobody"},
        {"campaign_id": None},
    ],
)
def test_what_changes_no_pulled_call_pulls_nothing(world: PullWorld, said: dict[str, Any]) -> None:
    world.requests.answer(_applied(world, **said), world.settings)

    assert _pulled_again(world) == []


def test_a_call_that_is_not_pulled_yet_needs_no_correction(world: PullWorld) -> None:
    moment = format_time(world.clock.now())
    world.requests.answer(_applied(world, last_attempt_at=moment), world.settings)

    assert _pulled_again(world) == []


def test_a_change_during_the_request_is_not_forgotten(world: PullWorld) -> None:
    world.requests.answer(_applied(world, 0), world.settings)
    world.clock.advance(minutes=16)
    (item,) = list(world.table.due("corrections", int(world.clock.now().timestamp()), 10))
    world.requests.answer(_applied(world, 1), world.settings)
    Corrections(world.table, world.jobs, world.runtime.bus, "acme", world.clock).request(item)

    assert len(list(world.table.due("corrections", 2**33, 10))) == 1, "the mark was renewed, so it stays"


def _write(world: PullWorld, contact_id: str, code: str) -> None:
    """Give a contact another outcome in the tenant."""
    assert contact_id in contacts_of(world.tenant.world, "spring")
    document = world.runtime.cxone.http._settings().model_dump(mode="json")
    document["surfaces"]["dispositions"] = surface_at(world.tenant.url)
    world.aws.ssm.put_parameter(
        Name="/outbound/config/cxone", Type="String", Overwrite=True, Value=json.dumps(document)
    )
    world.clock.advance(minutes=2)
    agent = agents_of(world.tenant.world, "spring")[0]
    world.cxone.dispositions.dispose(NewDisposition("spring", contact_id, code, agent, world.clock.now()))
