"""`outbound campaigns preview` asks for a segment, waits for it, and says what came of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from outbound.cli.check_suppressions import suppressions
from outbound.events import Event
from sandbox.world import contacts_of
from worlds.aws import FakeClock
from worlds.command import Command, command
from worlds.segments import CAMPAIGN, LIST, NOON, SegmentWorld

REQUEST = "campaign.segment.requested"


@pytest.fixture
def outbound(
    world: SegmentWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return command(world.aws, world.clock, monkeypatch, capsys)


@pytest.fixture
def at_work(world: SegmentWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the command waits, the function does its work."""

    def meanwhile(clock: FakeClock, seconds: float) -> None:
        clock.advance(seconds=seconds)
        for event in world.aws.published(REQUEST):
            world.run(Event.from_detail(event))

    monkeypatch.setattr(FakeClock, "sleep", meanwhile)


def _granted(world: SegmentWorld) -> list[str]:
    ids = contacts_of(world.tenant.world, CAMPAIGN)[:300]
    listed = [world.tenant.listed_contact(LIST, one) for one in ids]
    agreed = [one["contactId"] for one in listed if one["consentFlags"]["outbound"]["call"]]
    world.grant(*agreed[:-12])
    return agreed


@pytest.mark.slow
def test_a_preview_is_asked_for_by_an_event_and_shown_in_words(
    world: SegmentWorld, outbound: Command
) -> None:
    world.clock.time = NOON - timedelta(hours=3)
    agreed = _granted(world)
    world.consent("do_not_call", agreed[0], minutes=-600)
    world.aws.published()
    asked = outbound("--json", "campaigns", "preview", CAMPAIGN).json
    assert asked["last"] is None
    (event,) = world.aws.published(REQUEST)
    assert event["event_id"] == asked["request_id"]
    world.run(Event.from_detail(event))
    world.clock.advance(minutes=5)

    said = outbound("--json", "campaigns", "preview", CAMPAIGN, "--last").json
    shown = " ".join(outbound("campaigns", "preview", CAMPAIGN, "--last").out.split())
    count, now, later = len(agreed), said["callable"], said["later"]
    assert f"Of {count} contacts {now} may be called now, {later} later, 13 never" in shown
    assert "13 never: 12 no_consent, 1 do_not_call." in shown
    assert f"Next openings (UTC): {said['openings']['2026-03-10T15:00Z']} from 2026-03-10 15:00" in shown
    assert "1 conflict: CXone lists as agreed" in shown
    assert "CXone was sent the query: consentFlags.outbound.call==true" in shown
    assert said["never_because"] == {"no_consent": 12, "do_not_call": 1}
    assert sum(said["openings"].values()) == later
    assert said["conflicts"] == {"do_not_call": 1}
    assert said["age_seconds"] >= 300
    assert count == now + later + said["refused"]


@pytest.mark.usefixtures("at_work")
def test_a_preview_can_be_waited_for(world: SegmentWorld, outbound: Command) -> None:
    arguments = ("--attribute", "segment=gold", "--wait")
    said = outbound("--json", "campaigns", "preview", CAMPAIGN, *arguments).json
    assert said["attributes"] == {"segment": "gold"}
    assert said["query"] == "consentFlags.outbound.call==true && segment==gold"
    assert said["contacts"] == said["refusals"]["no_consent"] > 0


def test_a_preview_that_takes_longer_than_is_waited_for_says_so(
    world: SegmentWorld, outbound: Command
) -> None:
    late = outbound("campaigns", "preview", CAMPAIGN, "--wait", "30")
    assert late.code == 1
    assert "after 30 s the request waits in the queue; it goes on without you" in " ".join(late.err.split())
    assert "--last" in late.err


@pytest.mark.usefixtures("at_work")
def test_a_list_that_could_not_be_judged_is_told(world: SegmentWorld, outbound: Command) -> None:
    world.register(contact_list_id="gone")
    refused = outbound("campaigns", "preview", CAMPAIGN, "--wait")
    assert refused.code == 2
    assert "was not judged" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobodys",), "is not registered; use: outbound campaigns register nobodys --list ID"),
        (("listless",), "names no contact list; use: outbound campaigns register listless --list ID"),
        ((CAMPAIGN, "--attribute", "segment"), "is not NAME=VALUE"),
        ((CAMPAIGN, "--attribute", "segment=a&&b"), "attributes.segment"),
        ((CAMPAIGN, "--last"), "was never judged"),
    ],
)
def test_what_cannot_be_is_refused_at_once(
    world: SegmentWorld, outbound: Command, arguments: tuple[str, ...], said: str
) -> None:
    outbound("campaigns", "register", "listless")
    refused = outbound("campaigns", "preview", *arguments)
    assert refused.code == 2
    assert said in " ".join(refused.err.split())
    assert world.aws.published(REQUEST) == []


@pytest.mark.parametrize(
    ("document", "state"),
    [
        ({}, "wrong"),
        ({"default_agent_id": "desk"}, "ok"),
        ({"default_agent_id": "desk", "do_not_call_codes": ["DNC"]}, "wrong"),
    ],
)
def test_check_says_whether_contacts_can_be_suppressed(
    world: SegmentWorld, document: dict[str, Any], state: str
) -> None:
    settings = json.dumps(document)
    name = "/outbound/config/dispositions"
    world.aws.ssm.put_parameter(Name=name, Type="String", Overwrite=True, Value=settings)
    (found,) = suppressions(world.runtime)
    assert found.state == state
    world.register(contact_list_id="")
    assert list(suppressions(world.runtime)) == []
