"""Who gets the dashboard, and how it answers all others."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

import pytest

from outbound.dashboard.dashboard import Unauthorized
from outbound.metrics import metrics
from worlds.aws import ENVIRONMENT, Invocation
from worlds.dashboard import PASSWORD, SECRET, DashboardWorld, authorization, event_of, furnish, seen

ARN = "arn:aws:execute-api:us-east-1:123456789012:abc123/v1/GET/dashboard"


def _counted(name: str) -> float:
    return sum(metrics.metric_set.get(name, {"Value": []})["Value"])  # type: ignore[arg-type]


def _detail(answer: dict[str, Any]) -> str:
    body = json.loads(answer["body"])
    assert body["status"] == answer["statusCode"]
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    return str(body["detail"])


def test_the_password_opens_the_page_whatever_the_user_is_called(world: DashboardWorld) -> None:
    for user in ("operator", "", "anna"):
        answer = world.answer("GET", "/dashboard", {"authorization": authorization(PASSWORD, user)})
        assert answer["statusCode"] == 200, user


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic " + b64encode(PASSWORD.encode()).decode(),
        f"Bearer {PASSWORD}",
        authorization("guessed"),
        authorization(""),
        authorization(PASSWORD + "x"),
        authorization(PASSWORD[:-1]),
        "Basic " + "A" * 5000,
        "Basic é",
    ],
)
def test_no_other_header_opens_it_and_the_answer_asks_for_the_password(
    world: DashboardWorld, given: str | None
) -> None:
    answer = world.answer("GET", "/dashboard", {} if given is None else {"Authorization": given})
    assert answer["statusCode"] == 401
    assert answer["headers"]["WWW-Authenticate"] == 'Basic realm="Outbound campaigns", charset="UTF-8"'
    assert "outbound dashboard" in _detail(answer)
    assert PASSWORD not in json.dumps(answer)


def test_two_headers_open_nothing(world: DashboardWorld) -> None:
    event = event_of("GET", "/dashboard", {})
    event["multiValueHeaders"] = {"Authorization": [authorization(PASSWORD), authorization("other")]}
    answer: dict[str, Any] = world.work(event, Invocation())  # type: ignore[arg-type]
    assert answer["statusCode"] == 401


def test_a_wrong_password_is_counted_and_none_is_not(world: DashboardWorld) -> None:
    world.ask(password=None)
    assert _counted("DashboardWrongPasswords") == 0
    world.ask(password="guessed")
    assert _counted("DashboardWrongPasswords") == 1


def test_the_password_before_a_rotation_is_right_beside_the_new_one(world: DashboardWorld) -> None:
    assert world.ask()["statusCode"] == 200
    world.aws.secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps({"token": "another"}))
    world.clock.advance(minutes=2)
    assert world.ask(password="another")["statusCode"] == 200
    assert world.ask(password=PASSWORD)["statusCode"] == 200
    world.aws.secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps({"token": "a third"}))
    world.clock.advance(minutes=2)
    assert world.ask(password="a third")["statusCode"] == 200
    assert world.ask(password=PASSWORD)["statusCode"] == 401


def test_guessing_reads_the_secret_once_a_minute_at_most(world: DashboardWorld) -> None:
    reads: list[str] = []
    client = world.runtime.client("secretsmanager")
    world.runtime.secrets._client = _Counting(client, reads)  # type: ignore[assignment]
    for _ in range(20):
        world.ask(password="guessed")
    once = len(reads)
    assert once <= 2 * 2, "both versions, at first and once more"
    world.clock.advance(seconds=61)
    for _ in range(20):
        world.ask(password="guessed")
    assert len(reads) <= once + 2


class _Counting:
    """A client that notes each reading of a secret."""

    def __init__(self, client: Any, reads: list[str]) -> None:
        self._client, self._reads = client, reads
        self.exceptions = client.exceptions

    def get_secret_value(self, **asked: str) -> Any:
        self._reads.append(asked["VersionStage"])
        return self._client.get_secret_value(**asked)


@pytest.mark.parametrize("value", ["{}", '{"token": ""}'])
def test_a_secret_without_a_password_opens_nothing(world: DashboardWorld, value: str) -> None:
    world.aws.secrets.put_secret_value(SecretId=SECRET, SecretString=value)
    world.aws.secrets.put_secret_value(SecretId=SECRET, SecretString=value + " ")
    assert world.ask(password="")["statusCode"] == 401


def test_a_secret_that_cannot_be_read_is_our_fault_and_is_counted(world: DashboardWorld) -> None:
    world.aws.secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    answer = world.ask()
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "10")
    assert _counted("DashboardNotTaken") == 1


def test_a_table_that_cannot_be_read_is_our_fault(world: DashboardWorld) -> None:
    world.aws.dynamodb.delete_table(TableName=ENVIRONMENT["STATE_TABLE"])
    assert world.ask()["statusCode"] == 503


_ANOTHER = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "cors", "sec_fetch_dest": "empty"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (_ANOTHER, 403),
        ({**_ANOTHER, "sec_fetch_mode": "no-cors", "sec_fetch_dest": "image"}, 403),
        ({**_ANOTHER, "sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"}, 403),
        ({**_ANOTHER, "sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({**_ANOTHER, "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}, 200),
        ({**_ANOTHER, "sec_fetch_site": "same-origin"}, 200),
        ({"sec_fetch_site": "none", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}, 200),
        ({}, 200),
    ],
)
def test_another_page_may_only_link_to_it(
    world: DashboardWorld, headers: dict[str, str], status: int
) -> None:
    for path in ("/dashboard", "/dashboard/health?campaign_id=spring-renewals"):
        world.put(seen("spring-renewals", world.clock.now()))
        assert world.ask(path, **headers)["statusCode"] == status


def test_another_page_learns_nothing_of_the_password(world: DashboardWorld) -> None:
    answers = [world.ask(password=each, **_ANOTHER) for each in (PASSWORD, "guessed", None)]
    assert answers[0] == answers[1] == answers[2]
    assert _counted("DashboardCrossSiteRequests") == 3


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_it_only_shows(world: DashboardWorld, method: str) -> None:
    answer = world.ask(method=method)
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, HEAD")


def test_head_has_the_headers_of_get_and_no_body(world: DashboardWorld) -> None:
    got, head = world.ask(), world.ask(method="HEAD")
    assert (head["statusCode"], head["headers"], head["body"]) == (200, got["headers"], "")


def test_a_path_beside_it_is_not_there(world: DashboardWorld) -> None:
    assert world.ask("/dashboard/other")["statusCode"] == 404


_PATHS = ("/dashboard", "/dashboard?campaign_id=none", "/dashboard/health", "/dashboard/other")


@pytest.mark.parametrize("path", _PATHS)
@pytest.mark.parametrize("password", [PASSWORD, None])
def test_every_answer_forbids_to_keep_to_frame_and_to_guess(
    world: DashboardWorld, path: str, password: str | None
) -> None:
    headers = world.ask(path, password=password)["headers"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy


def test_the_policy_lets_run_what_the_page_has_and_nothing_else(world: DashboardWorld) -> None:
    furnish(world)
    answer = world.ask()
    policy, page = answer["headers"]["Content-Security-Policy"], answer["body"]
    for element in ("script", "style"):
        found = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        hashes = {f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in found}
        assert len(found) == 1
        assert set(re.search(rf"{element}-src ([^;]+)", policy)[1].split()) == hashes  # type: ignore[index]
    # What a policy like this one would stop: attributes with style or script, and anything from elsewhere.
    assert re.findall(r"<[^>]+\s(?:style|on\w+)=", page) == []
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", page) == []


def test_a_browser_gets_the_page_compressed_and_the_same(world: DashboardWorld) -> None:
    furnish(world)
    plain, packed = world.ask(), world.ask(accept_encoding="gzip, deflate, br")
    assert packed["headers"]["Content-Encoding"] == "gzip"
    assert packed["isBase64Encoded"] is True
    assert gzip.decompress(b64decode(packed["body"])).decode() == plain["body"]
    assert "Accept-Encoding" in plain["headers"]["Vary"]


def _login(world: DashboardWorld, password: str) -> Any:
    asked = event_of("GET", "/dashboard", {"Authorization": authorization(password)})
    return world.work({**asked, "type": "REQUEST", "methodArn": ARN}, Invocation())  # type: ignore[arg-type]


def test_the_authorizer_lets_the_password_through_to_the_dashboard_alone(world: DashboardWorld) -> None:
    policy = _login(world, PASSWORD)["policyDocument"]
    (statement,) = policy["Statement"]
    start = "arn:aws:execute-api:us-east-1:123456789012:abc123/v1"
    paths = [f"{method}{path}" for method in ("GET", "HEAD") for path in ("/dashboard", "/dashboard/health")]
    assert statement["Effect"] == "Allow"
    assert sorted(statement["Resource"]) == sorted(f"{start}/{path}" for path in paths)


def test_the_authorizer_refuses_by_the_one_message_that_the_gateway_makes_a_401_of(
    world: DashboardWorld,
) -> None:
    with pytest.raises(Unauthorized, match=r"^Unauthorized$"):
        _login(world, "guessed")
    assert _counted("DashboardWrongPasswords") == 1
