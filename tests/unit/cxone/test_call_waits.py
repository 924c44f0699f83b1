"""Waits are those that were asked for, within the time that is left; whole connections are kept."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from urllib3.connection import HTTPConnection

from outbound.clock import Deadline, SystemClock
from outbound.cxone.errors import (
    CxoneError,
    NotFound,
    OutOfTime,
    RateLimited,
    Unavailable,
    UnexpectedAnswer,
)
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import Access, Reply, ScriptedCxone

GOOD = Reply(body={"fine": True})


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3), ("Tue, 10 Mar 2026 12:00:04 GMT", 4), ("0", 0), ("Mon, 09 Mar 2026 12:00:00 GMT", 0)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_short_retry_after_is_waited_for(
    access: Access, cxone: ScriptedCxone, clock: FakeClock, header: str, seconds: int, status: int
) -> None:
    cxone.answers = [Reply(status, headers={"Retry-After": header}), GOOD]

    assert access.call().tries == 2
    assert sum(clock.slept) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("6", 6), ("90", 90), ("100000", 120), ("9" * 40, 120), ("Fri, 10 Mar 2045 12:00:00 GMT", 120)],
)
@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (503, Unavailable)])
def test_a_long_retry_after_is_handed_back_clamped(
    access: Access,
    cxone: ScriptedCxone,
    clock: FakeClock,
    header: str,
    seconds: int,
    status: int,
    error: type[CxoneError],
) -> None:
    cxone.answers = [Reply(status, headers={"Retry-After": header})]

    with pytest.raises(error) as caught:
        access.call()
    assert caught.value.retry_at == clock.now() + timedelta(seconds=seconds)
    assert clock.slept == []


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "soon"}, {"Retry-After": "-1"}])
def test_throttling_without_a_time_backs_off_and_ends(
    access: Access, cxone: ScriptedCxone, clock: FakeClock, headers: dict[str, str]
) -> None:
    cxone.answers = [Reply(429, headers=headers)] * 20

    with pytest.raises(RateLimited, match="quota is used up") as caught:
        access.call()
    assert len(cxone.asked) <= 4
    assert caught.value.retry_at <= clock.now() + timedelta(seconds=8)


def test_throttling_holds_everybody_back(aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone) -> None:
    access = Access(aws, clock, cxone.url, budgets={})
    cxone.answers = [Reply(429, headers={"Retry-After": "60"})]
    with pytest.raises(RateLimited):
        access.call()

    access.start_afresh()
    with pytest.raises(RateLimited) as caught:
        access.call()
    assert len(cxone.asked) == 1, "nobody asks before the time"
    assert caught.value.retry_at == clock.now() + timedelta(seconds=60)
    clock.advance(seconds=60)
    access.call()


def test_every_try_takes_its_place_in_the_quota(
    aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone
) -> None:
    access = Access(aws, clock, cxone.url, budgets={"outbound": {"calls": 3, "per_seconds": 3}})
    access.old_token()
    started = clock.now()
    cxone.answers = [Reply(401), GOOD]

    for _ in range(2):
        access.call()
    assert clock.slept == [], "three tries have three places"
    access.call()
    assert (clock.now() - started).total_seconds() == pytest.approx(3 / 0.97, abs=0.01)


def test_no_call_is_begun_without_time_for_it(access: Access, cxone: ScriptedCxone, clock: FakeClock) -> None:
    access.http = access.http.until(Deadline(clock, 1.9))

    with pytest.raises(OutOfTime):
        access.call()
    assert (cxone.asked, cxone.token_requests) == ([], [])


@pytest.mark.parametrize(
    "bad", [Reply(429, headers={"Retry-After": "4"}), Reply(503, headers={"Retry-After": "4"})]
)
def test_no_wait_is_longer_than_the_time_left(
    access: Access, cxone: ScriptedCxone, clock: FakeClock, bad: Reply
) -> None:
    access.http = access.http.until(Deadline(clock, 5))
    cxone.answers = [bad] * 9

    with pytest.raises(OutOfTime):
        access.call()
    assert clock.slept == []


def test_no_place_in_the_quota_is_taken_behind_the_deadline(
    aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone
) -> None:
    access = Access(aws, clock, cxone.url, budgets={"outbound": {"calls": 1, "per_seconds": 1}})
    access.call()
    access.http = access.http.until(Deadline(clock, 2.5))

    with pytest.raises(RateLimited):
        access.call()
    assert clock.slept == []


@pytest.mark.slow
@pytest.mark.parametrize("status", [200, 302, 404])
def test_an_answer_that_drips_ends_with_the_time_that_is_left(
    aws: AwsWorld, cxone: ScriptedCxone, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbound.cxone.http._MIN_SECONDS", 0.1)
    access = Access(aws, SystemClock(), cxone.url, max_tries=1)
    access.token()
    access.http = access.http.until(Deadline(access.clock, 0.6))
    cxone.answers = [Reply(status, {"a": "x" * 100}, {"Location": "/"}, drip=0.05)]
    started = time.monotonic()

    with pytest.raises(CxoneError):
        access.call()
    assert time.monotonic() - started < 2


def test_a_server_that_says_nothing_ends_with_the_read_time_out(aws: AwsWorld, cxone: ScriptedCxone) -> None:
    access = Access(aws, SystemClock(), cxone.url, max_tries=1, read_timeout_seconds=0.3)
    cxone.answers = [Reply(delay=2)]

    with pytest.raises(Unavailable, match="ReadTimeout"):
        access.call()


def test_a_huge_answer_is_not_read_whole(
    access: Access, cxone: ScriptedCxone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbound.cxone.http._MOST_BYTES", 1_000_000)
    cxone.answers = [Reply(body=b" " * 5_000_000)] * 4

    with pytest.raises(UnexpectedAnswer, match="ask for smaller pages"):
        access.call()
    assert len(cxone.asked) == 1


def test_a_huge_refusal_is_read_as_far_as_it_matters(access: Access, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(404, b"x" * 5_000_000)]

    with pytest.raises(NotFound):
        access.call()


def _connections(cxone: ScriptedCxone, access: Access, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    made: list[int] = []
    connect = HTTPConnection.connect

    def counted(self: HTTPConnection) -> None:
        made.append(1)
        connect(self)

    access.token()
    monkeypatch.setattr(HTTPConnection, "connect", counted)
    return made


def test_one_connection_serves_many_calls(
    access: Access, cxone: ScriptedCxone, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _connections(cxone, access, monkeypatch)
    cxone.answers = [
        GOOD,
        Reply(503, {"message": "busy"}),
        GOOD,
        Reply(body={"calls": ["x" * 100] * 9000}),
        GOOD,
    ]

    for _ in range(4):
        access.call()
    assert len(made) == 1


def test_a_connection_that_was_cut_is_not_used_again(
    access: Access, cxone: ScriptedCxone, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _connections(cxone, access, monkeypatch)
    cxone.answers = [Reply(body={"a": "long answer"}, cut="body"), GOOD, GOOD]

    access.call()
    access.call()
    assert len(made) == 2
