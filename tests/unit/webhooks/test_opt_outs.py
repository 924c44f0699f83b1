"""Who must not be called is said of every delivery that says so, whatever else is wrong with it."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

from outbound.clock import format_time, parse_time
from outbound.events import Event, EventType
from outbound.store.consent_state import Consent
from outbound.webhooks.delivery import Delivery
from outbound.webhooks.reader import Contents, read
from outbound.webhooks.router import build
from outbound.webhooks.settings import Provider, Providers
from worlds.aws import FakeClock
from worlds.consent import ConsentWorld
from worlds.runtime import WorldRuntime
from worlds.webhooks import SETTINGS, TENANT, IngressWorld, as_json, consent, from_file, request

RECEIVED = parse_time("2026-03-10T12:00:00Z")
AT = "2026-03-10T11:59:30Z"
_DATA = {"contactId": "c-1", "outcomeCode": "DO_NOT_CALL", "campaignId": "spring"}
DISPOSITION: dict[str, Any] = {"id": "d-1", "type": "disposition.requested", "occurredAt": AT, "data": _DATA}


def settings_of(mapping: Any, **settings: Any) -> Provider:
    """A provider of this mapping that may ask for nothing, unless settings say so."""
    document = {"providers": {"crm": {"scheme": "github", "mapping": mapping, **settings}}}
    return Providers.model_validate(document).providers["crm"]


def delivered(body: Any, provider: str = "crm") -> Delivery:
    """A delivery of this body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery("d" * 32, provider, RECEIVED, "POST", "/", {}, raw)


def contents_of(body: Any, mapping: Any = "plain", **settings: Any) -> Contents:
    """What a delivery of this body comes to."""
    return read(delivered(body), settings_of(mapping, **settings), TENANT)


def refused_by(contents: Contents) -> set[tuple[str, str]]:
    """Whom not to call, and by what change."""
    assert all(event.event_type == EventType.CONSENT_CHANGED for event in contents.opt_outs)
    return {(event.data["contact_id"], event.data["change"]) for event in contents.opt_outs}


def _with(**changes: Any) -> dict[str, Any]:
    return {**DISPOSITION, "data": {**_DATA, **changes}}


def _text(value: Any, old: bytes, new: bytes) -> bytes:
    return json.dumps(value).encode().replace(old, new)


@pytest.mark.parametrize(
    ("body", "contact_id"),
    [
        (_text(_with(notes="?"), b'"?"', b'"\\ud800"'), "c-1"),
        (_text(_with(customFields={"a": "?"}), b'"?"', b"1e999"), "c-1"),
        ({**DISPOSITION, "occurredAt": "10.03.2026 11:59"}, "c-1"),
        ({**DISPOSITION, "occurredAt": "2026-03-10T11:59:00"}, "c-1"),
        ({**DISPOSITION, "occurredAt": "2026-03-10T12:06:00Z"}, "c-1"),
        ({**DISPOSITION, "occurredAt": "1970-01-01T00:00:00Z"}, "c-1"),
        ({**DISPOSITION, "occurredAt": None}, "c-1"),
        ({**DISPOSITION, "id": "i" * 513}, "c-1"),
        ({**DISPOSITION, "id": {"a": 1}}, "c-1"),
        ({**DISPOSITION, "type": "disposition"}, "c-1"),
        ({**DISPOSITION, "data": [_DATA]}, "c-1"),
        (_with(contactId="Kühn-17"), "Kühn-17"),
        (_with(contactId=" 1 "), "1"),
        (_with(contactId=17), "17"),
        (_with(contactId=None, contact_id="c-2"), "c-2"),
        (_with(contactId="", contact_id="c-2"), "c-2"),
        (_with(contactId="+4930123456"), "+4930123456"),
        (_with(outcomeCode="DoNotCall"), "c-1"),
        (_with(outcomeCode="do not\u00a0call."), "c-1"),
        (_with(outcomeCode="\uff24\uff2e\uff23"), "c-1"),
        (_with(customFields={"all": [1e15] * 30_000}), "c-1"),
        ({"contact_id": "c-1", "outcome_code": "DNC"}, "c-1"),
        ({"contactId": "c-1", "data": {"outcomeCode": "DNC"}}, "c-1"),
        ({"payload": {"rows": [{"contactId": "c-1", "outcomeCode": "DNC"}]}}, "c-1"),
        ({"events": [{"x": 1}] * 10_001 + [DISPOSITION]}, "c-1"),
        ({**DISPOSITION, "events": [{"type": "x"}]}, "c-1"),
        ({**DISPOSITION, "type": "archive.requested"}, "c-1"),
        (_text(DISPOSITION, b'"DO_NOT_CALL"', b'"DNC", "outcomeCode": "BUSY", "outcomeCode": "X"'), "c-1"),
        (_text(DISPOSITION, b'"DO_NOT_CALL"', b'"BUSY", "outcomeCode": "DNC", "outcomeCode": "X"'), "c-1"),
    ],
)
def test_a_do_not_call_is_taken_first(body: Any, contact_id: str) -> None:
    contents = contents_of(body, request_types=["disposition.requested"])

    assert refused_by(contents) == {(contact_id, "do_not_call")}
    (event,) = contents.opt_outs
    assert parse_time(event.data["occurred_at"]) <= RECEIVED


