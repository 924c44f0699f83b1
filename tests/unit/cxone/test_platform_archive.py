"""Campaigns, attempts and the archive on the platform API: the document's words, and answers disbelieved."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outbound.cxone.errors import Conflict, InvalidRequest, Unavailable, UnexpectedAnswer
from outbound.cxone.platform.attempts import PlatformAttempts
from outbound.cxone.platform.campaigns import PlatformCampaigns
from outbound.cxone.ports.attempts import Archivable, Archived, ArchiveOrder, Attempt
from outbound.cxone.ports.campaigns import CampaignStatus
from outbound.cxone.settings import SURFACES
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import Access, Reply, ScriptedCxone

RECORD: dict[str, Any] = {
    "id": "att-1",
    "contactId": "c-1",
    "outcomeCode": "BUSY",
    "disposition": "LATER",
    "duration": 12,
    "anonymized": True,
    "retentionDays": 90,
}
ORDER = ArchiveOrder("spring", [Archivable("att-1", "c-1", "NO_ANSWER", "ARCHIVED", 0, 365)], True, True)
ANSWER = {"archivedCount": 1, "failedCount": 0, "migrationJobId": "mig-1", "status": "COMPLETED"}


@pytest.fixture
def access(aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone) -> Access:
    surface = {"base_url": cxone.url, "token": {"url": f"{cxone.url}/oauth/token"}}
    return Access(aws, clock, cxone.url, surfaces={"archive": surface})


@pytest.fixture
def attempts(access: Access) -> PlatformAttempts:
    return PlatformAttempts(access.http)


@pytest.fixture
def campaigns(access: Access) -> PlatformCampaigns:
    return PlatformCampaigns(access.http)


def test_an_order_has_the_words_of_the_document(attempts: PlatformAttempts, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(200, ANSWER)]
    assert attempts.archive(ORDER) == Archived(1, 0, "mig-1", in_progress=False)
    (asked,) = cxone.asked
    assert (asked.method, asked.path) == ("POST", "/api/v2/campaigns/spring/contacts/archive")
    assert json.loads(asked.body) == {
        "campaignId": "spring",
        "items": [
            {
                "contactId": "c-1",
                "attemptId": "att-1",
                "statusMatrix": {
                    "outcomeCode": "NO_ANSWER",
                    "disposition": "ARCHIVED",
                    "callDurationSeconds": 0,
                    "anonymized": True,
                },
                "retentionPeriodDays": 365,
                "deleteActive": True,
            }
        ],
        "forceColdStorage": True,
    }


@pytest.mark.parametrize("reply", [Reply(202, ANSWER), Reply(200, ANSWER | {"status": "IN_PROGRESS"})])
def test_work_that_goes_on_behind_the_answer_is_in_progress(
    attempts: PlatformAttempts, cxone: ScriptedCxone, reply: Reply
) -> None:
    cxone.answers = [reply]
    assert attempts.archive(ORDER).in_progress


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"archivedCount": "1", "failedCount": 0},
        {"archivedCount": True, "failedCount": 0},
        {"archivedCount": 2, "failedCount": -1},
        {"archivedCount": 1, "failedCount": 1},
        {"archivedCount": 0, "failedCount": 0},
    ],
)
def test_counts_that_cannot_be_are_not_believed(
    attempts: PlatformAttempts, cxone: ScriptedCxone, answer: Any
) -> None:
    cxone.answers = [Reply(200, answer)]
    with pytest.raises(UnexpectedAnswer):
        attempts.archive(ORDER)


@pytest.mark.parametrize("reply", [Reply(503), Reply(200, ANSWER, cut="before"), Reply(200, b"<html>")])
def test_an_order_is_never_sent_twice_blindly(
    attempts: PlatformAttempts, cxone: ScriptedCxone, reply: Reply
) -> None:
    cxone.answers = [reply, Reply(200, ANSWER)]
    with pytest.raises(Unavailable):
        attempts.archive(ORDER)
    assert len(cxone.asked) == 1


def test_an_order_for_want_of_quota_is_sent_again(attempts: PlatformAttempts, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(429, {}, {"Retry-After": "1"}), Reply(200, ANSWER)]
    assert attempts.archive(ORDER).archived == 1


def test_a_page_names_the_fields_once_and_keeps_each_record(
    attempts: PlatformAttempts, cxone: ScriptedCxone
) -> None:
    cxone.answers = [Reply(200, [RECORD, {}, "nothing"])]
    whole, empty, nothing = attempts.page("a/b", 100, 200)
    assert whole == Attempt("att-1", "c-1", "BUSY", "LATER", 12, True, 90, RECORD)
    assert (empty.attempt_id, empty.source, nothing.source) == (None, {}, "nothing")
    (asked,) = cxone.asked
    assert asked.path == "/api/v2/campaigns/a%2Fb/attempts"
    assert asked.query == {"status": ["completed"], "limit": ["100"], "offset": ["200"]}


@pytest.mark.parametrize("body", [{}, {"attempts": []}, "x", [RECORD] * 101])
def test_a_page_that_is_none_is_not_believed(
    attempts: PlatformAttempts, cxone: ScriptedCxone, body: Any
) -> None:
    cxone.answers = [Reply(200, body)]
    with pytest.raises(UnexpectedAnswer):
        attempts.page("spring", 100, 0)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("ACTIVE", CampaignStatus.ACTIVE),
        ("active", CampaignStatus.ACTIVE),
        ("PAUSING", CampaignStatus.PAUSING),
        ("PAUSED", CampaignStatus.PAUSED),
        ("ARCHIVED", CampaignStatus.OTHER),
    ],
)
def test_a_campaign_is_read_paused_and_resumed(
    campaigns: PlatformCampaigns, cxone: ScriptedCxone, said: str, status: CampaignStatus
) -> None:
    cxone.answers = [Reply(200, {"id": "spring", "status": said})] * 3
    asked = [campaigns.status("spring"), campaigns.pause("spring"), campaigns.resume("spring")]
    assert asked == [status] * 3
    assert [one.method for one in cxone.asked] == ["GET", "PATCH", "PATCH"]
    assert {one.path for one in cxone.asked} == {"/api/v2/campaigns/spring"}
    assert [json.loads(one.body) for one in cxone.asked[1:]] == [{"status": "PAUSED"}, {"status": "ACTIVE"}]


def test_a_campaign_is_read_paused_and_resumed_on_one_host(
    aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone
) -> None:
    """The campaigns' host has a pause of its own: what is paused on one is not resumed on the other."""
    token = {"url": f"{cxone.url}/oauth/token"}
    hosts = {"archive": f"{cxone.url}/archive", "campaigns": f"{cxone.url}/campaigns"}
    surfaces = {name: {"base_url": url, "token": token} for name, url in hosts.items()}
    cxone.answers = [Reply(200, {"id": "spring", "status": "PAUSED"})] * 3
    campaigns = PlatformCampaigns(Access(aws, clock, cxone.url, surfaces=surfaces).http)
    for call in (campaigns.status, campaigns.pause, campaigns.resume):
        call("spring")
    assert [one.path for one in cxone.asked] == ["/archive/api/v2/campaigns/spring"] * 3


@pytest.mark.parametrize("body", [{}, [], {"status": 1}])
def test_a_campaign_without_a_status_is_not_believed(
    campaigns: PlatformCampaigns, cxone: ScriptedCxone, body: Any
) -> None:
    cxone.answers = [Reply(200, body)]
    with pytest.raises(UnexpectedAnswer):
        campaigns.status("spring")


def test_refusals_are_named(attempts: PlatformAttempts, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(409, {"field": "status"}), Reply(400, {"field": "items"})]
    with pytest.raises(Conflict):
        attempts.archive(ORDER)
    with pytest.raises(InvalidRequest) as refused:
        attempts.archive(ORDER)
    assert refused.value.field == "items"


def test_the_token_is_asked_for_without_scopes_and_checked_against_them() -> None:
    token = SURFACES["archive"].token
    assert (token.body, token.credentials, token.send_scopes) == ("form", "body", False)
    assert token.scopes == ("campaigns:write", "contacts:write", "analytics:read")
