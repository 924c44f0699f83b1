"""What deliveries come to: kept, mapped, checked, published, each once in effect."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from outbound.webhooks.delivery import Delivery
from outbound.webhooks.settings import Providers
from worlds.aws import FakeClock, sqs_event
from worlds.webhooks import (
    SETTINGS,
    TENANT,
    IngressWorld,
    as_json,
    consent,
    from_file,
    large_delivery,
    request,
)

Logged = Callable[[], list[dict[str, Any]]]


def _ids(events: list[dict[str, Any]]) -> set[str]:
    return {event["event_id"] for event in events}


def _route(world: IngressWorld, *values: Any, provider: str = "plain") -> list[dict[str, Any]]:
    """Receive and route deliveries of these bodies; give what was published."""
    for value in values:
        assert world.receive(request(as_json(value), provider))["statusCode"] == 202
    world.route()
    return world.aws.published()


def _granted(**changes: Any) -> dict[str, Any]:
    """A change of consent that permits, of which every field counts."""
    event = consent()
    return {**event, "data": {**event["data"], "change": "granted"}, **changes}


def _by_type(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The data of events, by their types."""
    return {event["event_type"]: event["data"] for event in events}


def _handle(world: IngressWorld, case: str) -> list[dict[str, Any]]:
    event = from_file("route_webhooks", case)
    for record in event["Records"]:
        world.aws.sqs.send_message(QueueUrl=world.queue_url, MessageBody=record["body"])
    world.route()
    return world.aws.published()


def test_a_delivery_is_kept_as_it_was_received_and_becomes_an_event(world: IngressWorld) -> None:
    body = as_json(consent())
    (event,) = _route(world, consent())
    (key, kept) = next(iter(world.kept().items()))
    assert key == f"webhooks/dt=2026-03-10/plain/{kept['delivery_id']}.json"
    assert kept["body"].encode() == body
    assert event["event_type"] == "consent.changed"
    assert event["occurred_at"] == "2026-03-10T11:59:30Z"
    assert event["tenant"] == TENANT
    assert event["correlation_id"] == kept["delivery_id"]
    assert event["data"] == {
        "contact_id": "contact-1",
        "change": "do_not_call",
        "source": "web form",
        "occurred_at": "2026-03-10T11:59:30Z",
    }


def test_one_delivery_may_hold_many_events(world: IngressWorld) -> None:
    events = _route(world, {"events": [consent(number) for number in range(25)]})
    assert {event["data"]["contact_id"] for event in events} == {f"contact-{n}" for n in range(25)}
    assert len(_ids(events)) == 25


def test_a_list_is_many_events_too_and_an_empty_one_is_none(world: IngressWorld) -> None:
    assert len(_route(world, [consent(1), consent(2)])) == 2
    assert _route(world, []) == []


def test_a_delivery_that_comes_again_publishes_nothing_new(world: IngressWorld) -> None:
    assert len(_route(world, consent())) == 1
    assert _route(world, consent(), consent()) == []
    assert len(world.kept()) == 1


def test_the_first_copy_stays_and_a_day_later_there_is_no_second(
    world: IngressWorld, clock: FakeClock
) -> None:
    _route(world, consent())
    before = world.kept()
    clock.advance(days=1)
    _route(world, consent())
    assert world.kept() == before


def test_the_same_event_in_two_deliveries_is_one_event(world: IngressWorld) -> None:
    first = _route(world, consent(1))
    again = _route(world, [consent(1), consent(2)])
    assert _ids(first) < _ids(again)
    assert len(_ids(again)) == 2


def test_an_event_without_an_id_has_one_by_its_place_in_the_delivery(world: IngressWorld) -> None:
    nameless = {**consent(), "id": None}
    (first,) = _route(world, nameless)
    assert len(_ids(_route(world, [nameless, nameless])) - {first["event_id"]}) == 2


def test_in_any_order_and_number_the_same_events_come_out(world: IngressWorld) -> None:
    bodies = [consent(number) for number in range(12)] * 3
    random.Random(7).shuffle(bodies)
    assert len(_route(world, *bodies)) == 12
    assert len(world.kept()) == 12