@pytest.mark.parametrize(
    ("old", "new", "field", "refuses"),
    [
        ('"DO_NOT_CALL"', '"DNC", "outcomeCode": "BUSY"', "outcomeCode", True),
        ('"DO_NOT_CALL"', '"BUSY", "outcomeCode": "DNC"', "outcomeCode", True),
        ('"DO_NOT_CALL"', '"BUSY", "outcomeCode": "DNC", "outcomeCode": "BUSY"', "outcomeCode", True),
        ('"DO_NOT_CALL"', '"BUSY", "outcomeCode": "NO_ANSWER"', "outcomeCode", False),
        ('"c-1"', '"c-1", "contactId": "c-2"', "contactId", True),
        ('"data": {', '"data": {"campaignId": "winter"}, "data": {', "contactId", True),
        ('"id": "d-1"', '"id": "d-1", "id": "d-2"', "id", True),
        (f'"{AT}"', f'"{AT}", "occurredAt": "2026-03-10T11:00:00Z"', "occurred_at", True),
    ],
)
def test_a_request_that_says_two_things_is_rejected_once_its_opt_out_is_noted(
    old: str, new: str, field: str, refuses: bool
) -> None:
    contents = contents_of(
        _text(DISPOSITION, old.encode(), new.encode()), request_types=["disposition.requested"]
    )

    assert bool(contents.opt_outs) is refuses
    assert not contents.events, "neither of its values is applied"
    (rejection,) = contents.rejections
    assert rejection.fields == {field: "stands there twice and says two things"}


def test_a_grant_that_is_also_a_refusal_grants_nothing() -> None:
    body = _text(consent(1), b'"do_not_call"', b'"do_not_call", "change": "granted"')
    contents = contents_of(body, request_types=["consent.changed"])

    assert {change for _, change in refused_by(contents)} == {"do_not_call"}
    assert not contents.events
    assert contents.rejections[0].fields.keys() == {"change"}


def test_of_a_delivery_only_the_event_that_says_two_things_is_rejected() -> None:
    twice = json.dumps(_with(notes="?")).replace('"?"', '"one", "notes": "other"')
    same = json.dumps({**DISPOSITION, "id": "d-2"}).replace('"spring"', '"spring", "campaignId": "spring"')
    unused = json.dumps({**DISPOSITION, "id": "d-3"}).replace('"id"', '"trace": 1, "trace": 2, "id"')
    body = f'{{"events": [{twice}, {same}, {unused}]}}'.encode()
    contents = contents_of(body, request_types=["disposition.requested"])

    assert [(each.place, set(each.fields)) for each in contents.rejections] == [(0, {"notes"})]
    assert len(contents.events) == 2, "the same said twice is one thing, and so is what no rule reads"


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (DISPOSITION, AT),
        (_with(occurredAt="2026-03-10T11:00:00Z"), "2026-03-10T11:00:00Z"),
        ({**DISPOSITION, "occurredAt": "2026-03-10T12:06:00Z"}, format_time(RECEIVED)),
        (_with(occurredAt="5"), format_time(RECEIVED)),
        ({**DISPOSITION, "occurredAt": 1773140400}, "2026-03-10T11:00:00Z"),
    ],
)
def test_a_refusal_counts_from_its_time_where_that_can_be(body: Any, at: str) -> None:
    (event,) = contents_of(body).opt_outs
    assert event.data["occurred_at"] == event.occurred_at == at


