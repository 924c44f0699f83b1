"""`outbound campaigns pause` and `resume`, and what `show` says of them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from outbound.cli.stack import Stack
from sandbox.running import Tenant, running_tenant
from worlds.aws import AwsWorld, FakeClock, sqs_event
from worlds.command import Command
from worlds.control import DIALS, PAUSED, QUEUE, STRAY, ControlWorld, tenant_of_campaigns


@pytest.fixture(scope="module")
def tenant_process() -> Iterator[Tenant]:
    with running_tenant(tenant_of_campaigns()) as tenant:
        yield tenant


@pytest.fixture
def world(
    aws: AwsWorld, clock: FakeClock, tenant_process: Tenant, monkeypatch: pytest.MonkeyPatch
) -> ControlWorld:
    world = ControlWorld(aws, clock, tenant_process)
    monkeypatch.setattr(Stack, "cxone", property(lambda _: world.runtime.cxone))
    return world


def let_it_work(world: ControlWorld) -> None:
    """Let the function take what the command asked for."""
    for event in world.aws.published("campaign.transition.requested"):
        body = json.dumps({"detail-type": event["event_type"], "detail": event})
        world.handle(sqs_event(QUEUE, body))


def test_a_pause_is_asked_for_with_who_and_why_and_shown(world: ControlWorld, outbound: Command) -> None:
    said = outbound("--json", "campaigns", "pause", STRAY, "--reason", "no agents", "--by", "lead").json
    let_it_work(world)
    shown = outbound("--json", "campaigns", "show", STRAY).json
    assert shown["cxone"]["status"] == "paused"
    (decision,) = shown["steering"].pop("decisions")
    assert shown["steering"] == {"wanted": "paused", "held_by": [], "in_doubt": False}
    assert decision["request_id"] == said["request_id"]
    assert (decision["requested_by"], decision["reason"], decision["result"]) == (
        "lead",
        "no agents",
        "applied",
    )


def test_waiting_ends_when_cxone_does_it(
    world: ControlWorld, outbound: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.clock, "sleep", lambda _: let_it_work(world))
    said = outbound("campaigns", "resume", PAUSED, "--reason", "agents are back", "--wait", "60")
    assert (said.code, said.out.strip()) == (0, f"{PAUSED} is active")


def test_a_resume_that_is_refused_says_why_and_what_to_type(
    world: ControlWorld, outbound: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.register(PAUSED, time_zone=None)
    monkeypatch.setattr(world.clock, "sleep", lambda _: let_it_work(world))
    said = outbound("campaigns", "resume", PAUSED, "--reason", "agents are back", "--wait", "60")
    assert said.code == 2
    assert f"outbound campaigns register {PAUSED} --time-zone ZONE" in " ".join(said.out.split())


def test_waiting_has_an_end(world: ControlWorld, outbound: Command) -> None:
    said = outbound("campaigns", "pause", DIALS, "--reason", "no agents", "--wait", "30")
    assert said.code == 1
    assert sum(world.clock.slept) == 30
    assert "outbound: after 30 s the request" in " ".join(said.err.split())
    assert "waits in the queue" in " ".join(said.err.split())


def test_a_time_zone_that_is_none_is_refused(world: ControlWorld, outbound: Command) -> None:
    said = outbound("campaigns", "register", DIALS, "--time-zone", "America/New_Yrok")
    assert said.code != 0
    assert "time_zone" in said.err
