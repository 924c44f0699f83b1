"""A token is fetched once for everybody, and a bad day of the token endpoint is everybody's once."""

from __future__ import annotations

import threading
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient
from faults import check_every_cut, check_every_refusal, fresh

from outbound.clock import Deadline, SystemClock
from outbound.cxone.auth import Token
from outbound.cxone.errors import CxoneError, Forbidden, OutOfTime, RateLimited, Unauthorised, Unavailable
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import SECRET, Access, Reply, ScriptedCxone, issued


def test_a_token_is_asked_for_once_and_shared(access: Access, cxone: ScriptedCxone) -> None:
    assert access.token() == access.token() == "token-1"
    access.start_afresh()
    assert access.token() == "token-1"
    assert len(cxone.token_requests) == 1


def test_a_token_is_renewed_a_minute_early(access: Access, cxone: ScriptedCxone, clock: FakeClock) -> None:
    access.token()
    clock.advance(seconds=3539)
    assert access.token() == "token-1"
    clock.advance(seconds=1)
    assert access.token() == "token-2"
    access.start_afresh()
    assert access.token() == "token-2"


def test_tokens_are_kept_apart_by_client_url_and_scopes(
    aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone
) -> None:
    first = Access(aws, clock, cxone.url)
    other_scopes = Access(aws, clock, cxone.url, token={"scopes": ["dialer:write"]})
    assert {first.token(), other_scopes.token()} == {"token-1", "token-2"}

    first.rotate(client_id="another", client_secret=SECRET)
    first.start_afresh()
    assert first.token() == "token-3"


def test_a_rotated_secret_is_read_again_at_most_once_a_minute(
    access: Access, cxone: ScriptedCxone, clock: FakeClock
) -> None:
    access.token()
    access.rotate(client_id="bridge", client_secret="rotated")
    wrong = Reply(401, {"error": "invalid_client"})

    clock.advance(hours=1)
    cxone.tokens = [wrong]
    assert access.token() == "token-3"
    assert b64decode(cxone.token_requests[-1].headers["Authorization"][6:]) == b"bridge:rotated"

    access.rotate(client_id="bridge", client_secret="again")
    access.old_token()
    access.tokens.drop("outcomes", "token-3")
    cxone.tokens = [wrong]
    with pytest.raises(Unauthorised):
        access.token()
    assert len(cxone.token_requests) == 4, "the secret was read a moment ago"


def test_a_secret_rotated_to_another_client_moves_the_token(
    access: Access, cxone: ScriptedCxone, clock: FakeClock
) -> None:
    access.token()
    access.rotate(client_id="successor", client_secret="rotated")
    clock.advance(hours=1)
    cxone.tokens = [Reply(401)]

    assert access.token() == "token-3"
    access.start_afresh()
    assert access.token() == "token-3", "found under the new client"
    assert not any("lease_owner" in item for item in access.table.query("acme#token"))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(401), Unauthorised),
        (issued(scope="other"), Forbidden),
        (Reply(429, headers={"Retry-After": "30"}), RateLimited),
        (Reply(429), RateLimited),
    ],
)
def test_a_failed_refresh_is_everybodys_for_some_seconds(
    access: Access, cxone: ScriptedCxone, clock: FakeClock, reply: Reply, error: type[CxoneError]
) -> None:
    cxone.tokens = [reply]
    with pytest.raises(error) as first:
        access.token()
    for _ in range(20):
        with pytest.raises(error) as later:
            access.new_tokens().get("outcomes")
    assert len(cxone.token_requests) == 1
    assert later.value.retry_at == first.value.retry_at
    assert getattr(later.value, "scopes", ()) == getattr(first.value, "scopes", ())

    clock.advance(seconds=31)
    assert access.token() == "token-2"


def test_a_dropped_token_is_dropped_for_everybody_and_once(access: Access, cxone: ScriptedCxone) -> None:
    other = access.new_tokens()
    assert access.old_token() == other.get("outcomes") == "token-1"

    access.tokens.drop("outcomes", "token-1")
    assert access.token() == "token-2"
    other.drop("outcomes", "token-1")
    assert other.get("outcomes") == "token-2"
    assert len(cxone.token_requests) == 2


def test_a_token_that_was_issued_just_now_is_not_dropped(
    access: Access, cxone: ScriptedCxone, clock: FakeClock
) -> None:
    assert access.token() == "token-1"
    assert not access.tokens.drop("outcomes", "token-1")
    assert access.token() == access.new_tokens().get("outcomes") == "token-1"

    clock.advance(seconds=10)
    assert access.tokens.drop("outcomes", "token-1")
    assert access.token() == "token-2"