@pytest.mark.parametrize(
    "odd",
    [
        {"reason": "asked twice"},
        {"source": "s" * 5000},
        {"source": None},
        {"source": "\ud800 web"},
        {"contactId": "+4930123456"},
        {"change": "Do not call"},
        {"change": "revoked"},
    ],
)
@pytest.mark.parametrize("around", [{}, {"occurredAt": None}, {"id": None}])
def test_a_change_of_consent_that_forbids_is_taken_whole(odd: dict[str, Any], around: dict[str, Any]) -> None:
    event = consent(1, **around)
    event["data"] = {**event["data"], **odd}
    contents = contents_of(event, request_types=["consent.changed"])

    (said,) = contents.opt_outs
    assert said.data["change"] == ("revoked" if odd.get("change") == "revoked" else "do_not_call")
    assert 1 <= len(said.data["source"]) <= 200
    assert not contents.events
    assert not contents.rejections
    assert json.dumps(said.data).encode(), "it can be written down"


def test_a_revocation_says_for_which_category_of_calls_it_is_where_that_can_be_read() -> None:
    def scopes(scope: Any) -> list[str | None]:
        data = {"contactId": "c-1", "change": "revoked", "scope": scope}
        contents = contents_of({"id": "r-1", "type": "consent.changed", "occurredAt": AT, "data": data})
        return [event.data.get("scope") for event in contents.opt_outs]

    assert scopes("Telemarketing") == ["telemarketing"]
    assert scopes("sales") == scopes(["telemarketing"]) == scopes(None) == [None], "it is for all calls"


def test_a_grant_is_mapped_with_what_proves_it_and_the_end_of_its_number() -> None:
    terms = {"kind": "written", "seller": "Acme", "number": "+1 555 010 0123", "evidence": 17}
    data = {"contactId": "c-1", "change": "granted", "source": "form", **terms}
    body = {"id": "g-1", "type": "consent.changed", "occurredAt": AT, "data": data}
    [event] = contents_of(body, request_types=["consent.changed"]).events

    said = {"kind": "written", "seller": "Acme", "number": "0123", "evidence": "17"}
    assert {name: event.data[name] for name in said} == said


def test_salesforce_says_how_consent_was_given() -> None:
    new = {
        "attributes": {"type": "ContactPointTypeConsent"},
        "Id": "0ZY000000000001",
        "Contact__c": "0035g00000AbCdEAAV",
        "ContactPointType": "Phone",
        "PrivacyConsentStatus": "OptIn",
        "LastModifiedDate": AT,
        "Outbound_Consent_Kind__c": "written",
        "Outbound_Seller__c": "Acme",
    }
    [event] = contents_of({"new": new}, "salesforce", request_types=["consent.changed"]).events
    assert (event.data["kind"], event.data["seller"], "evidence" in event.data) == ("written", "Acme", False)


def test_what_permits_stays_as_strict_as_it_is() -> None:
    event = consent(1)
    event["data"] = {**event["data"], "change": "granted", "reason": "asked twice"}
    contents = contents_of(event, request_types=["consent.changed"])

    assert not contents.opt_outs
    assert not contents.events
    assert contents.rejections[0].fields.keys() == {"reason"}


def test_a_sender_that_may_ask_for_nothing_still_forbids_and_that_is_said() -> None:
    for body in (DISPOSITION, consent(1)):
        contents = contents_of(body)
        assert refused_by(contents) == {(body["data"]["contactId"], "do_not_call")}
        assert contents.rejections[0].fields.keys() == {"type"}


