"""What the tests of contacts write, and the calls that they make."""

from collections.abc import Callable
from typing import Any

import requests

from sandbox.running import Tenant
from sandbox.world import agents_of, contacts_of

SCOPES = "outbound:campaign:write outbound:contact:write outbound:disposition:write"
PATCH = "PATCH /api/v1/outbound/campaigns/{campaign_id}/contacts/{contact_id}"
CAMPAIGN = "camp-a"

Call = Callable[..., requests.Response]


def path_of(contact_id: str, campaign_id: str = CAMPAIGN) -> str:
    return f"/api/v1/outbound/campaigns/{campaign_id}/contacts/{contact_id}"


def contact(tenant: Tenant, number: int = 0) -> str:
    return contacts_of(tenant.world, CAMPAIGN)[number]


def disposition(tenant: Tenant, code: str = "INTERESTED", **change: Any) -> dict[str, Any]:
    body = {
        "outcomeCode": code,
        "agentId": agents_of(tenant.world, CAMPAIGN)[3],
        "notes": "Call again on Tuesday",
        "dispositionTimestamp": "2026-03-01T12:00:00Z",
    }
    return {name: value for name, value in (body | change).items() if value is not ...}
