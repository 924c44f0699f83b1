"""Whatever else is wrong with a do-not-call, the fact that it is one exists: for every packaged mapping."""

from __future__ import annotations

import copy
import json
import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outbound.clock import parse_time
from outbound.contact_ids import ledger_id
from outbound.webhooks.delivery import Delivery
from outbound.webhooks.reader import read
from outbound.webhooks.settings import REQUEST_TYPES, Provider, Providers

TENANT = "acme"
RECEIVED = parse_time("2026-03-10T12:00:00Z")
_EXAMPLES, _MANY, _RUNS = 150, 20_000, 4
_quick = settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
_load = [
    pytest.mark.load,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not os.environ.get("OUTBOUND_LOAD"), reason="full sizes; `make load` runs them"),
]

# A number that JSON can spell and no number of ours can hold; put into a body after it is made.
_TOO_LARGE = "a number that is too large"
_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["\ud800", "x" * 5000, _TOO_LARGE, "10.03.2026 11:59", "2099-01-01T00:00:00Z", "", " "]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_CODES = st.sampled_from(
    [
        "DO_NOT_CALL",
        "DNC",
        "do not call",
        "DoNotCall",
        "do not call.",
        "D.N.C.",
        "do\u00a0not\u2011call",
        "\uff24\uff2e\uff23",
    ]
)
_ID_ALPHABET = st.characters(
    codec="utf-8", exclude_categories=["Cc", "Cf", "Cn", "Co", "Cs", "Zs", "Zl", "Zp"]
)
_CONTACTS = st.integers(0, 10**15) | st.text(_ID_ALPHABET, min_size=1, max_size=40).filter(
    lambda text: not any(one.isspace() for one in text) and len(unicodedata.normalize("NFC", text)) <= 40
)


@dataclass(frozen=True)
class Form:
    """How a sender says do-not-call: the event, what of it may not be touched, and the change it is."""

    mapping: str
    event: Callable[[Any, str], dict[str, Any]]
    essential: frozenset[tuple[str, ...]]
    change: str = "do_not_call"


def _form(
    mapping: str, event: Callable[[Any, str], dict[str, Any]], *essential: str, change: str = "do_not_call"
) -> Form:
    return Form(mapping, event, frozenset(tuple(place.split(".")) for place in essential), change)


_PLAIN = {"id": "d-1", "occurredAt": "2026-03-10T11:59:30Z"}
_HUBSPOT = {"eventId": 1, "occurredAt": 1773143970000, "attemptNumber": 0, "sourceId": "userId:42"}
_RECORD = {"SystemModstamp": "2026-03-10T11:59:30.000+0000", "LastModifiedById": "005000000000001"}

FORMS: dict[str, Form] = {
    "plain disposition": _form(
        "plain",
        lambda contact, code: {
            **_PLAIN,
            "type": "disposition.requested",
            "data": {"contactId": contact, "outcomeCode": code, "campaignId": "c", "notes": "n"},
        },
        "data.contactId",
        "data.outcomeCode",
    ),
    "plain disposition, snake case": _form(
        "plain",
        lambda contact, code: {
            **_PLAIN,
            "type": "disposition.requested",
            "data": {"contact_id": contact, "outcome_code": code, "agent_id": "a"},
        },
        "data.contact_id",
        "data.outcome_code",
    ),
    "plain consent": _form(
        "plain",
        lambda contact, _: {
            **_PLAIN,
            "type": "consent.changed",
            "data": {"contactId": contact, "change": "revoked", "source": "web"},
        },
        "data.contactId",
        "data.change",
        change="revoked",
    ),
    "studio": _form(
        "cxone",
        lambda contact, code: {
            **_PLAIN,
            "type": "studio.disposition",
            "campaignId": "7",
            "data": {"_ExternalID": " ", "_ProspectiveContactID": contact, "Disposition": code, "AgentID": 7},
        },
        "data._ExternalID",
        "data._ProspectiveContactID",
        "data.Disposition",
    ),
    "hubspot": _form(
        "hubspot",
        lambda contact, _: {
            **_HUBSPOT,
            "subscriptionType": "contact.propertyChange",
            "objectId": contact,
            "propertyName": "outbound_do_not_call",
            "propertyValue": "True",
        },
        *("subscriptionType", "objectId", "propertyName", "propertyValue"),
    ),
    "hubspot, cleared": _form(
        "hubspot",
        lambda contact, _: {
            **_HUBSPOT,
            "subscriptionType": "contact.propertyChange",
            "objectId": contact,
            "propertyName": "outbound_call_consent",
            "propertyValue": "",
        },
        *("subscriptionType", "objectId", "propertyName", "propertyValue"),
        change="revoked",
    ),
    "salesforce": _form(
        "salesforce",
        lambda contact, _: {
            "new": {"attributes": {"type": "Contact"}, "Id": contact, "DoNotCall": True, **_RECORD},
            "old": {"DoNotCall": False, "Name": "n"},
        },
        *("new", "new.attributes", "new.attributes.type", "new.Id", "new.DoNotCall", "old", "old.DoNotCall"),
    ),
    "salesforce consent": _form(
        "salesforce",
        lambda contact, _: {
            "new": {
                "attributes": {"type": "ContactPointTypeConsent"},
                "Id": "0ZX000000000001",
                "Contact__c": contact,
                "ContactPointType": "Phone",
                "PrivacyConsentStatus": "OptOut",
                "CaptureDate": "2026-03-10T11:00:00.000+0000",
                **_RECORD,
            },
            "old": {"PrivacyConsentStatus": "OptIn"},
        },
        *("new", "new.attributes", "new.attributes.type", "new.Contact__c", "new.ContactPointType"),
        *("new.PrivacyConsentStatus", "old", "old.PrivacyConsentStatus"),
        change="revoked",
    ),
    "salesforce task": _form(
        "salesforce",
        lambda contact, code: {
            "new": {"attributes": {"type": "Task"}, "WhoId": contact, "CallDisposition": code, **_RECORD},
            "old": {"CallDisposition": None},
        },
        *("new", "new.attributes", "new.attributes.type", "new.WhoId", "new.CallDisposition"),
        *("old", "old.CallDisposition"),
    ),
}
# Names that would say something else about whom or what; a mutation that adds one makes another wish.
_TAKEN = {
    *("contactid", "externalid", "prospectivecontactid", "outcomecode", "dispositioncode", "disposition"),
    *("change", "data", "attributes", "new", "old", "type", "subscriptiontype", "contactpointtype"),
}


