"""Everything that is published reaches the bus, or its publisher hears of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from outbound.events import (
    Bus,
    Event,
    EventTooLarge,
    EventType,
    PublishFailed,
    deterministic_id,
    event_of_type,
)
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock


def event(number: int, size: int = 10) -> Event:
    return Event(f"e{number}", "toy.done", "2026-03-10T12:00:00Z", "c", "acme", {"blob": "x" * size})


class ScriptedEvents:
    """PutEvents that refuses as told: for each call the places of the entries that it refuses."""

    def __init__(self, *refused: set[int] | Exception) -> None:
        self._refused = list(refused)
        self.calls: list[list[str]] = []
        self.bytes: list[int] = []
        self.taken: list[str] = []
        self.details: list[str] = []
        self.types: list[str] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto's own
        ids = [json.loads(entry["Detail"])["event_id"] for entry in Entries]
        self.calls.append(ids)
        self.bytes.append(sum(len(entry["Detail"].encode()) for entry in Entries))
        self.details += [entry["Detail"] for entry in Entries]
        self.types += [entry["DetailType"] for entry in Entries]
        refused = self._refused.pop(0) if self._refused else set()
        if isinstance(refused, Exception):
            raise refused
        self.taken += [name for place, name in enumerate(ids) if place not in refused]
        results = [
            {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
            if place in refused
            else {"EventId": "1"}
            for place in range(len(ids))
        ]
        return {"FailedEntryCount": len(refused), "Entries": results}


def bus_over(client: Any, clock: FakeClock | None = None) -> Bus:
    return Bus(client, "toy-bus", clock or FakeClock())


def test_events_arrive_whole(aws: AwsWorld, clock: FakeClock) -> None:
    sent = Event("e", "toy.done", "2026-03-10T12:00:00Z", "c", "acme", {"records": 3, "name": "Zoë"})

    Bus(aws.events, ENVIRONMENT["BUS_NAME"], clock).publish([sent])

    assert [Event.from_detail(detail) for detail in aws.published("toy.done")] == [sent]


def test_a_stored_detail_travels_as_it_is() -> None:
    client = ScriptedEvents()
    detail = json.dumps(json.loads(event(1).to_json()), indent=1)
    bus_over(client).publish([detail, event(2)])

    assert client.details == [detail, event(2).to_json()]
    assert client.types == ["toy.done", "toy.done"]


@pytest.mark.parametrize("detail", ["{", "[]", "{}"])
def test_a_stored_detail_that_is_not_an_event_is_refused(detail: str) -> None:
    client = ScriptedEvents()
    with pytest.raises(ValueError, match=r"event|Expecting"):
        bus_over(client).publish([event(1), detail])
    assert client.calls == []


def test_an_event_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[str] = []
    dumps = json.dumps
    monkeypatch.setattr(
        "outbound.events.envelope.json.dumps", lambda *a, **k: encoded.append("") or dumps(*a, **k)
    )
    one = event(1)
    bus_over(ScriptedEvents()).publish([one])
    assert one.to_json() is one.to_json()
    # The client of this test reads what it is sent, and encodes nothing.
    assert len(encoded) == 1


def test_a_call_has_at_most_ten_entries() -> None:
    client = ScriptedEvents()
    bus_over(client).publish([event(number) for number in range(25)])

    assert [len(call) for call in client.calls] == [10, 10, 5]
    assert client.taken == [f"e{number}" for number in range(25)]


def test_a_call_has_at_most_256_kb() -> None:
    client = ScriptedEvents()
    bus_over(client).publish([event(number, 100_000) for number in range(5)])

    assert [len(call) for call in client.calls] == [2, 2, 1]
    assert max(client.bytes) <= 256 * 1024


@given(st.lists(st.integers(0, 300_000), max_size=15))
def test_every_event_that_fits_is_sent_once_in_order(sizes: list[int]) -> None:
    client = ScriptedEvents()
    events = [event(number, size) for number, size in enumerate(sizes)]
    fitting = [one.event_id for one in events if len(one.to_json()) + 256 <= 256 * 1024]
    try:
        bus_over(client).publish(events)
    except EventTooLarge:
        assert len(fitting) < len(events)

    assert client.taken == fitting
    assert all(size <= 256 * 1024 for size in client.bytes)


def test_an_event_that_is_too_large_is_named_and_holds_up_no_other() -> None:
    client = ScriptedEvents()

    with pytest.raises(EventTooLarge, match=r"toy.done e1 \(\d+ bytes\)"):
        bus_over(client).publish([event(0), event(1, 300_000), event(2)])

    assert client.taken == ["e0", "e2"]


def test_size_counts_bytes_and_not_letters() -> None:
    wide = Event("e", "toy.done", "2026-03-10T12:00:00Z", "c", "acme", {"blob": "é" * 140_000})

    with pytest.raises(EventTooLarge):
        bus_over(ScriptedEvents()).publish([wide])


def test_only_what_was_refused_is_sent_again(clock: FakeClock) -> None:
    client = ScriptedEvents({1, 3}, {0})
    bus_over(client, clock).publish([event(number) for number in range(4)])

    assert client.calls == [["e0", "e1", "e2", "e3"], ["e1", "e3"], ["e1"]]
    assert sorted(client.taken) == ["e0", "e1", "e2", "e3"]
    assert len(clock.slept) == 2


def test_what_is_refused_to_the_end_is_an_error(clock: FakeClock) -> None:
    client = ScriptedEvents(*[{0}] * 9)

    with pytest.raises(PublishFailed, match="refused 1 events: ThrottlingException"):
        bus_over(client, clock).publish([event(0)])

    assert len(client.calls) == 5
    assert sum(clock.slept) < 6


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "PutEvents"),
        EndpointConnectionError(endpoint_url="https://events"),
    ],
)
def test_a_bus_that_cannot_be_reached_is_an_error_of_ours(error: Exception) -> None:
    client = ScriptedEvents(error)

    with pytest.raises(PublishFailed, match=r"the bus toy-bus refused 1 events"):
        bus_over(client).publish([event(0)])

    assert len(client.calls) == 1, "the client itself has tried several times"


def test_the_same_effect_makes_the_same_event(clock: FakeClock) -> None:
    def made(effect: str, data: dict[str, Any]) -> Event:
        return event_of_type(EventType.OUTCOMES_PULLED, "acme", clock.now(), (effect,), data)

    first = made("job", {"try": 1})
    clock.advance(hours=1)

    assert made("job", {"try": 2}).event_id == first.event_id
    assert made("other", {}).event_id != first.event_id
    assert deterministic_id("ab", "c") != deterministic_id("a", "bc")


GOOD = json.loads(event(1).to_json())


@pytest.mark.parametrize(
    ("detail", "complaint"),
    [
        ("text", "not an object"),
        ([], "not an object"),
        (None, "not an object"),
        ({**GOOD, "event_id": 3}, "'event_id'"),
        ({key: value for key, value in GOOD.items() if key != "tenant"}, "'tenant'"),
        ({**GOOD, "data": []}, "'data'"),
        ({**GOOD, "data": None}, "'data'"),
        ({**GOOD, "schema_version": None}, "'schema_version'"),
        ({**GOOD, "schema_version": "two"}, "two"),
    ],
)
def test_a_foreign_message_is_refused_with_its_reason(detail: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Event.from_detail(detail)


def test_an_event_without_data_and_version_is_an_event() -> None:
    detail = {key: value for key, value in GOOD.items() if key not in ("data", "schema_version")}

    assert Event.from_detail(detail).schema_version == 1
