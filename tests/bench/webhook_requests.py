"""Webhooks as senders send them and as API Gateway hands them to a receiver."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from conformance.senders import SENDERS, Sent

SEED = "the seed of a secret"
BASE_URL = "https://hooks.example.com/v1"

# What API Gateway and the networks on the way add to a sender's own headers.
_ADDED = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "CloudFront-Forwarded-Proto": "https",
    "CloudFront-Is-Desktop-Viewer": "true",
    "CloudFront-Is-Mobile-Viewer": "false",
    "CloudFront-Viewer-Country": "US",
    "Content-Type": "application/json",
    "Host": "hooks.example.com",
    "User-Agent": "crm-webhooks/3 (+https://crm.example.com)",
    "Via": "1.1 0123456789abcdef.cloudfront.net (CloudFront)",
    "X-Amz-Cf-Id": "n2BzVtEs3YkVh0R9nCbZ2V0uXJ7e9v3yW1s0d8q5m4k6t2a7c9b1x==",
    "X-Amzn-Trace-Id": "Root=1-65ef7c2a-0123456789abcdef01234567",
    "X-Forwarded-For": "198.51.100.7, 203.0.113.9",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
}


def body_of(size: int) -> bytes:
    """Give as many changes as fit into so many bytes, as HubSpot reports them; else one change of consent."""
    changes: list[dict[str, Any]] = []
    while len(_json([*changes, _change(len(changes))])) <= size:
        changes.append(_change(len(changes)))
    return _json(changes) if changes else change_of_consent("c-17")


def change_of_consent(contact_id: str) -> bytes:
    """Give one event in the plain form, of some 150 bytes."""
    data = {"contactId": contact_id, "change": "do_not_call", "source": "web form"}
    return _json(
        {"id": contact_id, "type": "consent.changed", "occurredAt": "2026-03-10T11:59:30Z", "data": data}
    )


def _change(number: int) -> dict[str, Any]:
    return {
        "eventId": 3_816_279_000 + number,
        "subscriptionId": 25,
        "portalId": 62_515,
        "appId": 1_160_452,
        "occurredAt": 1_773_144_000_000 + number,
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "objectId": 510_000 + number,
        "changeSource": "CRM_UI",
        "propertyName": "outbound_call_consent",
        "propertyValue": "revoked",
    }


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def crm_event(sender: str, body: bytes, url: str = BASE_URL) -> dict[str, Any]:
    """Give the event of a delivery by one of the conformance tests' senders, signed now."""
    path = f"/webhooks/crm/{name_of(sender)}"
    headers = SENDERS[sender].sign(Sent(body, int(time.time() * 1000), url=url + path), SEED)
    return _event("/webhooks/crm/{name}", path, {"name": name_of(sender)}, headers, body)


def cxone_event(body: bytes) -> dict[str, Any]:
    """Give the event of a delivery by CXone, which shows its token."""
    headers = {"Authorization": f"Bearer {SEED}", "X-Webhook-Source": "cxone-dialer"}
    return _event("/webhooks/cxone", "/webhooks/cxone", None, headers, body)


def name_of(sender: str) -> str:
    """Give the name by which a sender is configured."""
    return sender.replace(" ", "-")


def settings_of(*senders: str) -> dict[str, Any]:
    """Give the settings document that lets CXone and these senders in."""
    providers = {name_of(sender): {"scheme": SENDERS[sender].scheme} for sender in senders}
    return {"public_base_url": BASE_URL, "cxone": {"scheme": "bearer"}, "providers": providers}


def secrets_of(*senders: str) -> dict[str, dict[str, str]]:
    """Give the secret of CXone and of each of these senders, by the names by which they are configured."""
    return {"cxone": {"secret": SEED}} | {
        name_of(sender): dict(SENDERS[sender].secret(SEED)) for sender in senders
    }


def _event(
    resource: str, path: str, parameters: dict[str, str] | None, headers: dict[str, str], body: bytes
) -> dict[str, Any]:
    sent = _ADDED | headers
    identity = {"sourceIp": "198.51.100.7", "userAgent": sent["User-Agent"]}
    return {
        "resource": resource,
        "path": path,
        "httpMethod": "POST",
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": parameters,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "path": f"/v1{path}",
            "domainName": sent["Host"],
            "stage": "v1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": identity,
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
