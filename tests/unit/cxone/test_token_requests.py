"""A token is asked for in every form that a surface wants, and no answer is believed unseen."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from outbound.clock import Deadline, SystemClock
from outbound.cxone.auth import Token
from outbound.cxone.errors import CxoneError, Forbidden, RateLimited, Unauthorised, Unavailable
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import SCOPES, SECRET, Access, Reply, ScriptedCxone, issued


def refresh_at(access: Access) -> float:
    (item,) = access.table.query("acme#token")
    return float(item["refresh_at"]) - access.clock.now().timestamp()


@pytest.mark.parametrize("body", ["form", "json"])
@pytest.mark.parametrize("credentials", ["basic", "body"])
@pytest.mark.parametrize("send_scopes", [True, False])
def test_every_form_of_a_token_request_can_be_set(
    aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone, body: str, credentials: str, send_scopes: bool
) -> None:
    form = {"body": body, "credentials": credentials, "send_scopes": send_scopes}
    Access(aws, clock, cxone.url, token=form).token()

    (asked,) = cxone.token_requests
    if body == "json":
        fields = json.loads(asked.body)
        assert asked.headers["Content-Type"] == "application/json"
    else:
        fields = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    expected = {"grant_type": "client_credentials"}
    expected |= {"scope": " ".join(SCOPES)} if send_scopes else {}
    expected |= {"client_id": "bridge", "client_secret": SECRET} if credentials == "body" else {}
    assert fields == expected
    if credentials == "basic":
        assert b64decode(asked.headers["Authorization"].removeprefix("Basic ")) == b"bridge:bridge-secret"
    else:
        assert "Authorization" not in asked.headers


def test_a_secret_may_have_any_letters(access: Access, cxone: ScriptedCxone) -> None:
    access.rotate(client_id="bridge", client_secret="Ω≈ç")
    access.token()

    sent = cxone.token_requests[0].headers["Authorization"].removeprefix("Basic ")
    assert b64decode(sent).decode() == "bridge:Ω≈ç"


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (3600, 3540),
        (3600.5, 3540.5),
        ("3600", 3540),
        (100, 50),
        (60, 30),
        (1, 0.5),
        (10**9, 86_340),
        (10**18, 86_340),
        ("9" * 400, 86_340),
        (0, 240),
        (-5, 240),
        (True, 240),
        (None, 240),
        ("soon", 240),
        ("", 240),
        ([], 240),
    ],
)
def test_a_lifetime_that_makes_no_sense_becomes_a_short_one(
    access: Access, cxone: ScriptedCxone, expires_in: Any, seconds: float
) -> None:
    cxone.tokens = [issued(expires_in=expires_in)]

    assert access.token() == "abc"
    assert refresh_at(access) == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e999", b"9" * 400])
def test_a_lifetime_that_is_no_json_number_is_no_answer(
    access: Access, cxone: ScriptedCxone, number: bytes
) -> None:
    cxone.tokens = [Reply(body=b'{"access_token": "abc", "expires_in": ' + number + b"}")] * 3

    with pytest.raises(Unavailable):
        access.token()


def test_an_answer_without_expires_in_is_used_for_a_while(access: Access, cxone: ScriptedCxone) -> None:
    cxone.tokens = [Reply(body={"access_token": "abc"})]

    assert access.token() == "abc"
    assert refresh_at(access) == pytest.approx(240, abs=0.01)


@pytest.mark.parametrize(
    "scope", ["outbound:call:read", ["outbound:call:read"], "outbound:call:readers outbound:call:read"]
)
def test_a_scope_that_was_not_granted_is_named_at_once(
    access: Access, cxone: ScriptedCxone, scope: Any
) -> None:
    cxone.tokens = [issued(scope=scope)]

    with pytest.raises(
        Forbidden, match=r"give the API client and its role these scopes: outbound:campaign:read$"
    ):
        access.token()
    assert len(cxone.token_requests) == 1


@pytest.mark.parametrize("scope", [" ".join(SCOPES), SCOPES, "z " + " ".join(reversed(SCOPES)), None, 7])
def test_scopes_that_were_granted_or_not_spoken_of_are_fine(
    access: Access, cxone: ScriptedCxone, scope: Any
) -> None:
    cxone.tokens = [issued(scope=scope)]

    assert access.token() == "abc"


def test_scopes_that_are_refused_are_named(access: Access, cxone: ScriptedCxone) -> None:
    refusal = {"error": "invalid_scope", "error_description": "not allowed: outbound:campaign:read"}
    cxone.tokens = [Reply(400, refusal)]

    with pytest.raises(Forbidden) as caught:
        access.token()
    assert caught.value.scopes == ("outbound:campaign:read",)
    assert len(cxone.token_requests) == 1


BAD_ANSWERS = [
    Reply(500),
    Reply(503, b"<html>"),
    Reply(404),
    Reply(302, headers={"Location": "https://elsewhere.example/login"}),
    Reply(cut="before"),
    Reply(body={"access_token": "abc"}, cut="body"),
    Reply(body=b"<html>"),
    Reply(body=b""),
    Reply(body=b"[" * 100_000),
    Reply(body=[1]),
    Reply(body={"access_token": 7}),
    Reply(body={"access_token": ""}),
    Reply(body={"access_token": "line\nbreak"}),
    Reply(body={"access_token": "x" * 10_000}),
    Reply(body={"expires_in": 3600}),
    Reply(body=b"\xff\xfe"),
]


@pytest.mark.parametrize(
    "bad", BAD_ANSWERS, ids=lambda reply: f"{reply.status}{reply.cut}{reply.content()[:12]!r}"
)
def test_a_bad_answer_is_tried_again_and_never_for_ever(
    access: Access, cxone: ScriptedCxone, bad: Reply
) -> None:
    cxone.tokens = [bad, bad]
    assert access.old_token() == "token-3"

    access.tokens.drop("outcomes", "token-3")
    cxone.tokens = [bad] * 9
    with pytest.raises(Unavailable, match="token endpoint"):
        access.token()
    assert len(cxone.token_requests) == 6


def test_a_token_endpoint_that_is_down_is_unavailable(aws: AwsWorld, clock: FakeClock) -> None:
    access = Access(aws, clock, "http://127.0.0.1:9")

    with pytest.raises(
        Unavailable, match=r"http://127.0.0.1:9/oauth/token cannot be reached \(ConnectionError\)"
    ):
        access.token()


def test_a_huge_answer_is_not_read_whole(access: Access, cxone: ScriptedCxone) -> None:
    cxone.tokens = [Reply(body=b" " * 5_000_000)]

    with pytest.raises(CxoneError, match="more than"):
        access.token()


@pytest.mark.slow
def test_a_token_endpoint_that_drips_ends_with_the_time_that_is_left(
    aws: AwsWorld, cxone: ScriptedCxone
) -> None:
    clock = SystemClock()
    access = Access(aws, clock, cxone.url)
    cxone.tokens = [Reply(body={"access_token": "abc"}, drip=0.2)] * 3
    started = time.monotonic()

    with pytest.raises(Unavailable):
        access.tokens.get("outcomes", Deadline(clock, 1.5))
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("scope", ["", " ", []])
def test_an_empty_scope_says_nothing_about_scopes(access: Access, cxone: ScriptedCxone, scope: Any) -> None:
    cxone.tokens = [issued(scope=scope)]

    assert access.token() == "abc"


def test_a_refusal_with_200_after_a_rotation_has_the_secret_read_again(
    access: Access, cxone: ScriptedCxone, clock: FakeClock
) -> None:
    access.token()
    access.rotate(client_id="bridge", client_secret="rotated")
    clock.advance(hours=2)
    cxone.tokens = [Reply(200, {"error": "invalid_client"})]

    assert access.token() == "token-3"
    assert b64decode(cxone.token_requests[-1].headers["Authorization"][6:]) == b"bridge:rotated"


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        ("invalid_client", Unauthorised),
        ("unauthorized_client", Unauthorised),
        ("something else", Unauthorised),
        ("invalid_scope", Forbidden),
        ("temporarily_unavailable", Unavailable),
        ("server_error", Unavailable),
    ],
)
def test_what_an_error_with_200_means(
    access: Access, cxone: ScriptedCxone, error: str, raised: type[CxoneError]
) -> None:
    cxone.tokens = [Reply(200, {"error": error})] * 9

    with pytest.raises(raised):
        access.token()


@pytest.mark.parametrize("status", [400, 401, 403])
def test_wrong_credentials_are_not_hammered_with(access: Access, cxone: ScriptedCxone, status: int) -> None:
    cxone.tokens = [Reply(status, {"error": "invalid_client"})] * 9

    with pytest.raises(Unauthorised, match=r"check the client id and secret in outbound/cxone"):
        access.token()
    assert len(cxone.token_requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30), ("100000", 120), ("Tue, 10 Mar 2026 12:00:40 GMT", 40), ("soon", 5)]
)
def test_a_limited_token_endpoint_says_when(
    access: Access, cxone: ScriptedCxone, clock: FakeClock, header: str, seconds: int
) -> None:
    cxone.tokens = [Reply(429, headers={"Retry-After": header})]

    with pytest.raises(RateLimited) as caught:
        access.token()
    assert caught.value.retry_at == clock.now() + timedelta(seconds=seconds)


def test_nothing_secret_shows_in_what_is_said(
    access: Access, cxone: ScriptedCxone, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    echo = {
        "error": "invalid_client",
        "error_description": f"no client with {SECRET}",
        "access_token": "hush",
    }
    said = []
    for reply in (Reply(401, echo), Reply(500, echo), Reply(200, echo | {"access_token": "hush\n"})):
        cxone.tokens = [reply] * 3
        access.clock.sleep(60)
        with pytest.raises(CxoneError) as caught:
            access.token()
        said.append(f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}")
    said += [repr(Token("hush", 1.0)), repr(access.tokens), json.dumps(logged())]

    assert not any(SECRET in text or "hush" in text for text in said)


@pytest.mark.parametrize(
    "url", ["https://user:pass@login.example/token", "ftp://login.example", "login", "https://x/t?key=1"]
)
def test_a_url_with_credentials_or_none_at_all_is_refused(aws: AwsWorld, clock: FakeClock, url: str) -> None:
    with pytest.raises(ValueError, match="a URL"):
        Access(aws, clock, "http://127.0.0.1:9", token={"url": url})