def test_cxones_events_come_out_with_what_its_get_gives(world: IngressWorld) -> None:
    events = {event["event_type"]: event["data"] for event in _handle(world, "cxone")}
    assert events["campaign.metrics_updated"]["metrics"]["successRate"] == 0.21
    assert events["campaign.state_changed"]["campaign"]["status"] == "paused"
    assert events["dialer.settings_updated"]["settings"]["versionTag"] == "v8"
    assert events["dialer.campaign_activated"]["operation"]["operationId"] == "op-77"
    assert events["disposition.requested"] == {
        "campaign_id": "camp_primary_001",
        "contact_id": "contact-uuid-111111111111",
        "outcome_code": "DO_NOT_CALL",
        "agent_id": "2002",
        "notes": "asked not to be called",
    }
    assert events["consent.changed"]["change"] == "do_not_call"
    assert len(events) == 6


def test_hubspots_changes_come_out_without_our_own(world: IngressWorld) -> None:
    events = _handle(world, "hubspot")
    changes = {event["data"]["contact_id"]: event["data"]["change"] for event in events}
    assert changes == {"1246965": "do_not_call", "1246966": "granted"}
    assert {event["occurred_at"] for event in events} == {"2026-03-10T11:59:30Z", "2026-03-10T11:59:31Z"}
    item = next(iter(world.table.query(f"{TENANT}#webhook")))
    assert (item["events"], item["own"], item["unmapped"]) == (2, 1, 0)


def test_salesforces_changes_come_out(world: IngressWorld) -> None:
    events = _handle(world, "salesforce")
    said = sorted((e["event_type"], e["data"]["contact_id"], e["data"].get("change")) for e in events)
    assert said == [
        ("consent.changed", "003000000000001", "do_not_call"),
        ("consent.changed", "003000000000004", "granted"),
        ("disposition.requested", "003000000000003", None),
    ]


def test_what_is_not_understood_is_kept_and_said(world: IngressWorld, logged: Logged) -> None:
    (fact,) = _handle(world, "not_understood")
    assert fact["event_type"] == "webhook.unmapped"
    assert fact["data"]["places"] == [0]
    assert fact["data"]["raw"] in world.kept()
    assert "jane" not in json.dumps([fact, logged()])


def test_what_is_invalid_is_said_with_its_fields_and_the_rest_is_published(world: IngressWorld) -> None:
    events = {event["event_type"]: event["data"] for event in _handle(world, "invalid")}
    assert events.keys() == {"consent.changed", "webhook.rejected"}
    rejected = events["webhook.rejected"]
    assert rejected["count"] == 1
    assert "outcomeCode: is missing" in rejected["reason"]
    (rejection,) = rejected["rejections"]
    assert rejection["place"] == 1
    assert rejection["event_type"] == "disposition.requested"
    assert rejection["fields"].keys() == {"contactId", "outcomeCode"}
    assert "c 1" not in json.dumps(rejected)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (_granted(occurredAt=None), "occurredAt"),
        (_granted(occurredAt="10 March 2026"), "occurred_at"),
        (_granted(occurredAt="2026-03-10T12:00:00"), "occurred_at"),
        (_granted(occurredAt=True), "occurred_at"),
        (_granted(occurredAt=1e40), "occurred_at"),
        (_granted(occurredAt="2026-03-10T12:05:01Z"), "occurred_at"),
        (consent(data=None), "data"),
        (consent(data=["contact-1"]), "data"),
        (consent(data={"contactId": "c", "change": "maybe", "source": "x"}), "change"),
        (_granted(id={"a": 1}), "id"),
        (_granted(id="x" * 600), "id"),
    ],
)
def test_a_wrong_field_is_named(world: IngressWorld, event: dict[str, Any], field: str) -> None:
    (fact,) = _route(world, event)
    assert fact["event_type"] == "webhook.rejected"
    assert field in fact["data"]["rejections"][0]["fields"]


def test_text_that_is_no_text_is_rejected(world: IngressWorld) -> None:
    data = {"campaignId": "c", "contactId": "1", "outcomeCode": "BUSY", "customFields": {"a": "?"}}
    body = as_json({**consent(), "type": "disposition.requested", "data": data}).replace(b"?", b"\\ud800")
    world.receive(request(body))
    world.route()
    (fact,) = world.aws.published()
    assert fact["data"]["rejections"][0]["fields"].keys() == {"data"}


