"""A campaign is created once, paused, and registered; what cannot be is rejected with all its reasons."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from outbound.campaigns.checks import check
from outbound.campaigns.provisioner import SETTLING
from outbound.campaigns.provisions import ProvisionState
from outbound.campaigns.registration import Registration
from outbound.cxone.platform.contact_lists import PlatformContactLists
from outbound.cxone.ports.campaigns import CampaignStatus
from outbound.cxone.ports.contact_lists import ListPage
from outbound.outcomes.planner import Planner
from outbound.outcomes.settings import OutcomeSettings
from worlds.provisioning import BACKUP, QUEUE, ProvisioningWorld, plan

NAME = "Spring renewals"
EVENTS = Path(__file__).parents[3] / "events" / "provision_campaigns"
CAMPAIGNS = "/omnichannel/campaigns$"


def facts(world: ProvisioningWorld) -> list[dict[str, Any]]:
    return world.aws.published()


def of_type(world: ProvisioningWorld, event_type: str) -> list[dict[str, Any]]:
    return [fact["data"] for fact in facts(world) if fact["event_type"] == event_type]


def test_a_campaign_is_created_paused_as_documented_and_registered(world: ProvisioningWorld) -> None:
    world.take(world.requested("r1"))

    (created,) = world.tenant.created_campaigns()
    assert {name: created[name] for name in ("status", "name", "contactListId", "queueId")} == {
        "status": "paused",
        "name": NAME,
        "contactListId": "list-1",
        "queueId": "default_outbound_queue",
    }
    assert created["dialerConfig"]["predictiveSettings"] == {
        "answerRatio": 0.85,
        "maxCallsInFlight": 50,
        "callRate": 12.0,
        "abandonmentThreshold": 0.02,
    }
    assert created["complianceConfig"] == {
        "timeZone": "America/New_York",
        "dialingRules": {
            "startTime": "09:00:00",
            "endTime": "20:00:00",
            "allowedDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
        },
        "rateLimits": {
            "maxCallsPerContactPerDay": 1,
            "maxCallsPerContactPerWeek": 3,
            "maxCallsPerDay": 5000,
        },
    }
    assert created["failoverConfig"] == {
        "enabled": True,
        "thresholdType": "success_rate",
        "thresholdValue": 0.15,
        "evaluationWindowMinutes": 30,
    }
    assert world.provision().state is ProvisionState.REGISTERED
    registered = world.registry.get(created["id"])
    assert registered is not None
    assert (registered.name, registered.enabled, registered.start) == (NAME, True, world.clock.now())
    assert registered.calling == plan_profile()
    told = facts(world)
    assert [fact["event_type"] for fact in told] == ["campaign.registered", "campaign.provisioned"]
    assert told[-1]["correlation_id"] == "r1"
    assert told[-1]["data"] == {
        "campaign_id": created["id"],
        "name": NAME,
        "key": world.provision().key,
        "request_id": "r1",
        "purpose": "telemarketing",
        "contact_list_id": "list-1",
        "backup_campaign_id": BACKUP,
        "status": "paused",
    }


def plan_profile() -> dict[str, Any]:
    return {
        "purpose": "telemarketing",
        "seller": "Acme",
        "subject": "renewals",
        "hours": {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00:00", "end": "20:00:00"},
        "caps": {"per_day": 1, "per_week": 3},
        "contact_list_id": "list-1",
        "backup_campaign_id": BACKUP,
        "failover_threshold": 0.15,
        "time_zone": "America/New_York",
    }


def test_the_schedule_s_next_tick_plans_its_first_pull(world: ProvisioningWorld) -> None:
    world.take(world.requested())
    campaign_id = world.provision().campaign_id
    created_at = world.clock.now()
    world.clock.advance(hours=1)
    Planner.of(world.runtime).plan_due(OutcomeSettings(), "tick")

    campaign = world.registry.get(campaign_id)
    assert campaign is not None
    assert campaign.planned_until is not None
    assert created_at < campaign.planned_until < world.clock.now()


def test_the_campaign_is_there_on_every_surface(world: ProvisioningWorld) -> None:
    world.take(world.requested())
    campaign_id = world.provision().campaign_id

    ports = world.runtime.ports
    assert ports.campaigns.status(campaign_id) is CampaignStatus.PAUSED
    assert ports.campaigns.read(campaign_id).status is CampaignStatus.PAUSED
    assert list(ports.attempts.page(campaign_id, 10, 0)) == []


@pytest.mark.parametrize("again", ["the same event", "another event", "written otherwise"])
def test_the_same_campaign_is_asked_for_again(world: ProvisioningWorld, again: str) -> None:
    world.take(world.requested("r1"))
    facts(world)
    later = {
        "the same event": world.requested("r1"),
        "another event": world.requested("r2"),
        "written otherwise": world.requested(
            "r3",
            hours={"days": ["fri", "thu", "Wednesday", "TUE", "mon"]} | {"start": "09:00:00", "end": "20:00"},
        ),
    }[again]
    world.take(later)

    assert len(world.tenant.created_campaigns()) == 1
    assert facts(world) == []


def test_it_is_not_judged_again_once_it_is_there(world: ProvisioningWorld) -> None:
    world.take(world.requested("r1"))
    world.lists["list-1"] = 0
    facts(world)
    world.take(world.requested("r2"))

    assert facts(world) == []


def test_a_plan_that_breaks_rules_is_rejected_with_all_of_them(world: ProvisioningWorld) -> None:
    broken = plan(time_zone="America/New_Yrok", contact_list_id="empty", backup_campaign_id="nobody")
    broken["predictive"] |= {"abandonment_threshold": 0.05, "call_rate": 0}
    world.take(world.event(broken, "r1"))

    (rejected,) = of_type(world, "campaign.provision_rejected")
    assert (rejected["name"], rejected["request_id"], rejected["reason"]) == (NAME, "r1", "invalid_request")
    assert [(each["field"], each["rule"]) for each in rejected["complaints"]] == [
        ("time_zone", "unknown_zone"),
        ("predictive.call_rate", "range"),
        ("predictive.abandonment_threshold", "abandonment_limit"),
        ("backup_campaign_id", "backup_missing"),
        ("contact_list_id", "list_empty"),
    ]
    assert "did you mean America/New_York?" in rejected["message"]
    assert rejected["complaints"][2]["citation"] == "47 CFR 64.1200(a)(7), 16 CFR 310.4(b)(4)(i)"
    assert world.tenant.created_campaigns() == []
    assert world.provisions.get(NAME) is None


@pytest.mark.parametrize("data", [{}, {"name": 7.5}, {"name": {"a": 1}}, {"nome": "x"}])
def test_a_request_without_a_usable_name_is_rejected_and_heard(
    world: ProvisioningWorld, data: dict[str, Any]
) -> None:
    assert world.take(world.event(data)) == []
    (rejected,) = of_type(world, "campaign.provision_rejected")
    assert (rejected["name"], rejected["key"]) == ("", "")
    assert ("name" in {each["field"] for each in rejected["complaints"]}) is True


def test_a_corrected_request_succeeds_under_the_same_name(world: ProvisioningWorld) -> None:
    world.take(world.requested(time_zone="America/New_Yrok"))
    world.take(world.requested())

    assert len(world.tenant.created_campaigns(NAME)) == 1


def test_the_same_name_with_other_settings_is_refused_and_changes_nothing(world: ProvisioningWorld) -> None:
    world.take(world.requested())
    before = world.tenant.created_campaigns()
    facts(world)
    other = plan(subject="upgrades")
    other["predictive"] |= {"call_rate": 13}
    world.take(world.event(other))

    (rejected,) = of_type(world, "campaign.provision_rejected")
    assert rejected["reason"] == "conflict"
    assert [(each["field"], each["rule"]) for each in rejected["complaints"]] == [
        ("subject", "name_taken"),
        ("predictive", "name_taken"),
    ]
    assert before[0]["id"] in rejected["message"]
    assert world.tenant.created_campaigns() == before


def test_the_key_of_another_campaign_is_refused(world: ProvisioningWorld) -> None:
    world.take(world.requested(key="spring"))
    world.take(world.requested(key="spring", name="Summer renewals"))

    (rejected,) = of_type(world, "campaign.provision_rejected")
    assert [each["rule"] for each in rejected["complaints"]] == ["key_taken"]
    assert len(world.tenant.created_campaigns()) == 1


def test_a_campaign_that_others_created_is_left_alone(world: ProvisioningWorld) -> None:
    world.take(world.requested(name="Backup", backup_campaign_id=None, failover=None))

    (rejected,) = of_type(world, "campaign.provision_rejected")
    assert [(each["field"], each["rule"]) for each in rejected["complaints"]] == [("name", "name_taken")]
    assert BACKUP in rejected["message"]
    assert world.tenant.created_campaigns() == []
    # It is not shown as one that is still on its way.
    known = world.provision("Backup")
    assert (known.state, known.claimed_until) == (ProvisionState.REJECTED, 0)
    assert BACKUP in known.complaints[0]


def test_a_name_that_has_become_free_is_taken(world: ProvisioningWorld) -> None:
    ours = plan(name="Backup", backup_campaign_id=None, failover=None)
    world.take(world.event(ours, "r1"))
    world.runtime.override("campaigns", find=lambda _: [])
    # The message that was rejected stays so; asked for again it is a new request.
    world.take(world.event(ours, "r1"))
    assert world.tenant.created_campaigns() == []
    world.take(world.event(ours, "r2"))
    assert world.provision("Backup").state is ProvisionState.REGISTERED


def test_a_backup_that_this_campaign_would_back_is_a_circle(world: ProvisioningWorld) -> None:
    for one, other in (("spring", "autumn"), ("autumn", "spring")):
        calling = {"backup_campaign_id": other}
        world.registrar.register(Registration(campaign_id=one, name=one, calling=calling))  # type: ignore[arg-type]
    world.take(world.requested(backup_campaign_id="spring"))

    (rejected,) = of_type(world, "campaign.provision_rejected")
    assert ("backup_campaign_id", "backup_circle") in [
        (each["field"], each["rule"]) for each in rejected["complaints"]
    ]


def test_what_cxone_refuses_is_said_with_its_field(world: ProvisioningWorld) -> None:
    refusal = {"status": 400, "json": {"error": "invalid_request", "field": "queueId", "message": "no queue"}}
    world.tenant.add_fault(refusal, method="POST", path=CAMPAIGNS)
    world.take(world.requested("r1"))

    (rejected,) = of_type(world, "campaign.provision_rejected")
    assert rejected["reason"] == "refused_by_cxone"
    assert [each["field"] for each in rejected["complaints"]] == ["queueId"]
    assert world.provision().state is ProvisionState.REJECTED
    # The message comes once more: nothing else happens. The operator asks again: a new attempt.
    world.take(world.requested("r1"))
    assert world.tenant.created_campaigns() == []
    world.take(world.requested("r2"))
    assert world.provision().state is ProvisionState.REGISTERED


def test_a_corrected_plan_takes_the_name_of_one_that_cxone_refused(world: ProvisioningWorld) -> None:
    world.tenant.add_fault({"status": 400, "json": {"field": "queueId"}}, method="POST", path=CAMPAIGNS)
    world.take(world.requested(queue_id="nobody"))
    world.take(world.requested())

    (created,) = world.tenant.created_campaigns()
    assert created["queueId"] == "default_outbound_queue"


def test_a_lost_answer_is_looked_for_and_not_asked_for_again(world: ProvisioningWorld) -> None:
    world.tenant.add_fault({"serve_then": "cut"}, method="POST", path=CAMPAIGNS)
    request = world.requested()
    assert world.take(request) == ["m-0"]
    assert world.take(request) == []

    assert len(world.tenant.created_campaigns()) == 1
    assert world.tenant.stats().count("POST /api/v2/omnichannel/campaigns") == 1


def test_an_answer_that_never_comes_is_looked_for_by_name(world: ProvisioningWorld) -> None:
    world.tenant.add_fault({"serve_then": "cut"}, method="POST", path=CAMPAIGNS, times=None)
    request = world.requested()
    assert world.take(request) == ["m-0"]
    assert world.provision().state is ProvisionState.CREATING
    world.tenant.clear_faults()
    assert world.take(request) == []

    (created,) = world.tenant.created_campaigns()
    assert world.provision().campaign_id == created["id"]
    assert world.provision().state is ProvisionState.REGISTERED


def test_a_request_that_had_no_effect_is_made_again_once_it_can_no_longer_arrive(
    world: ProvisioningWorld,
) -> None:
    world.tenant.add_fault({"cut": "before"}, method="POST", path=CAMPAIGNS, times=None)
    request = world.requested()
    world.take(request)
    world.tenant.clear_faults()
    posted_at = world.provision().posted_at
    assert posted_at is not None
    assert world.take(request) == ["m-0"], "it may still arrive"
    assert world.tenant.created_campaigns() == []
    world.clock.time = posted_at + SETTLING
    assert world.take(request) == []

    assert len(world.tenant.created_campaigns()) == 1


def test_a_campaign_of_the_same_name_that_is_another_one_is_not_taken_for_ours(
    world: ProvisioningWorld,
) -> None:
    world.tenant.add_fault({"cut": "before"}, method="POST", path=CAMPAIGNS, times=None)
    request = world.requested()
    world.take(request)
    world.tenant.clear_faults()
    by_others = check(plan(contact_list_id="list-2"), world.rules.rules, world.clock.now().date()).plan
    assert by_others is not None
    world.runtime.ports.campaigns.create(by_others.to_cxone(), "other")
    world.clock.advance(seconds=SETTLING.total_seconds())
    world.take(request)

    lists = sorted(each["contactListId"] for each in world.tenant.created_campaigns(NAME))
    assert lists == ["list-1", "list-2"]


def test_nothing_is_asked_of_cxone_twice_by_two_invocations_at_once(world: ProvisioningWorld) -> None:
    request = world.requested("r1")
    world.tenant.add_fault({"status": 429, "json": {}}, method="POST", path=CAMPAIGNS, times=None)
    world.take(request)
    known = world.provision()
    now = world.clock.now()
    assert known.state is ProvisionState.REQUESTED
    assert world.provisions.claim(known, now, now + timedelta(seconds=60)) is not None
    world.tenant.clear_faults()
    assert world.take(request) == ["m-0"]
    assert world.tenant.created_campaigns() == []
    world.clock.advance(seconds=60)
    assert world.take(request) == []
    assert len(world.tenant.created_campaigns()) == 1


def test_cxone_that_does_not_say_whether_the_list_is_there_is_waited_for(world: ProvisioningWorld) -> None:
    world.tenant.add_fault({"status": 503, "json": {}}, method="GET", path="/campaigns/backup", times=None)
    request = world.requested()
    assert world.take(request) == ["m-0"]
    assert facts(world) == []
    world.tenant.clear_faults()
    assert world.take(request) == []


def test_a_missing_scope_goes_to_the_operator(world: ProvisioningWorld) -> None:
    refusal = {"status": 403, "json": {"message": "lacks omnichannel:campaigns:write"}}
    world.tenant.add_fault(refusal, method="POST", path=CAMPAIGNS)
    request = world.requested()
    assert world.take(request) == []

    (dead,) = world.aws.drain("provision-campaigns-dlq")
    assert "omnichannel:campaigns:write" in dead["MessageAttributes"]["reason"]["StringValue"]
    # Redriven, it goes on.
    assert world.take(request) == []
    assert world.provision().state is ProvisionState.REGISTERED


def test_an_answer_that_no_other_try_helps_goes_to_the_operator(world: ProvisioningWorld) -> None:
    refusal = {"status": 400, "json": {"message": "no"}}
    world.tenant.add_fault(refusal, method="GET", path="/campaigns/backup")
    assert world.take(world.requested()) == []
    (dead,) = world.aws.drain("provision-campaigns-dlq")
    assert "answered 400" in dead["MessageAttributes"]["reason"]["StringValue"]


def test_an_event_that_asks_for_something_else_is_refused(world: ProvisioningWorld) -> None:
    world.take(replace(world.requested(), event_type="archive.requested"))
    (dead,) = world.aws.drain("provision-campaigns-dlq")
    assert "'archive.requested' asks for no campaign" in dead["MessageAttributes"]["reason"]["StringValue"]


def test_no_seller_and_no_value_of_a_wrong_field_is_logged(world: ProvisioningWorld, logged: Any) -> None:
    world.take(world.requested(seller="A-Seller-Nobody-Knows", queue_id="a b secret"))
    assert "A-Seller-Nobody-Knows" not in str(logged())
    assert "a b secret" not in str([*facts(world), *logged()])


def test_the_function_takes_every_event_of_its_folder(
    world: ProvisioningWorld, load_function: Any, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues = world.aws.queue_urls
    monkeypatch.setenv("DLQ_URL", queues[f"{QUEUE}-dlq"])
    contacts: list[Any] = ["c1"]
    monkeypatch.setattr(PlatformContactLists, "page", lambda *_, **__: ListPage(contacts, 1))
    function = load_function("provision_campaigns")
    for case in sorted(EVENTS.glob("*.json")):
        answer = function.handler(json.loads(case.read_text()), lambda_context)
        assert answer == {"batchItemFailures": []}, case.name

    assert [each["name"] for each in world.tenant.created_campaigns()] == [NAME]
    rejected = of_type(world, "campaign.provision_rejected")
    assert sorted(each["name"] for each in rejected) == ["", NAME]
    assert world.aws.drain(f"{QUEUE}-dlq") == []