@pytest.mark.parametrize(
    "mapping",
    [
        {
            "rules": [
                {"type": "disposition.requested", "data": "{contact_id: nowhere, outcome_code: nowhere}"}
            ]
        },
        {"rules": [{"when": "never", "type": "ignored"}]},
        {"rules": [{"type": "disposition.requested", "data": "join(@)"}]},
        {"rules": [{"type": "no.such.type"}]},
        {"rules": "nonsense"},
    ],
)
def test_where_a_mapping_gives_nothing_the_fields_of_the_event_do(mapping: dict[str, Any]) -> None:
    assert refused_by(contents_of(DISPOSITION, mapping)) == {("c-1", "do_not_call")}


def test_what_a_mapping_ignores_or_reads_as_something_else_forbids_nothing() -> None:
    ignoring = {"rules": [{"type": "ignored"}]}
    assert not contents_of(DISPOSITION, ignoring).opt_outs
    busy = {"rules": [{"type": "disposition.requested", "data": "{contact_id: 'x', outcome_code: 'BUSY'}"}]}
    assert not contents_of(DISPOSITION, busy).opt_outs


def test_a_provider_that_is_gone_still_forbids_in_any_packaged_form() -> None:
    for case, expected in (
        ("hubspot", {("1246965", "do_not_call")}),
        ("salesforce", {("003000000000001", "do_not_call")}),
    ):
        body = json.loads(from_file("route_webhooks", case)["Records"][0]["body"])["body"]
        assert refused_by(read(delivered(body.encode()), None, TENANT)) == expected
    assert refused_by(read(delivered(DISPOSITION), None, TENANT)) == {("c-1", "do_not_call")}


def test_the_settings_codes_mean_do_not_call_in_place_of_the_packaged() -> None:
    provider = settings_of("plain")
    for code, expected in (("OPT_OUT", {("c-1", "do_not_call")}), ("DNC", set())):
        contents = read(delivered(_with(outcomeCode=code)), provider, TENANT, {"OPT_OUT"})
        assert refused_by(contents) == expected


def _studio(**data: Any) -> dict[str, Any]:
    return {
        "id": "4711",
        "type": "studio.disposition",
        "occurredAt": AT,
        "campaignId": "7",
        "data": {"Disposition": "Do not call", **data},
    }


@pytest.mark.parametrize(
    ("data", "contact_id"),
    [
        ({"_ExternalID": " ", "_ProspectiveContactID": "991"}, "991"),
        ({"_ExternalID": None, "_ProspectiveContactID": 991}, "991"),
        ({"_ExternalID": "crm-1", "_ProspectiveContactID": "991"}, "crm-1"),
    ],
)
@pytest.mark.parametrize("event_type", ["studio.disposition", "studio"])
def test_a_studio_script_names_a_contact_in_either_way(
    data: dict[str, Any], contact_id: str, event_type: str
) -> None:
    contents = contents_of(
        {**_studio(**data), "type": event_type}, "cxone", request_types=["disposition.requested"]
    )
    assert refused_by(contents) == {(contact_id, "do_not_call")}
    assert [event.data["contact_id"] for event in contents.events] == [contact_id] * (
        event_type == "studio.disposition"
    )


def _hubspot(**changes: Any) -> dict[str, Any]:
    return {
        "eventId": 1,
        "subscriptionType": "contact.propertyChange",
        "objectId": 17,
        "propertyName": "outbound_do_not_call",
        "propertyValue": "true",
        "occurredAt": 1773143970000,
        "sourceId": "userId:42",
        **changes,
    }