def _places(value: Any, place: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return []
    return [
        found for name, each in value.items() for found in [(*place, name), *_places(each, (*place, name))]
    ]


def _mutated(draw: st.DrawFn, form: Form, event: dict[str, Any]) -> dict[str, Any]:
    """Replace, remove or add whatever does not say whom and what."""
    for _ in range(draw(st.integers(0, 4))):
        keep = {place[:depth] for place in form.essential for depth in range(1, len(place) + 1)}
        free = [place for place in _places(event) if place not in keep]
        inside = [(), *(place for place in keep if isinstance(_at(event, place), dict))]
        kind = draw(st.sampled_from(["replace", "remove", "add"]))
        if kind == "add" or not free:
            name = draw(
                st.text(max_size=8) | st.sampled_from(["reason", "events", "changes", "user", "extra"])
            )
            holder = _at(event, draw(st.sampled_from(sorted(inside))))
            if name not in holder and "".join(filter(str.isalpha, name)).casefold() not in _TAKEN:
                holder[name] = draw(_ANYTHING)
            continue
        *path, name = draw(st.sampled_from(sorted(free)))
        holder = _at(event, tuple(path))
        if kind == "remove":
            del holder[name]
        else:
            holder[name] = draw(_ANYTHING)
    return event


def _at(value: Any, place: tuple[str, ...]) -> Any:
    for name in place:
        value = value[name]
    return value


def _spelt(draw: st.DrawFn, contact: Any) -> Any:
    """A contact's id as senders write it: with blanks around it, as a number, in either form of Unicode."""
    if isinstance(contact, int):
        return draw(st.sampled_from([contact, str(contact), f" {contact} "]))
    decomposed = unicodedata.normalize("NFD", contact)
    return draw(st.sampled_from([contact, f" {contact}\u00a0", decomposed]))


def _body(draw: st.DrawFn, event: dict[str, Any], mapping: str) -> bytes:
    around: Callable[[Any], Any] = draw(
        st.sampled_from(
            [
                lambda it: it,
                lambda it: [it],
                lambda it: [1, it, {"type": "x"}],
                *([lambda it: {"events": [it, None]}] if mapping == "plain" else []),
                *([lambda it: {"changes": [it, None]}] if mapping == "salesforce" else []),
            ]
        )
    )
    text = json.dumps(around(event))
    return text.replace(f'"{_TOO_LARGE}"', "1e999").encode()


def _provider(draw: st.DrawFn, mapping: str) -> Provider | None:
    usable = draw(st.sampled_from(["yes", "yes", "yes", "gone", "broken"]))
    if usable == "gone":
        return None
    asks = draw(st.lists(st.sampled_from(REQUEST_TYPES), unique=True))
    given: Any = {"rules": "nonsense"} if usable == "broken" else mapping
    user = draw(st.sampled_from(["", "userId:42", "005000000000001"]))
    crm = {"scheme": "github", "mapping": given, "request_types": asks, "integration_user": user}
    return Providers.model_validate({"providers": {"crm": crm}}).providers["crm"]


def _property(form: Form) -> Callable[[], None]:
    @given(data=st.data(), contact=_CONTACTS, code=_CODES)
    def the_fact_exists(data: st.DataObject, contact: Any, code: str) -> None:
        draw: Any = data.draw
        event = form.event(_spelt(draw, contact), code)
        body = _body(draw, _mutated(draw, form, copy.deepcopy(event)), form.mapping)
        delivery = Delivery("d" * 32, "crm", RECEIVED, "POST", "/", {}, body)

        contents = read(delivery, _provider(draw, form.mapping), TENANT)

        said = {(ledger_id(one.data["contact_id"]), one.data["change"]) for one in contents.opt_outs}
        assert (ledger_id(unicodedata.normalize("NFC", str(contact))), form.change) in said
        for one in contents.opt_outs:
            assert parse_time(one.data["occurred_at"]) <= RECEIVED
            one.to_json().encode()

    return the_fact_exists


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
def test_a_do_not_call_is_said_whatever_else_is_wrong_with_it(name: str) -> None:
    _quick(_property(FORMS[name]))()


@pytest.mark.parametrize("run", range(_RUNS))
@pytest.mark.parametrize("name", [pytest.param(name, marks=_load) for name in FORMS])
def test_a_do_not_call_is_said_whatever_else_is_wrong_with_it_in_full(name: str, run: int) -> None:
    settings(_quick, max_examples=_MANY // _RUNS, database=None)(_property(FORMS[name]))()
