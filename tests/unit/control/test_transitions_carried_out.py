"""A campaign is brought to the state that is decided, once; what is refused is said by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from outbound.steering.situation import CampaignState
from outbound.steering.transitions import Target
from worlds.control import DIALS, ENDED, PAUSED, SLOW, STRAY, ControlWorld


def test_a_pause_reaches_cxone_and_is_said_once_with_who_and_why(world: ControlWorld) -> None:
    world.ask(DIALS, "paused", "event-a", reason="no agents", requested_by="shift lead")
    assert world.status(DIALS) == "PAUSED"
    (fact,) = world.facts()
    assert fact["correlation_id"] == "event-a"
    assert fact["data"] == {
        "campaign_id": DIALS,
        "decision_id": "event-a",
        "from_state": "active",
        "to_state": "paused",
        "target_state": "paused",
        "party": "person",
        "requested_by": "shift lead",
        "reason": "no agents",
        "decided_at": "2026-03-10T16:00:01Z",
    }


def test_a_resume_reaches_cxone(world: ControlWorld) -> None:
    world.ask(PAUSED, "active")
    assert world.status(PAUSED) == "ACTIVE"
    assert world.said(PAUSED) == [("person", "paused", "active")]


def test_the_same_request_again_has_no_effect(world: ControlWorld) -> None:
    world.ask(DIALS, "paused", "event-a")
    world.ask(DIALS, "active", "event-b")
    world.ask(DIALS, "paused", "event-a")
    assert world.status(DIALS) == "ACTIVE"
    assert world.said(DIALS) == [("person", "active", "paused"), ("person", "paused", "active")]


def test_a_request_that_is_older_than_the_newest_is_superseded(world: ControlWorld) -> None:
    old = world.requested(DIALS, "paused")
    world.ask(DIALS, "active")
    assert world.take(old) == []
    assert world.status(DIALS) == "ACTIVE"
    assert ("person", "paused", "superseded") in world.said(DIALS)


@pytest.mark.parametrize("target", ["active", "paused"])
def test_a_campaign_that_does_it_already_is_not_asked_and_the_decision_is_said(
    world: ControlWorld, target: str
) -> None:
    campaign_id = DIALS if target == "active" else PAUSED
    world.ask(campaign_id, target)
    assert world.said(campaign_id) == [("person", target, target)]
    assert world.tenant.stats().count("PUT /api/v2/omnichannel/campaigns/{campaign_id}") == 0


def test_a_pause_needs_no_registration(world: ControlWorld) -> None:
    world.ask(STRAY, "paused")
    assert world.status(STRAY) == "PAUSED"


def test_a_resume_outside_of_the_window_is_refused(world: ControlWorld) -> None:
    world.clock.advance(hours=10)
    world.ask(PAUSED, "active")
    assert world.status(PAUSED) == "PAUSED"
    assert world.said(PAUSED) == [("person", "active", "refused", "outside_window")]


def test_a_resume_without_a_zone_is_refused_with_what_to_type(world: ControlWorld) -> None:
    world.register(PAUSED, time_zone=None)
    world.ask(PAUSED, "active")
    (fact,) = world.facts()
    assert fact["data"]["reasons"] == ["window_unknown"]
    assert f"outbound campaigns register {PAUSED} --time-zone ZONE" in fact["data"]["message"]


def test_a_resume_of_a_campaign_that_has_ended_is_refused(world: ControlWorld) -> None:
    world.ask(ENDED, "active")
    assert world.said(ENDED) == [("person", "active", "refused", "ended")]


def test_a_pause_of_a_campaign_that_has_ended_is_said_and_asks_for_nothing(world: ControlWorld) -> None:
    world.ask(ENDED, "paused")
    assert world.said(ENDED) == [("person", "ended", "ended")]
    assert world.status(ENDED) == "COMPLETED"


@pytest.mark.parametrize("target", ["active", "paused"])
def test_a_campaign_that_cxone_does_not_know_is_missing(world: ControlWorld, target: str) -> None:
    world.ask("nowhere", target)
    assert world.said("nowhere") == [("person", target, "refused", "missing")]


def test_a_resume_under_a_hold_is_refused_and_stays_so_when_it_comes_again(world: ControlWorld) -> None:
    world.hold(PAUSED)
    world.ask(PAUSED, "active", "event-a")
    world.release(PAUSED)
    world.ask(PAUSED, "active", "event-a")
    assert world.status(PAUSED) == "PAUSED"
    assert world.said(PAUSED) == [("person", "active", "refused", "held")]


def test_what_was_decided_before_a_hold_counts_again_after_it(world: ControlWorld) -> None:
    world.ask(PAUSED, "active")
    world.hold(PAUSED)
    assert world.tick(PAUSED).wanted is CampaignState.PAUSED
    assert world.status(PAUSED) == "PAUSED"
    world.release(PAUSED)
    assert world.tick(PAUSED).as_wanted
    assert world.status(PAUSED) == "ACTIVE"
    assert world.said(PAUSED) == [("person", "paused", "active")]


def test_a_pause_under_a_hold_outlasts_it(world: ControlWorld) -> None:
    world.hold(DIALS)
    world.tick(DIALS)
    world.ask(DIALS, "paused")
    world.release(DIALS)
    world.tick(DIALS)
    assert world.status(DIALS) == "PAUSED"
    assert world.said(DIALS) == [("person", "active", "paused")]


def test_another_party_that_resumes_is_left_and_said(world: ControlWorld) -> None:
    world.ask(DIALS, "paused")
    world.another_party(DIALS, "ACTIVE")
    world.clock.advance(minutes=1)
    assert world.take(world.reported(DIALS, "active")) == []
    assert world.status(DIALS) == "ACTIVE"
    assert world.said(DIALS) == [("person", "active", "paused"), ("cxone", "paused", "active")]


def test_another_party_is_said_once_whether_a_look_or_a_report_tells_first(world: ControlWorld) -> None:
    world.ask(DIALS, "paused")
    world.another_party(DIALS, "ACTIVE")
    world.clock.advance(minutes=1)
    report = world.reported(DIALS, "active")
    world.tick(DIALS)
    assert world.take(report) == []
    assert world.tick(DIALS).as_wanted
    assert world.said(DIALS) == [("person", "active", "paused"), ("cxone", "paused", "active")]


def test_the_echo_of_what_was_asked_for_is_nobodys_decision(world: ControlWorld) -> None:
    world.ask(DIALS, "paused", "event-a")
    world.ask(DIALS, "active", "event-b")
    # CXone's clock is ahead: the echo of the pause seems to follow the resume.
    assert world.take(world.reported(DIALS, "paused", world.clock.now() + timedelta(seconds=2))) == []
    assert world.status(DIALS) == "ACTIVE"
    assert [said[0] for said in world.said(DIALS)] == ["person", "person"]


def test_a_pause_after_an_unnoticed_resume_of_another_party_counts(world: ControlWorld) -> None:
    world.ask(DIALS, "paused")
    world.another_party(DIALS, "ACTIVE")
    world.clock.advance(minutes=5)
    world.ask(DIALS, "paused")
    assert world.status(DIALS) == "PAUSED"


def test_a_failover_that_decides_later_counts_over_a_person(world: ControlWorld) -> None:
    world.ask(PAUSED, "active")
    assert world.decide(PAUSED, Target.PAUSED) == "accepted"
    assert world.control.reconcile(PAUSED).as_wanted
    assert world.status(PAUSED) == "PAUSED"


def test_a_pause_that_waits_for_its_calls_is_done_when_no_more_are_begun(world: ControlWorld) -> None:
    world.ask(SLOW, "paused")
    assert world.status(SLOW) == "PAUSING"
    assert world.said(SLOW) == [("person", "active", "pausing")]


def test_a_pause_is_sent_though_cxone_cannot_be_looked_at(world: ControlWorld) -> None:
    world.tenant.add_fault({"status": 503}, method="GET", path=f"/omnichannel/campaigns/{DIALS}", times=None)
    event = world.requested(DIALS, "paused")
    assert world.take(event) != []
    assert world.status(DIALS) == "PAUSED"
    world.tenant.clear_faults()
    assert world.take(event) == []
    assert world.said(DIALS) == [("person", "unknown", "paused")]


def test_a_resume_waits_for_cxone_and_is_refused_after_a_while(world: ControlWorld) -> None:
    world.tenant.add_fault({"status": 503}, method="GET", path=f"/omnichannel/campaigns/{PAUSED}", times=None)
    event = world.requested(PAUSED, "active")
    assert world.take(event) != []
    assert world.said(PAUSED) == []
    world.clock.advance(minutes=11)
    world.take(event)
    assert world.said(PAUSED) == [("person", "active", "refused", "state_unknown")]


def test_a_lost_answer_is_asked_for_again_under_the_same_key(world: ControlWorld) -> None:
    world.tenant.add_fault({"serve_then": "cut"}, method="PUT", times=None)
    event = world.requested(DIALS, "paused")
    assert world.take(event) != []
    world.tenant.clear_faults()
    world.clock.advance(minutes=3)
    assert world.take(event) == []
    assert world.said(DIALS) == [("person", "active", "paused")]
    changes = [each.status for each in world.tenant.campaign_status(DIALS).changes]
    assert changes == ["PAUSED"]


def test_a_campaign_that_is_resumed_after_a_hold_is_asked_under_another_key(world: ControlWorld) -> None:
    world.ask(PAUSED, "active")
    for _ in range(2):
        world.hold(PAUSED)
        world.tick(PAUSED)
        assert world.status(PAUSED) == "PAUSED"
        world.release(PAUSED)
        world.tick(PAUSED)
        assert world.status(PAUSED) == "ACTIVE"


def test_a_message_that_says_nothing_about_a_state_goes_to_the_dead_letters(world: ControlWorld) -> None:
    event = world.requested(DIALS, "stopped")
    assert world.take(event) == []
    assert len(world.aws.drain("control-campaigns-dlq")) == 1
    assert world.facts() == []


def test_a_pause_is_taken_though_the_rest_of_its_request_is_wrong(world: ControlWorld) -> None:
    world.ask(DIALS, "paused", reason="x" * 300, colour="red")
    assert world.status(DIALS) == "PAUSED"


def test_a_resume_of_which_a_field_is_wrong_is_not_taken(world: ControlWorld) -> None:
    world.ask(PAUSED, "active", colour="red")
    assert world.status(PAUSED) == "PAUSED"
    assert len(world.aws.drain("control-campaigns-dlq")) == 1


@pytest.mark.parametrize("event_type", ["archive.finished", "archive.interrupted"])
def test_what_was_decided_is_carried_out_when_an_archive_has_ended(
    world: ControlWorld, event_type: str
) -> None:
    world.ask(PAUSED, "active")
    world.hold(PAUSED)
    world.tick(PAUSED)
    world.release(PAUSED)
    assert world.take(world.event(event_type, {"campaign_id": PAUSED})) == []
    assert world.status(PAUSED) == "ACTIVE"


@pytest.mark.parametrize(
    "data", [{"targetState": "Paused", "campaignId": f" {DIALS} "}, {"target_state": "PAUSED", "reason": 7}]
)
def test_a_pause_is_taken_however_its_fields_are_written(
    world: ControlWorld, data: dict[str, object]
) -> None:
    event = world.event("campaign.transition.requested", {"campaign_id": DIALS, "colour": "red", **data})
    assert world.take(event) == []
    assert world.status(DIALS) == "PAUSED"


def test_a_pause_is_taken_though_its_time_cannot_be_read(world: ControlWorld) -> None:
    event = replace(world.requested(DIALS, "paused"), occurred_at="yesterday")
    assert world.take(event) == []
    assert world.status(DIALS) == "PAUSED"
    assert world.said(DIALS) == [("person", "active", "paused")]


def test_a_resume_whose_time_cannot_be_read_is_not_taken(world: ControlWorld) -> None:
    assert world.take(replace(world.requested(PAUSED, "active"), occurred_at="yesterday")) == []
    assert world.status(PAUSED) == "PAUSED"
    assert len(world.aws.drain("control-campaigns-dlq")) == 1


def test_a_resume_of_long_ago_is_not_taken_for_one_of_now(world: ControlWorld) -> None:
    world.ask(DIALS, "paused")
    assert world.take(replace(world.requested(DIALS, "active"), occurred_at="1970-01-01T00:00:00Z")) == []
    assert world.status(DIALS) == "PAUSED"