_CONSENT = {"propertyName": "outbound_call_consent"}
_MERGE = {
    "subscriptionType": "contact.merge",
    "objectId": 18,
    "primaryObjectId": 18,
    "mergedObjectIds": [17, 16],
    "newObjectId": 18,
    "numberOfPropertiesMoved": 3,
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"propertyValue": "True"}, {("17", "do_not_call", "")}),
        ({"propertyValue": True}, {("17", "do_not_call", "")}),
        ({"propertyValue": " yes "}, {("17", "do_not_call", "")}),
        ({"propertyValue": "false"}, set()),
        ({"propertyValue": ""}, set()),
        ({**_CONSENT, "propertyValue": ""}, {("17", "revoked", "")}),
        ({**_CONSENT, "propertyValue": None}, {("17", "revoked", "")}),
        ({**_CONSENT, "propertyValue": "Revoked"}, {("17", "revoked", "")}),
        ({**_CONSENT, "propertyValue": "granted"}, set()),
        ({"subscriptionType": "contact.deletion"}, {("17", "deleted", "")}),
        ({"subscriptionType": "object.deletion", "objectTypeId": "0-1"}, {("17", "deleted", "")}),
        ({"subscriptionType": "object.deletion", "objectTypeId": "0-2"}, set()),
        ({"subscriptionType": "contact.privacyDeletion"}, {("17", "do_not_call", "")}),
        (_MERGE, {("18", "merged", "17"), ("18", "merged", "16")}),
        (
            {**_MERGE, "newObjectId": 19, "mergedObjectIds": ["17"]},
            {("19", "merged", "18"), ("19", "merged", "17")},
        ),
        ({**_MERGE, "newObjectId": None, "mergedObjectIds": 17}, {("18", "merged", "17")}),
        ({**_MERGE, "subscriptionType": "object.merge", "objectTypeId": "0-2"}, set()),
    ],
)
def test_hubspot_says_who_must_not_be_called(changes: dict[str, Any], said: set[Any]) -> None:
    contents = contents_of([_hubspot(**changes)], "hubspot")
    assert {
        (event.data["contact_id"], event.data["change"], event.data.get("merged_contact_id", ""))
        for event in contents.opt_outs
    } == said


def test_a_cleared_do_not_call_lifts_nothing_and_is_heard() -> None:
    contents = contents_of([_hubspot(propertyValue="")], "hubspot", request_types=["consent.changed"])
    assert not contents.events
    assert contents.rejections[0].fields.keys() == {"change"}


def test_what_our_own_user_permits_is_dropped_and_what_he_forbids_is_not() -> None:
    own = {"integration_user": "1160452", "request_types": ["consent.changed"]}
    by_us = {"sourceId": "1160452"}
    contents = contents_of(
        [_hubspot(**by_us), _hubspot(objectId=18, propertyValue="false", **by_us)], "hubspot", **own
    )
    assert refused_by(contents) == {("17", "do_not_call")}
    assert contents.own == 2
    assert not contents.events


class Recorded:
    """A ledger of consent that is told what Salesforce sends."""

    def __init__(self, world: ConsentWorld) -> None:
        self.world = world

    def tell(self, *changes: dict[str, Any]) -> Contents:
        """Read a delivery of these changes and record what comes of it."""
        contents = contents_of({"changes": list(changes)}, "salesforce", request_types=["consent.changed"])
        self.world.take(*contents.opt_outs, *_consents(contents.events))
        return contents

    def of(self, contact_id: str) -> Consent:
        """What is agreed to now."""
        return self.world.consents.get(contact_id)


def _consents(events: list[Event]) -> list[Event]:
    return [event for event in events if event.event_type == EventType.CONSENT_CHANGED]


@pytest.fixture
def salesforce(aws: Any, clock: FakeClock) -> Recorded:
    return Recorded(ConsentWorld(aws, clock))


def _point(status: str, modified: str, old: dict[str, Any] | None = None, **new: Any) -> dict[str, Any]:
    return {
        "new": {
            "attributes": {"type": "ContactPointTypeConsent"},
            "Id": "0ZX000000000001",
            "Contact__c": "003000000000009",
            "PartyId": "0PK000000000001",
            "ContactPointType": "Phone",
            "PrivacyConsentStatus": status,
            "CaptureDate": "2026-03-10T08:00:00.000+0000",
            "LastModifiedDate": f"2026-03-10T{modified}:00.000+0000",
            **new,
        },
        "old": old,
    }


_CAPTURED = {"CaptureDate": "2026-03-10T08:00:00.000+0000"}


