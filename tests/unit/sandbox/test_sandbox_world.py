"""A world is read strictly, written losslessly, and the same seed makes the same calls."""

import json
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from sandbox.world import CampaignCalls, World, expected, expected_ids, parse_time, read_world, write_world

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_world(seed: int = 5, **campaign: object) -> World:
    document = {"id": "camp-a", "calls": 1000, "from": "-7d", "to": "-1h", **campaign}
    return read_world({"seed": seed, "campaigns": [document]}, NOW)


def rendered(world: World, first: int = 0, beyond: int = 200) -> list[str]:
    return CampaignCalls(world.seed, world.campaigns[0]).render(first, beyond)


def test_a_world_written_down_reads_back_as_the_same_world(world: World) -> None:
    document = json.loads(json.dumps(write_world(world)))
    assert read_world(document, NOW + timedelta(days=400)) == world


def test_relative_times_are_resolved_against_the_given_moment() -> None:
    campaign = a_world().campaigns[0]
    assert campaign.start == NOW - timedelta(days=7)
    assert campaign.end == NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    "document",
    [
        {"sead": 3},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "-2d"}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "2026-01-01"}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "call": 3}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "bad": {"ugly": 0.1}}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "inbound": 1.1}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "codes": {}}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "calls": -1}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "calls": 1, "contacts": 0}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "contacts": -1}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "busy": 1.1}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "state_seconds": 0}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "status": "PAUSING"}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "pause_seconds": -1}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "attempts": {"number": 1}}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "attempts": {"odd": {"ugly": 0.1}}}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "attempts": {"odd": {"repeated": 2}}}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "attempts": {"outcomes": {}}}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "attempts": {"count": -1}}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now", "attempts": {"count": 1}, "contacts": 0}]},
        {"campaigns": [{"id": "a", "from": "-1d", "to": "now"}] * 2},
        {"quotas": {"outbound": {"limit": 3, "minutes": 1}}},
        {"quotas": {"outbond": {"limit": 3, "seconds": 1}}},
        {"token_forms": {"/elsewhere": []}},
    ],
)
def test_a_world_that_makes_no_sense_is_refused(document: dict) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the kind is the promise
        read_world(document, NOW)


def test_the_same_seed_makes_the_same_calls_and_another_seed_others() -> None:
    assert rendered(a_world()) == rendered(a_world())
    assert rendered(a_world()) != rendered(a_world(seed=6))


def test_a_call_does_not_depend_on_which_others_are_asked_for() -> None:
    world = a_world(inbound=0.2, bad={"without_code": 0.2, "end_before_start": 0.2, "not_an_object": 0.2})
    assert [rendered(world, n, n + 1)[0] for n in range(200)] == rendered(world)


def test_calls_start_in_order_and_within_the_campaign() -> None:
    world = a_world()
    campaign = world.campaigns[0]
    calls = CampaignCalls(world.seed, campaign)
    starts = [calls.start_of(index) for index in range(len(calls))]
    assert starts == sorted(starts)
    assert campaign.start.timestamp() <= starts[0]
    assert starts[-1] < campaign.end.timestamp()
    for second in (starts[0], starts[500], starts[500] + 1, starts[-1] + 1):
        assert calls.index_at(second) == sum(one < second for one in starts)


def test_ids_are_uuids_that_no_two_calls_share() -> None:
    document = {"calls": 500, "from": "-7d", "to": "-1h"}
    world = read_world({"campaigns": [{"id": "a", **document}, {"id": "b", **document}]}, NOW)
    ids = [json.loads(one)["id"] for c in world.campaigns for one in CampaignCalls(1, c).render(0, 500)]
    assert len(set(ids)) == 1000
    assert all(UUID(one).version == 4 for one in ids)


def test_names_that_json_must_escape_are_escaped() -> None:
    odd = 'camp "é\\'
    world = a_world(id=odd, codes={'SAID "NO"\\': 1}, queue_id='queue "1"')
    record = json.loads(rendered(world)[0])
    assert (record["campaignId"], record["dispositionCode"]) == (odd, 'SAID "NO"\\')
    assert record["queueId"] == 'queue "1"'


def test_shares_and_weights_come_out_as_asked() -> None:
    world = a_world(calls=40_000, codes={"BUSY": 3, "CONVERTED": 1}, inbound=0.1, bad={"without_code": 0.05})
    campaign = world.campaigns[0]
    truth = expected(world, "camp-a", campaign.start, campaign.end)
    assert truth.total == 40_000
    assert truth.inbound / truth.total == pytest.approx(0.1, abs=0.01)
    assert truth.set_aside["without_code"] / truth.total == pytest.approx(0.05, abs=0.01)
    assert truth.by_code["BUSY"] / truth.valid == pytest.approx(0.75, abs=0.01)
    assert truth.valid == truth.by_code["BUSY"] + truth.by_code["CONVERTED"]


def test_adjoining_windows_share_their_border_only_where_they_are_closed() -> None:
    world = a_world(calls=10_000)
    campaign = world.campaigns[0]
    calls = CampaignCalls(world.seed, campaign)
    second = calls.start_of(4000)
    border = datetime.fromtimestamp(second, UTC)
    windows = ((campaign.start, border), (border, campaign.end))
    halves = [set(expected_ids(world, "camp-a", *one)) for one in windows]
    closed = [set(expected_ids(world, "camp-a", *one, closed=True)) for one in windows]
    whole = set(expected_ids(world, "camp-a", campaign.start, campaign.end))
    assert halves[0] | halves[1] == whole
    assert not halves[0] & halves[1]
    at_border = closed[0] & closed[1]
    assert at_border == {calls.id_of(n) for n in range(calls.index_at(second), calls.index_at(second + 1))}


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-01T12:00:00Z", NOW),
        ("2026-03-01T12:00:00+00:00", NOW),
        ("2026-03-01T07:00:00.250-05:00", NOW + timedelta(milliseconds=250)),
    ],
)
def test_times_with_an_offset_are_read_exactly(text: str, utc: datetime) -> None:
    assert parse_time(text) == utc


def test_a_campaign_of_any_size_takes_no_memory_for_its_calls() -> None:
    CampaignCalls(1, a_world().campaigns[0])  # builds what all campaigns share
    tracemalloc.start()
    calls = CampaignCalls(1, a_world(calls=5_000_000).campaigns[0])
    calls.render(4_999_000, 4_999_010)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000


@pytest.mark.parametrize("size", [1000, 5000])
def test_how_fast_a_page_is_rendered(size: int, record_property: Callable[[str, object], None]) -> None:
    calls = CampaignCalls(1, a_world(calls=500_000, inbound=0.02).campaigns[0])
    taken = []
    for first in range(0, 500_000, 50_000):
        begin = time.perf_counter()
        page = calls.render(first, first + size)
        taken.append(time.perf_counter() - begin)
        assert len(page) == size
    record_property(f"milliseconds_for_{size}", round(min(taken) * 1000, 2))
    # A bound against a slip of an order of magnitude, not against a slow machine.
    assert min(taken) < size * 100e-6


def test_codes_are_drawn_independently_of_the_contact() -> None:
    calls = CampaignCalls(1, a_world(calls=6000, codes={"BUSY": 1, "CONVERTED": 1}).campaigns[0])
    pairs = Counter((calls.code_of(n), calls.code_of(n + 2000)) for n in range(2000))
    assert len(pairs) == 4
    assert min(pairs.values()) > 400