def test_a_number_that_is_none_holds_up_no_other_event(world: IngressWorld) -> None:
    data = {"campaignId": "c", "contactId": "1", "outcomeCode": "BUSY", "customFields": {"a": "?"}}
    events = [{"id": "d-1", "type": "disposition.requested", "data": data}, consent()]
    assert world.receive(request(as_json(events).replace(b'"?"', b"1e999")))["statusCode"] == 202
    world.route()
    published = {event["event_type"]: event["data"] for event in world.aws.published()}
    assert published.keys() == {"consent.changed", "webhook.rejected"}
    assert published["webhook.rejected"]["rejections"][0]["fields"].keys() == {"data"}


def test_an_event_of_thousands_of_wrong_fields_is_rejected_naming_some(world: IngressWorld) -> None:
    wrong = {f"field{number}": 1 for number in range(10_000)}
    events = _route(world, [{"id": "p-1", "type": "outcomes.pull.requested", "data": wrong}, consent()])
    published = {event["event_type"]: event["data"] for event in events}
    assert published.keys() == {"consent.changed", "webhook.rejected"}
    assert len(published["webhook.rejected"]["rejections"][0]["fields"]) == 20


def test_a_do_not_call_goes_on_however_wrong_the_rest_of_it_is(world: IngressWorld) -> None:
    wrong: dict[str, Any] = {f"field{number}": 1 for number in range(10_000)}
    wrong |= {"contactId": "c-1", "outcomeCode": "Do not call", "customFields": ["?"], "occurredAt": 7}
    events = _by_type(_route(world, [{"id": "d-1", "type": "disposition.requested", "data": wrong}]))
    assert events["consent.changed"]["contact_id"] == "c-1"
    data = events["disposition.requested"]
    assert (data["contact_id"], data["outcome_code"]) == ("c-1", "DO_NOT_CALL")
    assert data["field0"] is True, "one of the unknown fields, for the applier to name"
    assert len(data) == 5


def test_long_notes_are_for_the_applier_to_refuse(world: IngressWorld) -> None:
    data = {"campaignId": "c", "contactId": "1", "outcomeCode": "DO_NOT_CALL", "notes": "n" * 4001}
    events = _by_type(_route(world, {"id": "d-1", "type": "disposition.requested", "data": data}))
    assert events.keys() == {"disposition.requested", "consent.changed"}


def test_a_provider_makes_only_the_requests_that_its_settings_allow(world: IngressWorld) -> None:
    pull = {
        "type": "outcomes.pull.requested",
        "id": "p-1",
        "data": {"campaignId": "c", "start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"},
    }
    (fact,) = _route(world, pull, provider="timid")
    assert fact["data"]["rejections"][0]["fields"].keys() == {"type"}
    (event,) = _route(world, pull)
    assert event["event_type"] == "outcomes.pull.requested"
    assert event["data"] == {
        "campaign_id": "c",
        "start": "2026-03-01T00:00:00Z",
        "end": "2026-03-02T00:00:00Z",
        "refresh": False,
    }
    assert event["occurred_at"] == "2026-03-10T12:00:00Z"


def test_no_crm_speaks_for_cxone(world: IngressWorld) -> None:
    settings = {**SETTINGS, "providers": {"plain": {"scheme": "github", "mapping": "cxone"}}}
    world.settings = Providers.model_validate(settings)
    state = {
        "id": "1",
        "type": "omnichannel.campaign.state.change",
        "campaignId": "c",
        "data": {"status": "x"},
    }
    (fact,) = _route(world, state)
    assert fact["event_type"] == "webhook.rejected"


def test_two_events_of_a_delivery_with_one_id_are_one_or_a_contradiction(world: IngressWorld) -> None:
    assert len(_route(world, [consent(1), consent(1)])) == 1
    lifted = consent(2, data={**consent(2)["data"], "change": "do_not_call_lifted"})
    granted = consent(2, data={**consent(2)["data"], "change": "granted"})
    events = _route(world, [lifted, granted])
    assert [event["data"]["change"] for event in events if "change" in event["data"]] == [
        "do_not_call_lifted"
    ]
    assert _by_type(events)["webhook.rejected"]["rejections"][0]["place"] == 1


