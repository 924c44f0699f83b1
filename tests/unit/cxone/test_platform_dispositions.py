"""The calls of dispositions reach contacts and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from outbound.cxone.errors import InvalidRequest, RateLimited
from outbound.cxone.http import Answer, Call
from outbound.cxone.platform.dispositions import PlatformDispositions
from outbound.cxone.ports.dispositions import NewDisposition
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import Access, Reply, ScriptedCxone


class _Called:
    """Remembers what it was called with, and gives a contact."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def call(self, call: Call) -> Answer:
        self.paths.append(call.path)
        return Answer({"state": "IDLE"}, 200, {}, 1)


def _one_call_in_four_seconds(aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone) -> PlatformDispositions:
    budgets = {"contacts": {"calls": 1, "per_seconds": 4}}
    surfaces = {
        "dispositions": {"base_url": cxone.url, "token": {"url": f"{cxone.url}/oauth/token", "scopes": []}}
    }
    return PlatformDispositions(Access(aws, clock, cxone.url, surfaces=surfaces, budgets=budgets).http)


@pytest.mark.parametrize(("campaign_id", "contact_id"), [("..", "c"), ("c", ".."), ("c", "."), (".", ".")])
def test_an_id_that_is_a_step_in_a_path_is_never_called(campaign_id: str, contact_id: str) -> None:
    http = _Called()
    with pytest.raises(InvalidRequest):
        PlatformDispositions(http).contact(campaign_id, contact_id)  # type: ignore[arg-type]
    assert not http.paths


def test_an_id_keeps_to_its_place_in_the_path() -> None:
    http = _Called()
    PlatformDispositions(http).contact("a/../b", "...")  # type: ignore[arg-type]
    assert http.paths == ["/api/v1/outbound/campaigns/a%2F..%2Fb/contacts/..."]


def test_a_read_gives_its_place_up_soon_and_the_write_that_follows_one_does_not(
    aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone
) -> None:
    # While a read waits its function takes no other campaign's message; a write given up costs a read.
    port = _one_call_in_four_seconds(aws, clock, cxone)
    cxone.answers = [Reply(body={"state": "IDLE"}), Reply()]
    port.contact("spring", "c1")
    with pytest.raises(RateLimited):
        port.contact("spring", "c2")
    assert clock.slept == []

    port.dispose(NewDisposition("spring", "c1", "SOLD", "agent", datetime(2026, 3, 10, tzinfo=UTC)))
    assert sum(clock.slept) == pytest.approx(4, abs=0.3)


def test_an_urgent_read_gets_a_place_where_others_are_turned_away(
    aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone
) -> None:
    # Who asked not to be called stands in CXone before what else is waiting for the same quota.
    port = _one_call_in_four_seconds(aws, clock, cxone)
    cxone.answers = [Reply(body={"state": "IDLE"}), Reply(body={"state": "IDLE"})]
    port.contact("spring", "c1")
    with pytest.raises(RateLimited):
        port.contact("spring", "c2")

    assert port.contact("spring", "c3", urgent=True).state == "IDLE"
    assert sum(clock.slept) == pytest.approx(4, abs=0.3)
