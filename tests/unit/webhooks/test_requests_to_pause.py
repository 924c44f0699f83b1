"""A request to pause is taken whatever else is wrong with its delivery, if its sender may ask for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outbound.clock import parse_time
from outbound.events import EventType
from outbound.events.requests.steering import pause_in
from outbound.webhooks.delivery import Delivery
from outbound.webhooks.reader import Contents, read
from outbound.webhooks.settings import Providers
from worlds.webhooks import ALL_REQUESTS, TENANT

RECEIVED = parse_time("2026-03-10T12:00:00Z")
AT = "2026-03-10T11:59:30Z"
_DATA = {"campaignId": "spring", "targetState": "paused"}


def _body(**changes: Any) -> dict[str, Any]:
    """A request to pause, with other fields of the event."""
    return {"id": "t-1", "type": "campaign.transition.requested", "occurredAt": AT, "data": _DATA, **changes}


def _data(**changes: Any) -> dict[str, Any]:
    return _body(data={**_DATA, **changes})


def _text(body: Any, old: str, new: str) -> bytes:
    return json.dumps(body).replace(old, new).encode()


def _contents(body: Any, request_types: list[str] = ALL_REQUESTS) -> Contents:
    document = {
        "providers": {"crm": {"scheme": "github", "mapping": "plain", "request_types": request_types}}
    }
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    delivery = Delivery("d" * 32, "crm", RECEIVED, "POST", "/", {}, raw)
    return read(delivery, Providers.model_validate(document).providers["crm"], TENANT)


def _pauses(contents: Contents) -> list[str]:
    """Which campaigns are to be paused."""
    events = [each for each in contents.events if each.data["target_state"] == "paused"]
    assert all(each.event_type == EventType.TRANSITION_REQUESTED for each in events)
    return [each.data["campaign_id"] for each in events]


def test_a_request_that_is_right_is_taken_as_it_is() -> None:
    contents = _contents(_data(reason="flood", requestedBy="crm"))
    assert contents.rejections == []
    (event,) = contents.events
    assert event.data == {
        "campaign_id": "spring",
        "target_state": "paused",
        "reason": "flood",
        "requested_by": "crm",
    }


@pytest.mark.parametrize(
    "body",
    [
        _data(colour="red"),
        _data(reason="x" * 257),
        _data(reason=7),
        _data(reason=["a"]),
        _data(requestedBy="x" * 129),
        _data(requestedBy={"name": "x"}),
        _data(targetState="PAUSED"),
        _data(targetState=" Paused "),
        _data(campaignId=" spring "),
        _data(notes="x" * 300_000),
        _body(occurredAt="yesterday"),
        _body(occurredAt="2026-03-10T13:00:00Z"),
        _body(occurredAt="2026-03-10T11:59:30"),
        _body(id="x" * 600),
        _body(id={"a": 1}),
        _text(_data(reason="?"), '"?"', '"\\ud800"'),
        _text(_data(custom="?"), '"?"', "1e999"),
        _text(_data(reason="?"), '"?"', '"a", "reason": "b"'),
        _text(_body(), '"paused"', '"paused", "targetState": "active"'),
        _text(_body(), '"paused"', '"active", "targetState": "paused"'),
    ],
)
def test_a_pause_is_taken_and_what_is_wrong_is_said(body: Any) -> None:
    contents = _contents(body)
    assert _pauses(contents) == ["spring"]
    assert len(contents.rejections) == 1


def test_what_can_be_read_of_who_and_why_is_kept() -> None:
    (event,) = _contents(_data(reason="x" * 300, requestedBy="crm", colour="red")).events
    assert event.data["reason"] == "x" * 256
    assert event.data["requested_by"] == "crm"


def test_a_pause_without_a_usable_time_is_of_the_moment_of_receipt() -> None:
    for moment in ("yesterday", "2026-03-10T13:00:00Z", 5):
        (event,) = _contents(_body(occurredAt=moment)).events
        assert event.occurred_at == "2026-03-10T12:00:00Z"
    (event,) = _contents(_data(colour="red")).events
    assert event.occurred_at == AT


def test_of_two_campaigns_in_one_field_both_are_paused() -> None:
    contents = _contents(_text(_body(), '"spring"', '"spring", "campaignId": "summer"'))
    assert sorted(_pauses(contents)) == ["spring", "summer"]


def test_a_pause_beside_a_resume_with_the_same_id_is_taken() -> None:
    resume = _data(targetState="active")
    assert _pauses(_contents([resume, _body()])) == ["spring"]
    assert _contents([resume]).events[0].event_id != _contents([_body()]).events[0].event_id


def test_a_request_read_better_later_is_the_same_event() -> None:
    right, wrong = _contents(_body()).events, _contents(_data(colour="red")).events
    assert [each.event_id for each in right] == [each.event_id for each in wrong]


@pytest.mark.parametrize(
    "body",
    [
        _data(targetState="active", colour="red"),
        _data(targetState="active", reason="x" * 257),
        _body(data={"campaignId": "spring", "targetState": "active"}, occurredAt="yesterday"),
        _data(campaignId="a/b"),
        _data(targetState="stopped"),
        _data(targetState=None),
    ],
)
def test_what_is_not_a_pause_is_checked_to_the_letter(body: Any) -> None:
    contents = _contents(body)
    assert contents.events == []
    assert len(contents.rejections) == 1


def test_a_sender_that_may_not_ask_for_it_pauses_nothing() -> None:
    for body in (_body(), _data(colour="red")):
        contents = _contents(body, ["consent.changed"])
        assert contents.events == []
        assert len(contents.rejections) == 1


@pytest.mark.parametrize("data", [None, [], "paused", {"target_state": "paused"}, {"campaign_id": "spring"}])
def test_what_names_no_campaign_or_no_pause_is_none(data: object) -> None:
    assert pause_in(data) is None
