"""When dispositions come back that neither their contact nor their own fault keeps from being applied."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from outbound.cxone.errors import RateLimited
from outbound.dispositions.deferral import ContactClaimed, wait_for_claim, wait_for_cxone

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def received(times: int) -> dict[str, Any]:
    return {"attributes": {"ApproximateReceiveCount": str(times)}}


def waits(times: int) -> list[float]:
    error = RateLimited("the budget contacts has no place within 2 s", NOW + timedelta(seconds=3))
    return [wait_for_cxone(error, received(times), NOW).seconds for _ in range(50)]


def test_what_found_no_place_in_the_quota_comes_back_when_there_is_one() -> None:
    for times in (1, 2, 5):
        assert all(3 <= each < 3 + 1.5 for each in waits(times))


def test_a_backlog_does_not_use_up_its_receives() -> None:
    # At two hundred a message is dead. By then days have passed, whatever the quota is.
    assert sum(sum(waits(times)) / 50 for times in range(1, 190)) > timedelta(days=3).total_seconds()
    assert max(waits(190)) <= 3 + 7200


def test_a_claim_is_waited_for_a_moment_however_often_the_quota_sent_a_message_back() -> None:
    taken = ContactClaimed((NOW + timedelta(minutes=1)).timestamp())
    for times in (1, 5, 20):
        assert wait_for_claim(taken, received(times), NOW).seconds <= 2 + 4
    ended = ContactClaimed((NOW - timedelta(minutes=1)).timestamp())
    assert wait_for_claim(ended, received(1), NOW).seconds == 1
