"""Webhooks come in: from the tenant, from three CRMs, and three that nobody should believe."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from outbound.clock import format_time
from outbound.cxone.settings import SURFACES
from sandbox.senders import HubSpot, SalesforceCallout, Sender, StandardWebhooksCrm, mischief, plain_event
from sandbox.senders.sending import Answered, Outgoing, deliver
from scenario.cast import Cast, dialled

_CONTACTS = ("501", "003xx0000042", "c-17")


@dataclass(frozen=True, slots=True)
class Row:
    """What somebody sent, how it was answered, and what became of it."""

    sender: str
    what: str
    answers: str
    as_meant: bool


def connect_senders(cast: Cast) -> list[Sender]:
    """Make the senders known to the stack, and the stack known to the tenant; give the CRMs."""
    crms: list[Sender] = [HubSpot(), SalesforceCallout(), StandardWebhooksCrm()]
    secrets = cast.stack.client("secretsmanager")
    providers: dict[str, Any] = {}
    for crm, mapping in zip(crms, ("hubspot", "salesforce", "plain"), strict=True):
        name = f"{cast.stack.name}/webhooks/{mapping}"
        secrets.create_secret(Name=name, SecretString=json.dumps({"secret": crm.secret}))
        requests = ["consent.changed", "disposition.requested", "campaign.transition.requested"]
        providers[mapping] = {"scheme": crm.scheme, "mapping": mapping, "request_types": requests}
    document = {"public_base_url": _base(cast), "cxone": {"scheme": "bearer"}, "providers": providers}
    cast.operator.configure("ingress", document)
    cast.operator.run("webhooks", "register")
    return crms


def surfaces_at(url: str) -> dict[str, Any]:
    """Give the packaged settings of the surfaces, outcomes apart, moved to a tenant's address."""
    moved = {}
    for name in ("campaigns", "dialer", "dispositions", "archive"):
        surface = SURFACES[name].model_dump(mode="json")
        surface["base_url"] = url
        surface["token"]["url"] = url + urlsplit(surface["token"]["url"]).path
        moved[name] = surface
    return moved


def send_webhooks(cast: Cast, crms: list[Sender]) -> list[Row]:
    """Let everybody send, wait until all of it is routed, and give what came of it."""
    began = datetime.now(UTC) - timedelta(minutes=1)
    rows = [_from_the_tenant(cast)]
    # Before the CRM whose name they take: a secret that was read a moment ago is no reason for a no.
    mischief_rows = _mischief(cast, crms[2])
    for crm, payload, mapping in zip(crms, _payloads(), ("hubspot", "salesforce", "plain"), strict=True):
        answer = insistently(cast, crm.request(f"{_base(cast)}/webhooks/crm/{mapping}", payload))
        rows.append(_row(mapping, "a change of consent", answer, 202))
    rows += mischief_rows
    routed = _routed(cast, began, wanted=4 + len(crms))
    summary = ", ".join(f"{count} {name}" for name, count in sorted(routed.items()))
    rows.append(Row("all", "routed", summary, routed == Counter(cxone=4, hubspot=1, salesforce=1, plain=1)))
    return rows + [_consent(cast, contact) for contact in _CONTACTS]


def insistently(cast: Cast, request: Outgoing) -> Answered:
    """Send a request, and the same again while the receiver is not there: as every sender does."""
    while True:
        answer = deliver(request)
        if 0 < answer.status < 500 or cast.patience.left() <= 0:
            return answer
        time.sleep(1)


def _from_the_tenant(cast: Cast) -> Row:
    campaign = dialled(cast.tenant)[0].id
    metrics = {"successRate": 0.2, "activeCalls": 7, "failoverTriggered": False, "lastUpdated": _now()}
    cast.tenant.emit("omnichannel.campaign.metrics.update", metrics, campaign_id=campaign)
    state = {"id": campaign, "name": campaign, "status": "paused"}
    cast.tenant.emit("omnichannel.campaign.state.change", state, campaign_id=campaign)
    settings = {
        "versionTag": "v8",
        "name": "Predictive",
        "type": "predictive",
        "concurrency": {},
        "algorithm": {},
    }
    cast.tenant.emit("dialer.settings.updated", settings)
    activated = {"operationId": "op-77", "status": "COMPLETED", "versionTag": "v8"}
    cast.tenant.emit("dialer.campaign.activated", activated, campaign_id=campaign)
    sent = cast.tenant.sent_webhooks(max(1.0, cast.patience.left()))
    taken = sum(one.acknowledged for one in sent)
    return Row("cxone", "four events of the tenant", f"{taken} taken", taken == 4)


def _payloads() -> list[Any]:
    hubspot, salesforce, plain = _CONTACTS
    now = datetime.now(UTC)
    return [
        [
            {
                "eventId": 1,
                "subscriptionType": "contact.propertyChange",
                "propertyName": "outbound_call_consent",
                "propertyValue": "granted",
                "objectId": int(hubspot),
                "occurredAt": int(now.timestamp() * 1000),
            }
        ],
        {
            "new": {
                "attributes": {"type": "Contact"},
                "Id": salesforce,
                "DoNotCall": True,
                "LastModifiedDate": _now(),
            },
            "old": {"DoNotCall": False},
        },
        plain_event(
            "consent.changed", {"contact_id": plain, "change": "revoked", "source": "preference centre"}
        ),
    ]


def _mischief(cast: Cast, crm: Sender) -> list[Row]:
    url = f"{_base(cast)}/webhooks/crm/plain"
    payload = _payloads()[2]
    tries = (
        ("forged", mischief.forged, 401),
        ("stale", mischief.stale, 401),
        ("too large", mischief.too_large, 413),
    )
    return [
        _row("stranger", what, insistently(cast, make(crm, url, payload)), wanted)
        for what, make, wanted in tries
    ]


def _row(sender: str, what: str, answer: Answered, wanted: int) -> Row:
    return Row(sender, what, str(answer.status), answer.status == wanted)


def _routed(cast: Cast, since: datetime, wanted: int) -> Counter[str]:
    """Wait until so many webhooks are routed into events, and count them by sender."""
    while True:
        until = format_time(datetime.now(UTC) + timedelta(minutes=1))
        listed = cast.operator.run("webhooks", "list", "--from", format_time(since), "--to", until)
        routed = Counter(row["provider"] for row in listed if row["events"])
        if routed.total() >= wanted or cast.patience.left() <= 0:
            return routed
        time.sleep(0.5)


def _consent(cast: Cast, contact: str) -> Row:
    while True:
        shown = cast.operator.run("consent", "show", contact)
        if shown.get("history") or cast.patience.left() <= 0:
            return Row("ledger", f"consent of {contact}", _standing(shown), bool(shown.get("history")))
        time.sleep(0.5)


def _standing(shown: dict[str, Any]) -> str:
    return "may be called" if shown.get("callable") else "may not be called"


def _base(cast: Cast) -> str:
    return cast.stack.outputs["WebhookUrl"]


def _now() -> str:
    return format_time(datetime.now(UTC))
