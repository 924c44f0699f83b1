"""Campaigns on the platform API: created in the document's words, found by name, answers disbelieved."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from outbound.cxone.errors import Conflict, InvalidRequest, NotFound, Unavailable, UnexpectedAnswer
from outbound.cxone.platform.campaigns import PlatformCampaigns
from outbound.cxone.ports.campaigns import (
    CallLimits,
    CampaignStatus,
    DialingWindow,
    Failover,
    NewCampaign,
    Pacing,
)
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import Access, Reply, ScriptedCxone

SPRING = NewCampaign(
    "Spring",
    "Renewals",
    "list_12345",
    "default_outbound_queue",
    Pacing(0.85, 50, 12.0, 0.03),
    DialingWindow("America/New_York", ("mon", "sun"), time(8), time(0)),
    CallLimits(1, None, 5000),
)
ANSWER = {"id": "cmp_1", "name": "Spring", "status": "paused", "contactListId": "list_12345", "version": 3}


@pytest.fixture
def access(aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone) -> Access:
    surface = {"base_url": cxone.url, "token": {"url": f"{cxone.url}/oauth/token"}}
    return Access(aws, clock, cxone.url, surfaces={"campaigns": surface})


@pytest.fixture
def campaigns(access: Access) -> PlatformCampaigns:
    return PlatformCampaigns(access.http)


def test_a_campaign_is_created_in_the_words_of_the_document(
    campaigns: PlatformCampaigns, cxone: ScriptedCxone
) -> None:
    cxone.answers = [Reply(201, ANSWER)]
    record = campaigns.create(SPRING, "key-1")
    assert (record.campaign_id, record.status, record.version) == ("cmp_1", CampaignStatus.PAUSED, "3")
    (asked,) = cxone.asked
    assert (asked.method, asked.path) == ("POST", "/api/v2/omnichannel/campaigns")
    assert asked.headers["X-Idempotency-Key"] == "key-1"
    assert json.loads(asked.body) == {
        "name": "Spring",
        "description": "Renewals",
        "status": "paused",
        "dialerConfig": {
            "type": "predictive",
            "predictiveSettings": {
                "answerRatio": 0.85,
                "maxCallsInFlight": 50,
                "callRate": 12.0,
                "abandonmentThreshold": 0.03,
            },
        },
        "complianceConfig": {
            "timeZone": "America/New_York",
            "dialingRules": {
                "startTime": "08:00:00",
                "endTime": "23:59:59",
                "allowedDays": ["Monday", "Sunday"],
            },
            "rateLimits": {"maxCallsPerContactPerDay": 1, "maxCallsPerDay": 5000},
        },
        "contactListId": "list_12345",
        "queueId": "default_outbound_queue",
    }


def test_a_failover_is_sent_where_there_is_one(campaigns: PlatformCampaigns, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(201, ANSWER)]
    campaigns.create(replace(SPRING, failover=Failover(True, "success_rate", 0.15, 30)), "key-1")
    assert json.loads(cxone.asked[0].body)["failoverConfig"] == {
        "enabled": True,
        "thresholdType": "success_rate",
        "thresholdValue": 0.15,
        "evaluationWindowMinutes": 30,
    }


def test_every_try_has_the_same_key(campaigns: PlatformCampaigns, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(429, headers={"Retry-After": "1"}), Reply(201, ANSWER)]
    campaigns.create(SPRING, "key-1")
    assert [asked.headers["X-Idempotency-Key"] for asked in cxone.asked] == ["key-1"] * 2


@pytest.mark.parametrize("answer", [{}, [], {"id": 7}, {"id": "a/b"}, {"id": ""}])
def test_an_answer_without_an_id_leaves_the_effect_in_doubt(
    campaigns: PlatformCampaigns, cxone: ScriptedCxone, answer: Any
) -> None:
    cxone.answers = [Reply(201, answer)]
    with pytest.raises(UnexpectedAnswer, match="no usable 'id'") as raised:
        campaigns.create(SPRING, "key-1")
    assert raised.value.in_doubt


@pytest.mark.parametrize("reply", [Reply(cut="body"), Reply(cut="before"), Reply(503)])
def test_no_answer_leaves_the_effect_in_doubt_and_is_not_asked_for_again(
    campaigns: PlatformCampaigns, cxone: ScriptedCxone, reply: Reply
) -> None:
    cxone.answers = [reply]
    with pytest.raises(Unavailable) as raised:
        campaigns.create(SPRING, "key-1")
    assert (raised.value.in_doubt, len(cxone.asked)) == (True, 1)


def test_a_refusal_names_its_field_and_leaves_no_doubt(
    campaigns: PlatformCampaigns, cxone: ScriptedCxone
) -> None:
    cxone.answers = [Reply(400, {"field": "dialerConfig.type", "message": "no"})]
    with pytest.raises(InvalidRequest) as raised:
        campaigns.create(SPRING, "key-1")
    assert (raised.value.field, raised.value.in_doubt) == ("dialerConfig.type", False)


def test_campaigns_of_a_name_are_looked_for_on_every_page(
    campaigns: PlatformCampaigns, cxone: ScriptedCxone
) -> None:
    others = [{"id": f"o{number}", "name": f"Spring {number}"} for number in range(100)]
    cxone.answers = [Reply(200, {"campaigns": others}), Reply(200, {"campaigns": [ANSWER, "odd"]})]
    assert [record.campaign_id for record in campaigns.find("Spring")] == ["cmp_1"]
    assert [asked.query["page"] for asked in cxone.asked] == [["1"], ["2"]]
    assert cxone.asked[0].query["name"] == ["Spring"]


def test_a_list_without_an_end_and_one_that_is_none_are_not_believed(
    campaigns: PlatformCampaigns, cxone: ScriptedCxone
) -> None:
    full = Reply(200, {"campaigns": [{"id": "o", "name": "Other"}] * 100})
    cxone.answers = [full] * 100
    with pytest.raises(UnexpectedAnswer, match="more than 100 pages"):
        campaigns.find("Spring")
    cxone.answers = [Reply(200, {"items": []})]
    with pytest.raises(UnexpectedAnswer, match="without a list 'campaigns'"):
        campaigns.find("Spring")
    cxone.answers = [Reply(204, b"")]
    assert campaigns.find("Spring") == []


@pytest.mark.parametrize(
    ("status", "known", "name"),
    [
        ("ACTIVE", CampaignStatus.ACTIVE, "ACTIVE"),
        ("paused", CampaignStatus.PAUSED, "paused"),
        ("stopping", CampaignStatus.OTHER, "stopping"),
        ("\x1b[31m", CampaignStatus.OTHER, ""),
        (7, CampaignStatus.OTHER, ""),
    ],
)
def test_a_campaign_is_read_with_cxone_s_own_word_for_its_status(
    campaigns: PlatformCampaigns, cxone: ScriptedCxone, status: Any, known: CampaignStatus, name: str
) -> None:
    cxone.answers = [Reply(200, ANSWER | {"status": status})]
    record = campaigns.read("cmp_1")
    assert (record.status, record.status_name) == (known, name)
    assert cxone.asked[0].path == "/api/v2/omnichannel/campaigns/cmp_1"


def test_a_campaign_that_is_not_there_is_not_found(
    campaigns: PlatformCampaigns, cxone: ScriptedCxone
) -> None:
    cxone.answers = [Reply(404, {"message": "none"}), Reply(204, b"")]
    for _ in range(2):
        with pytest.raises(NotFound):
            campaigns.read("nobody")


@pytest.mark.parametrize("status", [CampaignStatus.PAUSED, CampaignStatus.ACTIVE])
def test_a_state_is_asked_for_alone_and_every_try_has_the_same_key(
    campaigns: PlatformCampaigns, cxone: ScriptedCxone, status: CampaignStatus
) -> None:
    cxone.answers = [Reply(503), Reply(200, ANSWER)]
    campaigns.set_state("cmp/1", status, "key-1")
    assert {asked.path for asked in cxone.asked} == {"/api/v2/omnichannel/campaigns/cmp%2F1"}
    assert [asked.method for asked in cxone.asked] == ["PUT", "PUT"]
    assert [asked.headers["X-Idempotency-Key"] for asked in cxone.asked] == ["key-1", "key-1"]
    assert [json.loads(asked.body) for asked in cxone.asked] == [{"status": status.value}] * 2


def test_a_state_that_the_present_one_does_not_allow_is_a_conflict(
    campaigns: PlatformCampaigns, cxone: ScriptedCxone
) -> None:
    cxone.answers = [Reply(409)]
    with pytest.raises(Conflict) as refused:
        campaigns.set_state("cmp_1", CampaignStatus.PAUSED, "key-1")
    assert not refused.value.in_doubt


@pytest.mark.parametrize(
    ("said", "known"), [(7, 7), (0, 0), (-1, None), (True, None), ("7", None), (None, None)]
)
def test_calls_under_way_are_read_where_they_are_a_number(
    campaigns: PlatformCampaigns, cxone: ScriptedCxone, said: object, known: int | None
) -> None:
    cxone.answers = [Reply(200, ANSWER | {"activeCalls": said})]
    assert campaigns.read("cmp_1").calls_under_way == known