def test_a_provider_that_is_gone_from_the_settings_loses_nothing(world: IngressWorld) -> None:
    world.receive(request(as_json(consent())))
    world.settings = Providers()
    world.route()
    events = _by_type(world.aws.published())
    assert events["webhook.unmapped"]["raw"] in world.kept()
    assert events["consent.changed"]["change"] == "do_not_call"


def test_a_delivery_that_no_item_of_the_ledger_holds_is_published_whole(world: IngressWorld) -> None:
    many = large_delivery()
    assert len(_ids(_route(world, many))) == 4
    assert len(list(world.table.query(f"{TENANT}#webhook"))) == 2
    assert not list(world.table.due("facts", 10**12, 0))
    assert _route(world, many) == []


def test_a_delivery_of_more_events_than_can_be_read_is_kept_and_said(world: IngressWorld) -> None:
    (fact,) = _route(world, [1] * 10_001)
    assert fact["event_type"] == "webhook.unmapped"
    assert "10000" in fact["data"]["reason"]


def test_the_largest_request_passes_the_bus(world: IngressWorld) -> None:
    data = {
        "campaignId": "c",
        "contactId": "1",
        "outcomeCode": "BUSY",
        "customFields": {"all": "ä" * 100_000},
    }
    (event,) = _route(world, {"id": "d", "type": "disposition.requested", "data": data})
    assert len(event["data"]["custom_fields"]["all"]) == 100_000


def test_a_request_that_the_bus_would_not_take_is_rejected(world: IngressWorld) -> None:
    # Numbers grow when they are written out.
    numbers = b"[" + b",".join([b"1e15"] * 40_000) + b"]"
    data = {"campaignId": "c", "contactId": "1", "outcomeCode": "BUSY", "customFields": {"all": "?"}}
    body = as_json({"id": "d", "type": "disposition.requested", "data": data}).replace(b'"?"', numbers)
    assert world.receive(request(body))["statusCode"] == 202
    world.route()
    (fact,) = world.aws.published()
    assert fact["data"]["rejections"][0]["fields"].keys() == {"data"}


def test_what_may_be_forgotten_already_is_refused_as_too_old(world: IngressWorld, clock: FakeClock) -> None:
    world.receive(request(as_json(consent())))
    clock.advance(days=58, seconds=1)
    world.route()
    events = _by_type(world.aws.published())
    assert events["webhook.rejected"]["reason"] == "too_old"
    assert events["webhook.rejected"]["raw"] in world.kept()
    assert events["consent.changed"]["occurred_at"] == "2026-03-10T11:59:30Z", "it counts however late it is"


def test_the_ledger_remembers_longer_than_anything_is_let_in(world: IngressWorld, clock: FakeClock) -> None:
    world.receive(request(as_json(consent())))
    received = clock.now().timestamp()
    clock.advance(days=58)
    assert world.route() == 1
    item = next(iter(world.table.query(f"{TENANT}#webhook")))
    assert item["outcome"] == "routed"
    assert item["ttl"] >= received + 60 * 86400


@pytest.mark.parametrize(
    "message",
    [
        "no JSON",
        "[]",
        "{}",
        '{"delivery_id": 1}',
        from_file("route_webhooks", "no_delivery")["Records"][0]["body"],
    ],
)
def test_a_message_that_is_no_delivery_is_a_dead_letter_with_its_reason(
    world: IngressWorld, message: str
) -> None:
    assert world.handle(sqs_event("route-webhooks", message)) == {"batchItemFailures": []}
    (reason,) = world.dead()
    assert "m-0" in reason


def test_a_delivery_whose_body_is_no_json_is_a_dead_letter(world: IngressWorld, clock: FakeClock) -> None:
    delivery = Delivery("d", "plain", clock.now(), "POST", "/", {}, b"{")
    world.handle(sqs_event("route-webhooks", delivery.to_json()))
    assert world.dead() == ["the body of delivery d is not JSON"]
