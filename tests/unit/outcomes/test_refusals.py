"""What cannot be asked: each refusal names its field, says what to do, and is a fact on the bus."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from outbound.cxone.ports.outcomes import OutcomeQuery
from outbound.events import Event
from outbound.outcomes.dispatcher import job_window
from outbound.outcomes.query import InvalidQuery, check_window, checked
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window
from outbound.queues import Refused
from worlds.outcomes import MakePulls, PullWorld, hours_ago

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(hours=2), NOW - timedelta(hours=1))
SETTINGS = OutcomeSettings()
AUDIT_FIELDS = {
    "job_id",
    "campaign_id",
    "start_time",
    "end_time",
    "initiated_at",
    "completed_at",
    "status",
    "records_processed",
    "compliance_hash",
    "error",
}


def _checked(**changed: Any) -> OutcomeQuery:
    asked = {"campaign_id": "spring", "window": WINDOW, "codes": (), "page_size": 1000}
    return checked(**(asked | {"settings": SETTINGS, "now": NOW} | changed))


@pytest.mark.parametrize("size", [1, 5000])
def test_the_smallest_and_the_largest_page_are_taken(size: int) -> None:
    assert _checked(page_size=size).page_size == size


@pytest.mark.parametrize("size", [0, 5001, -1, True])
def test_a_page_size_out_of_bounds_is_refused_by_name(size: int) -> None:
    with pytest.raises(InvalidQuery, match=r"^page_size: .*between 1 and 5000"):
        _checked(page_size=size)


@pytest.mark.parametrize("campaign_id", ["", "a b", "a/b", "a#b", "../x", "ü", "x" * 65, "spring\n"])
def test_a_campaign_id_with_odd_characters_is_refused_by_name(campaign_id: str) -> None:
    with pytest.raises(InvalidQuery, match=r"^campaign_id: use"):
        _checked(campaign_id=campaign_id)


def test_a_code_without_a_category_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(InvalidQuery, match=r"^outcome_codes: MAYBE has no category.*CONVERTED"):
        _checked(codes=("CONVERTED", "MAYBE"))


def test_a_code_without_a_category_passes_where_the_settings_say_so() -> None:
    assert _checked(codes=("MAYBE",), settings=OutcomeSettings(unknown_codes="pass")).outcome_codes == (
        "MAYBE",
    )


@pytest.mark.parametrize(
    ("window", "field", "said"),
    [
        (Window(NOW, NOW + timedelta(seconds=1)), "end", "in the future"),
        (Window(NOW, NOW - timedelta(hours=1)), "start", "is not before the end"),
        (Window(NOW, NOW), "start", "is not before the end"),
        (Window(NOW.replace(tzinfo=None), NOW), "start", "no UTC offset; write it like"),
        (Window(WINDOW.start, NOW.replace(tzinfo=None)), "end", "no UTC offset; write it like"),
        (Window(NOW - timedelta(days=91), NOW), "start", "older than the 90 days.*use 2025-12-10"),
    ],
)
def test_a_window_that_cannot_be_is_refused_by_the_name_of_its_end(
    window: Window, field: str, said: str
) -> None:
    with pytest.raises(InvalidQuery, match=f"^{field}: .*{said}") as refusal:
        check_window(window, SETTINGS, NOW)
    assert refusal.value.field == field


def _refusal(world: PullWorld) -> dict[str, Any]:
    [fact] = world.facts()
    assert fact["event_type"] == "outcomes.pull_failed"
    assert fact["data"]["reason"] == "invalid_query"
    assert set(fact["data"]["audit"]) == AUDIT_FIELDS
    assert fact["data"]["audit"]["error"] == fact["data"]["message"]
    assert len(json.dumps(fact)) < 4000
    data: dict[str, Any] = fact["data"]
    return data


TIME = "2026-03-01T08:00:00Z"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"campaign_id": None}, "campaign_id", "names none"),
        ({"campaign_id": 17}, "campaign_id", "names none"),
        ({"campaign_id": ["spring"]}, "campaign_id", "names none"),
        ({"campaign_id": "spring ./"}, "campaign_id", "letters, digits"),
        ({"campaign_id": "x" * 10_000}, "campaign_id", "1 to 64"),
        ({"campaign_id": "autumn"}, "campaign_id", "register the campaign first"),
        ({"start": None}, "start", "write a time like"),
        ({"start": 1_700_000_000}, "start", "write a time like"),
        ({"start": {}}, "start", "write a time like"),
        ({"start": "yesterday" * 1000}, "start", "not a time with an offset"),
        ({"start": "2026-03-01T08:00:00"}, "start", "not a time with an offset"),
        ({"end": "2026-03-01"}, "end", "not a time with an offset"),
        ({"end": "0001-01-01T00:00:00+14:00"}, "end", "not a time with an offset"),
        ({"start": "0001-01-01T00:00:00Z", "end": "0001-01-02T00:00:00Z"}, "start", "older than"),
        ({"end": "9999-12-31T23:59:59Z"}, "end", "in the future"),
        ({"refresh": "yes"}, "refresh", "true or false"),
        ({"refresh": 1}, "refresh", "true or false"),
    ],
)
def test_a_request_that_cannot_be_comes_back_as_a_fact_with_the_field_and_what_to_do(
    pulls: MakePulls, asked: dict[str, Any], field: str, said: str
) -> None:
    world = pulls()
    world.register("spring")
    world.facts()
    window = {"start": hours_ago(world.clock, 2), "end": hours_ago(world.clock, 1)}
    world.ask(**({"campaign_id": "spring", **window} | asked))
    data = _refusal(world)
    assert data["field"] == field
    assert said in data["message"]
    assert world.job_list("spring") == []


def test_a_refused_request_that_arrives_twice_is_one_fact(pulls: MakePulls) -> None:
    world = pulls()
    for _ in range(2):
        world.ask("autumn", TIME, TIME, "request-1")
    assert len({event["event_id"] for event in world.facts()}) == 1


@pytest.mark.parametrize("changed", [{"page_size": 0}, {"page_size": 5001}, {"outcome_codes": ["MAYBE"]}])
def test_a_registered_query_that_cannot_be_fails_its_pull_by_the_name_of_the_field(
    pulls: MakePulls, changed: dict[str, Any]
) -> None:
    """The command refuses such a registration; it may have been written past the command."""
    world = pulls({"id": "spring", "calls": 0, "from": -10, "to": -1})
    world.register("spring", start=hours_ago(world.clock, 1))
    [(field, value)] = changed.items()
    world.table.update(world.registry.key("spring"), f"SET #{field} = :v", {":v": value})
    world.facts()
    world.tick()
    world.work_off()
    failed = world.facts("outcomes.pull_failed")
    assert {event["data"]["field"] for event in failed} == {field}
    assert all(event["data"]["message"].startswith(f"{field}: ") for event in failed)
    assert set(failed[0]["data"]["audit"]) == AUDIT_FIELDS


def test_an_event_that_asks_for_no_pull_is_refused_and_not_answered(pulls: MakePulls) -> None:
    world = pulls()
    event = Event("e", "outcomes.pull_failed", TIME, "c", "acme", {"campaign_id": "spring"})
    with pytest.raises(Refused, match=r"outcomes\.pull_failed"):
        world.requests.answer(event, world.settings)
    assert world.facts() == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "7",
        "null",
        "{}",
        '{"campaign_id": "spring"}',
        '{"campaign_id": ["spring"], "start": "x", "end": "y"}',
        '{"campaign_id": "a/b", "start": "2026-03-01T08:00:00Z", "end": "2026-03-01T09:00:00Z"}',
        '{"campaign_id": "spring", "start": 1, "end": 2}',
        '{"campaign_id": "spring", "start": "2026-03-01T08:00:00", "end": "2026-03-01T09:00:00Z"}',
        "[" * 100_000,
    ],
)
def test_a_message_that_is_no_job_is_refused(body: str) -> None:
    with pytest.raises(Refused):
        job_window(body)


def test_a_job_that_nobody_planned_is_refused_with_what_to_do(pulls: MakePulls) -> None:
    world = pulls()
    body = {"campaign_id": "spring", "start": "2026-03-01T08:00:00Z", "end": "2026-03-01T09:00:00Z"}
    with pytest.raises(Refused, match=r"request it by outcomes\.pull\.requested"):
        world.pull(json.dumps(body))
