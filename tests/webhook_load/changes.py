"""What the senders tell: changes of consent, each in its sender's own form."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.senders import HubSpot, SalesforceCallout, StudioScript, plain_event
from sandbox.world import iso
from webhook_load.sizes import Size

REGISTERS = {
    "granted": ("call_consent", "granted"),
    "revoked": ("call_consent", "revoked"),
    "do_not_call": ("do_not_call", "set"),
    "do_not_call_lifted": ("do_not_call", "lifted"),
}
"""The register that each change is of, and what it says afterwards."""

# HubSpot's contacts are numbers; no other part uses these.
_FIRST_CONTACT = 77_000_000
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a contact's consent; no two are of the same moment, so each is told by its own parts."""

    contact_id: str
    change: str
    occurred_at: datetime


def contacts(size: Size) -> list[str]:
    """Return the contacts of the load."""
    return [str(_FIRST_CONTACT + number) for number in range(size.contacts)]


def changes(senders: Sequence[str], size: Size) -> list[tuple[str, Change]]:
    """Return a change of the last day for every delivery of the load, each with the sender that tells it."""
    chance, known = random.Random(size.seed), contacts(size)
    began = datetime.now(UTC).replace(microsecond=0) - _DAY
    told = []
    for number, after in enumerate(chance.sample(range(_DAY // timedelta(milliseconds=1)), size.deliveries)):
        sender = senders[number % len(senders)]
        # A Studio script tells what an agent heard, and never of consent that was given.
        kind = "do_not_call" if sender == StudioScript.name else chance.choice(list(REGISTERS))
        moment = began + timedelta(milliseconds=after)
        told.append((sender, Change(chance.choice(known), kind, moment)))
    return told


def payload(sender: str, change: Change) -> Any:
    """Return the body in which a sender tells a change."""
    return _FORMS.get(sender, _plain)(change)


def _plain(change: Change) -> Any:
    data = {"contactId": change.contact_id, "change": change.change, "source": "preference centre"}
    return plain_event("consent.changed", data, occurred_at=change.occurred_at)


def _hubspot(change: Change) -> Any:
    name, value = {
        "granted": ("outbound_call_consent", "granted"),
        "revoked": ("outbound_call_consent", "revoked"),
        "do_not_call": ("outbound_do_not_call", "true"),
        "do_not_call_lifted": ("outbound_do_not_call", "false"),
    }[change.change]
    return [
        {
            "eventId": 1,
            "subscriptionType": "contact.propertyChange",
            "propertyName": name,
            "propertyValue": value,
            "objectId": int(change.contact_id),
            "occurredAt": round(change.occurred_at.timestamp() * 1000),
        }
    ]


def _salesforce(change: Change) -> Any:
    moment = iso(change.occurred_at)
    if change.change in ("granted", "revoked"):
        consent = {
            "attributes": {"type": "ContactPointTypeConsent"},
            "Id": f"0ZX{change.contact_id}",
            "Contact__c": change.contact_id,
            "ContactPointType": "Phone",
            "PrivacyConsentStatus": "OptIn" if change.change == "granted" else "OptOut",
            "CaptureDate": moment,
            "SystemModstamp": moment,
        }
        return {"new": consent}
    is_set = change.change == "do_not_call"
    contact = {"Id": change.contact_id, "DoNotCall": is_set, "LastModifiedDate": moment}
    return {"new": {"attributes": {"type": "Contact"}, **contact}, "old": {"DoNotCall": not is_set}}


def _studio(change: Change) -> Any:
    return {
        "id": f"{change.contact_id}-{change.occurred_at.timestamp():.3f}",
        "type": "studio.disposition",
        "occurredAt": iso(change.occurred_at),
        "campaignId": "load",
        "data": {"_ExternalID": change.contact_id, "Disposition": "Do not call"},
    }


_FORMS: dict[str, Callable[[Change], Any]] = {
    HubSpot.name: _hubspot,
    SalesforceCallout.name: _salesforce,
    StudioScript.name: _studio,
}
