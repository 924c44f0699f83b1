"""Contacts come from the seed alone: their ids, their calls and the states that they begin in."""

import json
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from sandbox.world import BLOCKED_STATES, CampaignCalls, World, contacts_of, read_world
from sandbox.world.contacts import Contacts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_world(**campaign: object) -> World:
    document = {"id": "camp-a", "calls": 1000, "from": "-7d", "to": "-1h", **campaign}
    return read_world({"seed": 5, "campaigns": [document]}, NOW)


def contacts(**campaign: object) -> Contacts:
    world = a_world(**campaign)
    return Contacts(world.seed, world.campaigns[0])


@pytest.mark.parametrize(("asked", "count"), [(None, 334), (40, 40), (5000, 5000)])
def test_calls_are_spread_over_as_many_contacts_as_asked_for(asked: int | None, count: int) -> None:
    world = a_world(contacts=asked)
    records = [json.loads(one) for one in CampaignCalls(5, world.campaigns[0]).render(0, 1000)]
    ids = contacts_of(world, "camp-a")
    assert len(set(ids)) == count
    assert {one["contactId"] for one in records} == set(ids[:1000])
    tries = Counter(one["contactId"] for one in records)
    assert max(tries.values()) == -(-1000 // count)
    assert [one["attemptNumber"] for one in records if one["contactId"] == ids[0]] == [
        *range(1, tries[ids[0]] + 1)
    ]


def test_a_campaign_without_calls_may_have_contacts() -> None:
    assert len(contacts_of(a_world(calls=0, contacts=7), "camp-a")) == 7
    assert contacts_of(a_world(calls=0), "camp-a") == []


def test_the_last_call_of_a_contact_is_found_by_its_number() -> None:
    calls = CampaignCalls(5, a_world(contacts=90).campaigns[0])
    for beyond in (0, 1, 45, 90, 91, 1000):
        for contact in (0, 44, 45, 89):
            mine = [index for index in range(beyond) if index % 90 == contact]
            assert calls.last_of(contact, beyond) == (mine[-1] if mine else None)


def test_an_id_is_found_again_in_its_own_spelling_only() -> None:
    some = contacts(contacts=300)
    assert [some.number_of(some.id_of(number)) for number in (0, 10, 299)] == [0, 10, 299]
    right = some.id_of(10)
    for wrong in (right.upper(), right.replace("a", "A"), f" {right}", right[:-12] + "a", "", "-", "-1"):
        assert some.number_of(wrong) is None
    assert some.number_of(some.id_of(300)) is None


def test_busy_contacts_go_through_the_states_and_become_ready() -> None:
    some = contacts(contacts=4000, busy=0.25, state_seconds=10)
    first = Counter(some.state_of(number, 0) for number in range(4000))
    assert set(first) == {*BLOCKED_STATES, "READY"}
    assert first["READY"] / 4000 == pytest.approx(0.75, abs=0.03)
    order = [*BLOCKED_STATES, "READY"]
    for number in range(4000):
        steps = [order.index(some.state_of(number, second)) for second in range(0, 50, 5)]
        assert steps == sorted(steps)
        assert all(later - earlier <= 1 for earlier, later in pairwise(steps))
    busy = [number for number in range(4000) if some.state_of(number, 0) != "READY"]
    moved = [number for number in busy if some.state_of(number, 5) != some.state_of(number, 0)]
    assert len(moved) / len(busy) == pytest.approx(0.5, abs=0.1)
    assert {some.state_of(number, 40) for number in range(4000)} == {"READY"}


def test_states_without_seconds_stay() -> None:
    some = contacts(contacts=100, busy=1, state_seconds=None)
    assert [some.state_of(n, 1e9) for n in range(100)] == [some.state_of(n, 0) for n in range(100)]
    assert {some.state_of(n, 0) for n in range(100)} == set(BLOCKED_STATES)
