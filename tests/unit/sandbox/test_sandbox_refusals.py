"""GET /api/v2/outbound/calls refuses what is wrong and names it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import requests

from sandbox.running import Tenant

Get = Callable[..., requests.Response]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"campaignId": None}, "campaignId"),
        ({"startDateTime": None}, "startDateTime"),
        ({"endDateTime": None}, "endDateTime"),
        ({"startDateTime": "2026-01-01T00:00:00"}, "startDateTime"),
        ({"startDateTime": "yesterday"}, "startDateTime"),
        ({"startDateTime": "2026-02-30T00:00:00Z"}, "startDateTime"),
        ({"startDateTime": "20260101T000000Z"}, "startDateTime"),
        ({"startDateTime": "٢026-01-01T00:00:00Z"}, "startDateTime"),
        ({"startDateTime": "0001-01-01T00:00:00+12:00"}, "startDateTime"),
        ({"startDateTime": timedelta(days=-91)}, "startDateTime"),
        ({"startDateTime": timedelta(seconds=-1), "endDateTime": timedelta(seconds=-2)}, "startDateTime"),
        ({"startDateTime": timedelta(seconds=-2), "endDateTime": timedelta(seconds=-2)}, "startDateTime"),
        ({"endDateTime": timedelta(seconds=30)}, "endDateTime"),
        ({"endDateTime": "2026-01-01T00:00:00"}, "endDateTime"),
        ({"limit": 0}, "limit"),
        ({"limit": 5001}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "-5"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"dispositionCode": "CONVERTED,,BUSY"}, "dispositionCode"),
        ({"nextPageToken": "eyJwYWdlIjoxfQ=="}, "nextPageToken"),
        ({"nextPageToken": "no token"}, "nextPageToken"),
        ({"page": 2}, "page"),
        ({"limit": [10, 20]}, "limit"),
    ],
)
def test_a_faulty_query_is_refused_and_the_field_named(
    get_calls: Get, window: dict, change: dict, field: str
) -> None:
    now = datetime.now(UTC)
    asked = {
        name: (now + value).isoformat() if isinstance(value, timedelta) else value
        for name, value in (window | change).items()
    }
    answer = get_calls(asked)
    assert answer.status_code == 400, answer.text
    assert answer.json()["field"] == field
    assert set(answer.json()) == {"error", "field", "message"}


def test_an_end_within_the_clock_tolerance_is_served(get_calls: Get, window: dict) -> None:
    window["endDateTime"] = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    assert get_calls(window).status_code == 200


def test_an_unknown_campaign_is_not_found(get_calls: Get, window: dict) -> None:
    answer = get_calls(window | {"campaignId": "camp-z"})
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    "authorization", [None, "Bearer", "Bearer nonsense", "Basic {token}", "Bearer Bearer {token}", "{token}"]
)
def test_without_a_good_token_nothing_is_served(
    get_calls: Get, window: dict, new_token: Callable[..., str], authorization: str | None
) -> None:
    value = authorization and authorization.format(token=new_token())
    answer = get_calls(window, headers={"Authorization": value} if value else {})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_missing_scope_is_forbidden_and_named(
    get_calls: Get, window: dict, new_token: Callable[..., str]
) -> None:
    token = new_token(("narrow", "sandbox-too"), "outbound:call:read")
    answer = get_calls(window, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert "outbound:campaign:read" in answer.json()["message"]


def test_every_answer_has_its_own_request_id(get_calls: Get, tenant: Tenant, window: dict) -> None:
    answers = [
        get_calls(window),
        get_calls({}),
        get_calls(window, headers={}),
        requests.get(f"{tenant.url}/nothing", timeout=5),
    ]
    ids = {answer.headers["X-Request-Id"] for answer in answers}
    assert [answer.status_code for answer in answers] == [200, 400, 401, 404]
    assert len(ids) == 4