@pytest.mark.parametrize(
    ("opted_out", "opted_in_again"),
    [
        (
            {"PrivacyConsentStatus": "OptIn", **_CAPTURED},
            {"PrivacyConsentStatus": "OptOut", **_CAPTURED},
        ),
        ({"PrivacyConsentStatus": "OptIn"}, {"PrivacyConsentStatus": "OptOut"}),
        (None, {"PrivacyConsentStatus": "OptOut"}),
    ],
)
def test_an_opt_out_counts_from_its_change_and_an_opt_in_after_it_too(
    salesforce: Recorded, opted_out: Any, opted_in_again: Any
) -> None:
    contact = "003000000000009"
    salesforce.tell(_point("OptIn", "08:00"))
    assert salesforce.of(contact).callable
    salesforce.tell(_point("OptOut", "09:00", opted_out))
    assert salesforce.of(contact).refusal == "consent_revoked"
    assert next(iter(salesforce.of(contact).registers.values())).occurred_at == parse_time(
        "2026-03-10T09:00:00Z"
    )
    salesforce.tell(_point("OptIn", "10:00", opted_in_again))
    assert salesforce.of(contact).callable


def test_a_record_that_was_made_earlier_opts_in_from_its_change(salesforce: Recorded) -> None:
    created = {"CreatedDate": "2026-03-10T08:00:00.000+0000"}
    salesforce.tell(_point("OptIn", "08:00", **created))
    salesforce.tell(_point("OptOut", "09:00", **created))
    salesforce.tell(_point("OptIn", "10:00", **created))
    assert salesforce.of("003000000000009").callable


def test_consent_that_was_captured_before_a_revocation_does_not_overrule_it(salesforce: Recorded) -> None:
    salesforce.tell(_point("OptOut", "09:00"))
    salesforce.tell(_point("OptIn", "11:00", Id="0ZX000000000002"))
    assert salesforce.of("003000000000009").refusal == "consent_revoked"


def test_another_field_of_a_consent_changes_nothing(salesforce: Recorded) -> None:
    old = {"PrivacyConsentStatus": "OptIn", **_CAPTURED}
    contents = salesforce.tell(_point("OptIn", "11:00", old))
    assert not contents.events
    assert not contents.unmapped


@pytest.mark.parametrize(
    ("until", "refusal"), [("2026-03-10T11:00:00Z", "consent_expired"), ("2026-03-10T12:00:01Z", "")]
)
def test_consent_ends_when_salesforce_says(salesforce: Recorded, until: str, refusal: str) -> None:
    salesforce.tell(_point("OptIn", "08:00", EffectiveTo=until))
    assert salesforce.of("003000000000009").refusal == refusal


def test_an_opt_out_that_names_only_the_individual_is_told_as_unmapped(salesforce: Recorded) -> None:
    contents = salesforce.tell(_point("OptOut", "09:00", Contact__c=None))
    assert contents.unmapped == [0]
    assert not contents.opt_outs
    assert salesforce.of("0PK000000000001").refusal == "no_consent"


def _contact(flag: Any, old: Any, **new: Any) -> dict[str, Any]:
    person = {"attributes": {"type": "Contact"}, "Id": "003000000000009", "DoNotCall": flag}
    return {"new": {**person, "LastModifiedDate": "2026-03-10T09:00:00.000+0000", **new}, "old": old}


@pytest.mark.parametrize("order", [1, -1])
def test_of_one_second_in_one_delivery_the_do_not_call_stands(salesforce: Recorded, order: int) -> None:
    lifted, was_set = _contact(False, {"DoNotCall": True}), _contact(True, {"DoNotCall": False})
    salesforce.tell(*[lifted, was_set][::order])
    assert salesforce.of("003000000000009").refusal == "do_not_call"


@pytest.mark.parametrize("flag", [True, "true", "True", 1])
def test_a_flag_is_set_however_it_is_spelt(salesforce: Recorded, flag: Any) -> None:
    salesforce.tell(_contact(flag, None, LastModifiedDate=None))
    assert salesforce.of("003000000000009AAA").refusal == "do_not_call"


