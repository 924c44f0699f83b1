"""Pages without an end: every way in which a page token can repeat is noticed, and within bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.cxone.ports.outcomes import OutcomePage
from outbound.outcomes import checkpoint as positions
from outbound.outcomes.errors import PullFailed
from outbound.outcomes.job import Position
from outbound.outcomes.settings import OutcomeSettings
from sandbox.world import expected_ids
from worlds.outcomes import MakePulls, PullWorld, hours_ago

SETTINGS = OutcomeSettings()
SPRING = {"id": "spring", "calls": 200, "from": -4, "to": -3, "agents": 2}


def _followed(
    tokens: Iterable[str], settings: OutcomeSettings = SETTINGS, position: Position | None = None
) -> Position:
    """Follow page tokens as a pull does; give the position behind the last one."""
    position = position or positions.first(datetime(2026, 3, 10, tzinfo=UTC), ())
    for token in tokens:
        if token:
            positions.check_end(position, token, settings)
        position = positions.after(position, OutcomePage([], token, 1), 0)
    return position


@given(st.integers(0, 200), st.integers(1, 100))
def test_a_circle_of_tokens_is_noticed_within_a_few_rounds(tail: int, length: int) -> None:
    tokens = chain((f"t{n}" for n in range(tail)), cycle(f"c{n}" for n in range(length)))
    followed = islice(tokens, 4 * max(tail, length) + length + 2)
    with pytest.raises(PullFailed) as failure:
        _followed(followed)
    assert failure.value.reason == "page_token_repeats"


@given(st.integers(1, 1000))
def test_tokens_that_all_differ_are_followed_to_the_last(pages: int) -> None:
    assert _followed([*(f"t{n}" for n in range(pages)), ""]).page == pages + 1


def test_more_pages_than_can_be_are_not_followed() -> None:
    settings = OutcomeSettings(max_pages=3)
    assert _followed(["a", "b", ""], settings).page == 3
    with pytest.raises(PullFailed, match="more than 3 pages; raise max_pages") as failure:
        _followed(["a", "b", "c"], settings)
    assert failure.value.reason == "too_many_pages"


def test_a_token_too_long_to_be_sent_is_refused() -> None:
    with pytest.raises(PullFailed, match="5000 characters"):
        _followed(["x" * 5000])


def test_a_landmark_survives_a_hand_over() -> None:
    halfway = _followed(["a", "b", "c"])
    with pytest.raises(PullFailed):
        _followed(["a", "b", "c"] * 4, position=replace(halfway))


def _pulled_with_fault(world: PullWorld, nth: int) -> dict[str, object]:
    world.tenant.add_fault({"repeat_page_token": True}, path="/calls", nth=nth, times=None)
    world.register("spring", page_size=10, enabled=False)
    world.ask("spring", hours_ago(world.clock, 4), hours_ago(world.clock, 3))
    world.work_off()
    [failed] = world.facts("outcomes.pull_failed")
    data: dict[str, object] = failed["data"]
    return data


@pytest.mark.parametrize("nth", [1, 4])
def test_a_token_that_repeats_for_ever_fails_the_pull_which_completes_after_repair(
    pulls: MakePulls, nth: int
) -> None:
    world = pulls(SPRING)
    data = _pulled_with_fault(world, nth)
    assert data["reason"] == "page_token_repeats"
    assert world.tenant.stats().count("GET /api/v2/outbound/calls") < 20
    assert world.rows() == [], "pages that went round in a circle are not to be counted meanwhile"
    world.tenant.clear_faults()
    world.clock.advance(hours=1)
    world.sweep()
    world.work_off()
    ids = [row["id"] for row in world.rows()]
    expected = expected_ids(
        world.tenant.world, "spring", hours_ago(world.clock, 5), hours_ago(world.clock, 4)
    )
    assert sorted(ids) == sorted(expected)
    [job] = world.job_list("spring")
    assert job.status == "completed"


def test_a_failing_pull_is_one_fact_for_each_time_it_fails(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    _pulled_with_fault(world, 1)
    for _ in range(2):
        world.clock.advance(hours=1)
        world.sweep()
        world.work_off()
    assert len({event["event_id"] for event in world.facts("outcomes.pull_failed")}) == 2


def test_a_message_that_comes_before_its_time_does_not_pull_a_failed_window_again(pulls: MakePulls) -> None:
    world = pulls(SPRING)
    _pulled_with_fault(world, 1)
    asked = world.tenant.stats().count("GET /api/v2/outbound/calls")
    [job] = world.job_list("spring")
    from outbound.outcomes.dispatcher import message_of

    assert world.pull(message_of(job)) is None
    assert world.tenant.stats().count("GET /api/v2/outbound/calls") == asked