def _lease(access: Access, clock: FakeClock, seconds: float) -> None:
    """Leave the table as a refresher does that was cut off."""
    access.old_token()
    assert access.tokens.drop("outcomes", "token-1")
    (item,) = access.table.query("acme#token")
    key = access.tokens._key(access.settings.surface("outcomes").token)
    assert item["sk"] == key.sk
    until = clock.now().timestamp() + seconds
    access.table.update(key, "SET #lease_owner = :o, #lease_until = :u", {":o": "gone", ":u": until})


def test_the_lease_of_a_crashed_refresher_passes_on(access: Access, clock: FakeClock) -> None:
    _lease(access, clock, 25)

    assert access.token() == "token-2"
    assert 25 <= sum(clock.slept) < 30


def test_waiting_for_another_refresher_is_bounded(access: Access, clock: FakeClock) -> None:
    _lease(access, clock, 10_000)

    with pytest.raises(Unavailable, match="another function has been refreshing"):
        access.token()
    assert 30 <= sum(clock.slept) < 35
    assert len(clock.slept) < 60, "a thousand waiters must not wear the table out"


def test_waiting_for_another_refresher_ends_with_the_functions_time(access: Access, clock: FakeClock) -> None:
    _lease(access, clock, 10_000)

    with pytest.raises(OutOfTime):
        access.tokens.get("outcomes", Deadline(clock, 5))
    assert sum(clock.slept) < 8


def test_a_refresher_that_lost_its_lease_uses_the_newer_token(
    access: Access, cxone: ScriptedCxone, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = access.tokens._key(access.settings.surface("outcomes").token)
    issue = access.tokens._endpoint.issue

    def overtaken(*arguments: Any) -> Token:
        token = issue(*arguments)
        newer = {":v": "newer", ":r": access.clock.now().timestamp() + 999}
        access.table.update(key, "SET #access_token = :v, #refresh_at = :r REMOVE #lease_owner", newer)
        return token

    monkeypatch.setattr(access.tokens._endpoint, "issue", overtaken)

    assert access.token() == "newer"
    assert access.new_tokens().get("outcomes") == "newer"


def test_two_hundred_cold_starts_cost_one_token_request(
    aws: AwsWorld, cxone: ScriptedCxone, monkeypatch: pytest.MonkeyPatch
) -> None:
    # DynamoDB's conditional writes are atomic and moto's are not, so that its calls are let in one by one.
    # The race itself is run against the local stack.
    one_by_one = threading.Lock()
    make_api_call: Callable[..., Any] = BaseClient._make_api_call

    def serialised(*arguments: Any) -> Any:
        with one_by_one:
            return make_api_call(*arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", serialised)
    access = Access(aws, SystemClock(), cxone.url)
    access.secrets.current("outbound/cxone")
    cxone.tokens = [Reply(body={"access_token": "shared", "expires_in": 3600}, delay=0.5)]
    got: list[str] = []
    together = threading.Barrier(200)

    def cold_start() -> None:
        tokens = access.new_tokens()
        together.wait()
        got.append(tokens.get("outcomes"))

    threads = [threading.Thread(target=cold_start) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert got == ["shared"] * 200
    assert len(cxone.token_requests) == 1


def _token(access: Access) -> str:
    return access.token()


def _after_a_crash(access: Access) -> None:
    access.clock.advance(minutes=1)  # type: ignore[attr-defined]
    access.start_afresh()
    access.token()


def _usable(access: Access) -> object:
    access.start_afresh()
    (item,) = access.table.query("acme#token")
    return sorted(set(item) - {"access_token", "refresh_at", "ttl"}), access.token() == item["access_token"]


def test_a_token_is_had_wherever_its_refresher_is_cut_off(cxone: ScriptedCxone) -> None:
    build = fresh(lambda aws, clock: Access(aws, clock, cxone.url))

    checked = check_every_cut(build, _token, _after_a_crash, _usable)

    assert "http POST /oauth/token" in checked.calls


def test_a_token_is_had_wherever_aws_or_the_endpoint_refuses_once(cxone: ScriptedCxone) -> None:
    build = fresh(lambda aws, clock: Access(aws, clock, cxone.url))

    check_every_refusal(build, _token, _after_a_crash, _usable)