def test_two_changes_without_times_are_two(salesforce: Recorded) -> None:
    contents = salesforce.tell(
        _contact(True, None, LastModifiedDate=None),
        _contact(True, None, LastModifiedDate=None, Id="00Q000000000001"),
    )
    assert refused_by(contents) == {("003000000000009", "do_not_call"), ("00Q000000000001", "do_not_call")}
    assert not contents.rejections


def _routed(world: IngressWorld, *bodies: Any, provider: str = "timid") -> list[dict[str, Any]]:
    for body in bodies:
        raw = body if isinstance(body, bytes) else as_json(body)
        assert world.receive(request(raw, provider))["statusCode"] == 202
    world.route()
    return world.aws.published()


def test_an_opt_out_is_written_down_with_its_delivery_and_comes_before_all_else(world: IngressWorld) -> None:
    published = _routed(world, DISPOSITION)
    assert [event["event_type"] for event in published] == ["consent.changed", "webhook.rejected"]
    (item,) = world.table.query(f"{TENANT}#webhook")
    assert (item["events"], item["rejected"]) == (1, 1)


def test_what_is_nested_too_deeply_holds_up_nothing(world: IngressWorld) -> None:
    for depth in (50, 300, 900, 5_000):
        deep = b"[" * depth + b"]" * depth
        body = as_json([_with(contactId=f"c-{depth}", notes="?"), consent(depth)]).replace(b'"?"', deep)
        answer = world.receive(request(body))["statusCode"]
        world.route()
        said = {event["data"].get("contact_id") for event in world.aws.published("consent.changed")}
        # What the receiver refuses the sender hears of at once.
        assert (answer, said) in ((202, {f"c-{depth}", f"contact-{depth}"}), (400, set()))
        assert world.dead() == []


def test_a_disposition_is_said_in_the_same_words_where_it_comes_in_and_where_it_is_applied(
    world: IngressWorld,
) -> None:
    from outbound.dispositions.facts import DispositionFacts

    published = {event["event_type"]: event for event in _routed(world, DISPOSITION, provider="plain")}
    request_event = Event.from_detail(published["disposition.requested"])
    asked, delivery_id = request_event.event_id, request_event.correlation_id
    fact = DispositionFacts(TENANT).do_not_call(delivery_id, asked, "c-1", parse_time(AT))
    assert json.loads(fact.to_json()) == published["consent.changed"]


def test_a_replay_through_a_mapping_that_names_another_contact_notes_that_one(world: IngressWorld) -> None:
    wrong = {
        "rules": [{"type": "disposition.requested", "data": "{contact_id: campaignId, outcome_code: code}"}]
    }
    right = {"rules": [{"type": "disposition.requested", "data": "{contact_id: person, outcome_code: code}"}]}
    body = {"id": "d-9", "code": "DNC", "campaignId": "c-wrong", "person": "c-right"}
    seen = set()
    for mapping, run in ((wrong, ""), (right, "run-1"), (right, "run-2")):
        plain = {**SETTINGS["providers"]["plain"], "mapping": mapping}
        world.settings = Providers.model_validate({"providers": {"plain": plain}})
        if not run:
            _ = world.receive(request(as_json(body)))
        else:
            (key,) = world.kept()
            delivery = Delivery.from_json(json.dumps(world.kept()[key]))
            world.replays.send(delivery, run)
        world.route()
        seen |= {
            (one["event_id"], one["data"]["contact_id"]) for one in world.aws.published("consent.changed")
        }
    assert sorted(contact for _, contact in seen) == ["c-right", "c-wrong"]


