"""Attempts are archived once, of paused campaigns alone, and every request is remembered."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
from archive_calls import ARCHIVE, CAMPAIGN, LIST, STEER, Call, batch, item, listed, token_of

from sandbox.running import Tenant
from sandbox.world import Quota, archivable_ids


@pytest.fixture
def paused(tenant: Tenant, archive_call: Call) -> Tenant:
    tenant.set_campaign_status(CAMPAIGN, "PAUSED")
    return tenant


def good(tenant: Tenant, archive_call: Call, count: int = 5) -> list[dict[str, Any]]:
    wanted = set(archivable_ids(tenant.world, CAMPAIGN))
    found = {one["id"]: one for one in listed(archive_call, 1000) if one.get("id") in wanted}
    return list(found.values())[:count]


def test_a_batch_is_archived_and_leaves_the_list(paused: Tenant, archive_call: Call) -> None:
    attempts = good(paused, archive_call, 200)
    left = list(paused.attempts(CAMPAIGN).left)
    body, before = batch(attempts), time.time()
    answer = archive_call("POST", ARCHIVE, body)
    assert answer.status_code == 200, answer.text
    job, stamp = answer.json()["migrationJobId"], answer.json()["timestamp"]
    counts = {"archivedCount": 200, "failedCount": 0, "status": "COMPLETED"}
    assert answer.json() == {**counts, "migrationJobId": job, "timestamp": stamp}
    ids = [one["id"] for one in attempts]
    now = paused.attempts(CAMPAIGN)
    assert list(now.left) == [one for one in left if one not in set(ids)]
    assert now.archived == dict.fromkeys(ids, 1)
    (done,) = paused.archivings(CAMPAIGN)
    assert (done.job_id, done.body, list(done.archived), done.failed) == (job, body, ids, [])
    assert before - 1 < done.arrived < time.time() + 1


def test_everything_that_can_be_archived_is_archived_once(paused: Tenant, archive_call: Call) -> None:
    attempts = good(paused, archive_call, 1500)
    for first in range(0, len(attempts), 200):
        answer = archive_call("POST", ARCHIVE, batch(attempts[first : first + 200]))
        assert answer.json()["failedCount"] == 0
    now = paused.attempts(CAMPAIGN)
    assert now.archived == dict.fromkeys(archivable_ids(paused.world, CAMPAIGN), 1)
    assert not set(now.left) & set(now.archived)
    assert len(listed(archive_call)) == len(now.left) > 0


def test_what_was_archived_before_fails_and_is_counted(paused: Tenant, archive_call: Call) -> None:
    attempts = good(paused, archive_call, 3)
    archive_call("POST", ARCHIVE, batch(attempts[:2])).raise_for_status()
    answer = archive_call("POST", ARCHIVE, batch(attempts[1:])).json()
    assert (answer["archivedCount"], answer["failedCount"]) == (1, 1)
    one, two, three = (attempt["id"] for attempt in attempts)
    assert paused.attempts(CAMPAIGN).archived == {one: 1, two: 2, three: 1}
    assert [list(done.failed) for done in paused.archivings(CAMPAIGN)] == [[], [two]]


def test_attempts_fail_on_request_without_being_named(paused: Tenant, archive_call: Call) -> None:
    attempts = good(paused, archive_call, 4)
    ids = [one["id"] for one in attempts]
    paused.fail_attempts(CAMPAIGN, ids[:1], times=2)
    paused.fail_attempts(CAMPAIGN, ids[1:2], times=None)
    answers = [archive_call("POST", ARCHIVE, batch(attempts[:2])) for _ in range(3)]
    assert [(one.json()["archivedCount"], one.json()["failedCount"]) for one in answers] == [
        (0, 2),
        (0, 2),
        (1, 1),
    ]
    assert not any(attempt_id in answer.text for attempt_id in ids for answer in answers)
    assert paused.attempts(CAMPAIGN).archived == {ids[0]: 1}


def test_an_answer_that_is_lost_was_work_that_is_done(paused: Tenant, archive_call: Call) -> None:
    attempts = good(paused, archive_call)
    paused.add_fault({"serve_then": "cut"}, method="POST", path="/contacts/archive$")
    with pytest.raises(requests.ConnectionError):
        archive_call("POST", ARCHIVE, batch(attempts))
    ids = [one["id"] for one in attempts]
    assert paused.attempts(CAMPAIGN).archived == dict.fromkeys(ids, 1)
    assert len(paused.archivings(CAMPAIGN)) == 1
    call = "POST /api/v2/campaigns/{campaign_id}/contacts/archive"
    assert paused.stats().count(call, "cut") == paused.stats().count(call) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"contactId": "somebody"},
        {"attemptId": "att-unknown"},
        {"attemptId": "att-00000000-00000001"},
    ],
)
def test_an_item_that_contradicts_the_attempt_fails(paused: Tenant, archive_call: Call, change: dict) -> None:
    (attempt,) = good(paused, archive_call, 1)
    answer = archive_call("POST", ARCHIVE, batch([], items=[item(attempt, **change)]))
    assert (answer.status_code, answer.json()["failedCount"]) == (200, 1)
    assert paused.attempts(CAMPAIGN).archived == {}


def test_another_outcome_or_a_name_claimed_to_be_gone_fails(paused: Tenant, archive_call: Call) -> None:
    found = listed(archive_call, 1000)
    named = next(one for one in found if one.get("anonymized") is False and "id" in one)
    other = good(paused, archive_call, 1)[0]
    code = "SURVEY_TAKEN" if other["outcomeCode"] != "SURVEY_TAKEN" else "BUSY"
    sent = [named | {"anonymized": True}, other | {"outcomeCode": code}]
    answer = archive_call("POST", ARCHIVE, batch(sent))
    assert (answer.status_code, answer.json()["failedCount"]) == (200, 2)


@pytest.mark.slow
def test_an_archive_that_takes_time_answers_first(paused: Tenant, archive_call: Call) -> None:
    (campaign,) = paused.world.campaigns
    slow = replace(campaign, status="PAUSED", attempts=replace(campaign.attempts, archive_seconds=1.5))
    attempts = good(paused, archive_call, 2)
    paused.use_world(replace(paused.world, campaigns=(slow,)))
    headers = {"Authorization": f"Bearer {token_of(paused)}"}
    answer = archive_call("POST", ARCHIVE, batch(attempts), headers=headers)
    begin = time.monotonic()
    assert (answer.status_code, answer.json()["status"]) == (202, "IN_PROGRESS")
    ids = {one["id"] for one in attempts}
    assert archive_call("POST", ARCHIVE, batch(attempts), headers=headers).json()["failedCount"] == 2
    while ids & set(paused.attempts(CAMPAIGN).left):
        assert time.monotonic() - begin < 30
        time.sleep(0.05)
    assert time.monotonic() - begin > 1.3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"campaignId": ...}, "campaignId"),
        ({"campaignId": "camp-b"}, "campaignId"),
        ({"campaign_id": CAMPAIGN}, "campaign_id"),
        ({"items": ...}, "items"),
        ({"items": []}, "items"),
        ({"items": [{}] * 201}, "items"),
        ({"items": ["att"]}, "items[0]"),
        ({"forceColdStorage": "yes"}, "forceColdStorage"),
    ],
)
def test_a_faulty_batch_is_refused(paused: Tenant, archive_call: Call, change: dict, field: str) -> None:
    answer = archive_call("POST", ARCHIVE, batch(good(paused, archive_call, 1), **change))
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert paused.archivings(CAMPAIGN) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"contactId": ...}, "contactId"),
        ({"attemptId": 7}, "attemptId"),
        ({"attempt_id": "a"}, "attempt_id"),
        ({"retentionPeriodDays": 0}, "retentionPeriodDays"),
        ({"retentionPeriodDays": True}, "retentionPeriodDays"),
        ({"deleteActive": None}, "deleteActive"),
        ({"statusMatrix": ...}, "statusMatrix"),
        ({"statusMatrix": {"outcomeCode": "CONVERTED"}}, "statusMatrix.outcomeCode"),
        ({"statusMatrix": {"outcomeCode": "BUSY"}}, "statusMatrix.disposition"),
        ({"statusMatrix": {"outcome_code": "BUSY"}}, "statusMatrix.outcome_code"),
    ],
)
def test_a_faulty_item_is_refused(paused: Tenant, archive_call: Call, change: dict, field: str) -> None:
    one, two = good(paused, archive_call, 2)
    answer = archive_call("POST", ARCHIVE, batch([], items=[item(one), item(two, **change)]))
    assert (answer.status_code, answer.json()["field"]) == (400, f"items[1].{field}")
    assert paused.attempts(CAMPAIGN).archived == {}


def test_a_batch_names_an_attempt_once_and_anonymised(paused: Tenant, archive_call: Call) -> None:
    (one,) = good(paused, archive_call, 1)
    twice = archive_call("POST", ARCHIVE, batch([one, one]))
    assert twice.json()["field"] == "items[1].attemptId"
    named = archive_call("POST", ARCHIVE, batch([one | {"anonymized": False}]))
    assert named.json()["field"] == "items[0].statusMatrix.anonymized"
    assert {twice.status_code, named.status_code} == {400}


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", STEER, ("campaigns:write",)),
        ("PATCH", STEER, ("campaigns:write",)),
        ("GET", LIST, ("analytics:read",)),
        ("POST", ARCHIVE, ("campaigns:write", "contacts:write")),
    ],
)
def test_every_call_needs_its_scopes_and_a_campaign(
    archive_call: Call, new_token: Callable[..., str], method: str, path: str, scopes: tuple[str, ...]
) -> None:
    for missing in scopes:
        token = new_token(scope=" ".join({"campaigns:write", "contacts:write", "analytics:read"} - {missing}))
        answer = archive_call(method, path, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, missing in answer.json()["message"]) == (403, True)
    assert archive_call(method, path, headers={}).status_code == 401
    elsewhere = archive_call(method, path.replace(CAMPAIGN, "camp-z"), {})
    assert (elsewhere.status_code, elsewhere.json()["field"]) == (404, "campaignId")


def test_attempts_and_archive_share_a_quota(tenant: Tenant, archive_call: Call) -> None:
    tenant.use_world(replace(tenant.world, quotas={**tenant.world.quotas, "archive": Quota(2, 60)}))
    headers = {"Authorization": f"Bearer {token_of(tenant)}"}
    calls = [("GET", LIST), ("POST", ARCHIVE), ("GET", LIST), ("POST", ARCHIVE), ("GET", STEER)]
    answers = [archive_call(method, path, headers=headers, params={}) for method, path in calls]
    assert [one.status_code for one in answers] == [400, 400, 429, 429, 200]
    assert 55 <= int(answers[3].headers["Retry-After"]) <= 60
