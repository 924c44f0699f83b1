"""A campaign is paused and resumed, at once, in a while or never, and is not archived while it dials."""

import time
from dataclasses import replace

import pytest
from archive_calls import ARCHIVE, CAMPAIGN, STEER, Call, batch, listed, token_of

from sandbox.running import Tenant


def pause(archive_call: Call, status: str = "PAUSED", **options: object) -> tuple[int, str]:
    answer = archive_call("PATCH", STEER, {"status": status}, **options)
    return answer.status_code, answer.json()["status"]


def pausing_in(tenant: Tenant, seconds: float | None) -> dict[str, str]:
    """Let pausing take so long, and return the headers of a token that is good for it."""
    (campaign,) = tenant.world.campaigns
    tenant.use_world(replace(tenant.world, campaigns=(replace(campaign, pause_seconds=seconds),)))
    return {"Authorization": f"Bearer {token_of(tenant)}"}


def test_a_campaign_is_shown_paused_and_resumed(tenant: Tenant, archive_call: Call) -> None:
    shown = archive_call("GET", STEER)
    assert (shown.status_code, shown.json()) == (200, {"id": CAMPAIGN, "name": "", "status": "ACTIVE"})
    for status in ("PAUSED", "PAUSED", "ACTIVE", "ACTIVE"):
        assert pause(archive_call, status) == (200, status)
        assert archive_call("GET", STEER).json()["status"] == status
    now = tenant.campaign_status(CAMPAIGN)
    assert [(one.status, one.by) for one in now.changes] == [
        ("PAUSED", "api"),
        ("PAUSED", "api"),
        ("ACTIVE", "api"),
        ("ACTIVE", "api"),
    ]
    assert (now.status, abs(now.changes[0].asked - time.time()) < 60) == ("ACTIVE", True)


@pytest.mark.parametrize("body", [{}, {"status": "paused"}, {"status": "PAUSING"}, {"status": ["PAUSED"]}])
def test_another_status_is_refused(archive_call: Call, body: dict) -> None:
    answer = archive_call("PATCH", STEER, body)
    assert (answer.status_code, answer.json()["field"]) == (400, "status")
    answer = archive_call("PATCH", STEER, {"status": "PAUSED", "state": "PAUSED"})
    assert (answer.status_code, answer.json()["field"]) == (400, "state")


def test_an_active_campaign_is_not_archived(tenant: Tenant, archive_call: Call) -> None:
    attempt = next(one for one in listed(archive_call) if one.get("anonymized") and one.get("id"))
    body = batch([attempt | {"outcomeCode": "BUSY", "contactId": "c"}])
    answer = archive_call("POST", ARCHIVE, body)
    assert (answer.status_code, answer.json()["error"], answer.json()["field"]) == (409, "conflict", "status")
    assert tenant.archivings(CAMPAIGN) == []
    tenant.set_campaign_status(CAMPAIGN, "PAUSED")
    assert archive_call("POST", ARCHIVE, body).status_code == 200
    tenant.set_campaign_status(CAMPAIGN, "ACTIVE")
    assert archive_call("POST", ARCHIVE, body).status_code == 409
    assert [one.by for one in tenant.campaign_status(CAMPAIGN).changes] == ["control", "control"]


@pytest.mark.slow
def test_pausing_takes_its_time_and_asking_again_no_longer(tenant: Tenant, archive_call: Call) -> None:
    headers = pausing_in(tenant, 1.5)
    begin = time.monotonic()
    assert pause(archive_call, headers=headers) == (202, "PAUSING")
    while (status := archive_call("GET", STEER, headers=headers).json()["status"]) == "PAUSING":
        assert time.monotonic() - begin < 30
        archive_call("PATCH", STEER, {"status": "PAUSED"}, headers=headers)
        time.sleep(0.1)
    assert status == "PAUSED"
    assert time.monotonic() - begin > 1.5
    assert pause(archive_call, headers=headers) == (200, "PAUSED")


def test_a_pause_may_never_come_and_be_taken_back(tenant: Tenant, archive_call: Call) -> None:
    headers = pausing_in(tenant, None)
    assert pause(archive_call, headers=headers) == (202, "PAUSING")
    attempt = {"id": "a", "contactId": "c", "outcomeCode": "BUSY", "anonymized": True}
    assert archive_call("POST", ARCHIVE, batch([attempt]), headers=headers).status_code == 409
    assert tenant.campaign_status(CAMPAIGN).status == "PAUSING"
    assert pause(archive_call, "ACTIVE", headers=headers) == (200, "ACTIVE")