class TestTheSameAgain:
    """What was refused or not understood may be asked again; what was applied stays final."""

    NEW: ClassVar[dict[str, Any]] = {
        "rules": [
            {
                "when": "kind == 'out'",
                "type": "consent.changed",
                "data": "{contact_id: who, change: 'revoked'}",
            }
        ]
    }
    BODY: ClassVar[dict[str, Any]] = {"kind": "out", "who": "c-7"}

    def _settings(self, world: IngressWorld, **settings: Any) -> None:
        plain = {**SETTINGS["providers"]["plain"], **settings}
        world.settings = Providers.model_validate(
            {**SETTINGS, "providers": {**SETTINGS["providers"], "plain": plain}}
        )

    def test_through_better_settings_it_is_read_anew(self, world: IngressWorld, clock: FakeClock) -> None:
        (fact,) = _routed(world, self.BODY, provider="plain")
        assert fact["event_type"] == "webhook.unmapped"
        clock.advance(hours=1)
        self._settings(world, mapping=self.NEW)
        (event,) = _routed(world, self.BODY, provider="plain")
        assert event["data"]["contact_id"] == "c-7"
        assert event["data"]["occurred_at"] == "2026-03-10T12:00:00Z", "from when it was first received"
        (item,) = world.table.query(f"{TENANT}#webhook")
        assert (item["events"], item["unmapped"], item["attempts"]) == (1, 0, 2)
        assert _routed(world, self.BODY, provider="plain") == [], "and then it is final"

    def test_a_request_that_was_not_allowed_may_be_once_it_is(self, world: IngressWorld) -> None:
        self._settings(world, request_types=[])
        request_body = _with(outcomeCode="BUSY")
        assert {event["event_type"] for event in _routed(world, request_body, provider="plain")} == {
            "webhook.rejected"
        }
        self._settings(world)
        (event,) = _routed(world, request_body, provider="plain")
        assert event["event_type"] == "disposition.requested"

    def test_through_the_same_settings_it_is_a_duplicate(self, world: IngressWorld) -> None:
        assert len(_routed(world, self.BODY, provider="plain")) == 1
        assert _routed(world, self.BODY, self.BODY, provider="plain") == []

    def test_what_is_refused_again_for_another_reason_is_said_again(self, world: IngressWorld) -> None:
        first = _routed(world, self.BODY, provider="plain")
        self._settings(world, mapping={"rules": [{"type": "archive.requested", "data": "@"}]})
        second = _routed(world, self.BODY, provider="plain")
        assert [event["event_type"] for event in second] == ["webhook.rejected"]
        assert first[0]["event_id"] != second[0]["event_id"]

    def test_what_was_routed_whole_is_final_whatever_the_settings(self, world: IngressWorld) -> None:
        assert len(_routed(world, consent(), provider="plain")) == 1
        self._settings(world, mapping=self.NEW)
        assert _routed(world, consent(), provider="plain") == []

    def test_what_came_too_late_is_routed_when_it_is_sent_again(
        self, world: IngressWorld, clock: FakeClock
    ) -> None:
        body = _with(outcomeCode="BUSY")
        world.receive(request(as_json(body)))
        clock.advance(days=59)
        world.route()
        assert [event["event_type"] for event in world.aws.published()] == ["webhook.rejected"]
        (event,) = _routed(world, body, provider="plain")
        assert event["event_type"] == "disposition.requested"


def test_with_settings_that_are_broken_an_opt_out_is_said_and_the_rest_waits(
    world: IngressWorld, lambda_context: Any
) -> None:
    ssm = world.aws.ssm
    for name in ("ingress", "dispositions"):
        ssm.put_parameter(Name=f"/outbound/config/{name}", Type="String", Value='{"providers": 3')
    route = build(WorldRuntime(world.aws, world.clock, "route-webhooks", WEBHOOK_RETENTION_DAYS="36500"))
    for body in (DISPOSITION, _with(outcomeCode="BUSY", contactId="c-2")):
        world.receive(request(as_json(body)))
    world.trigger._handler = lambda event: route(event, lambda_context)
    world.trigger.poll()
    (event,) = world.aws.published()
    assert (event["event_type"], event["data"]["contact_id"]) == ("consent.changed", "c-1")

    ssm.put_parameter(
        Name="/outbound/config/ingress", Type="String", Value=json.dumps(SETTINGS), Overwrite=True
    )
    world.clock.advance(minutes=20)
    world.trigger.let_time_pass()
    world.trigger._handler = world.handle
    world.route()
    published = world.aws.published()
    assert {
        one["data"]["contact_id"] for one in published if one["event_type"] == "disposition.requested"
    } == {"c-1", "c-2"}
    assert {one["event_id"] for one in published if one["event_type"] == "consent.changed"} == {
        event["event_id"]
    }
