"""What the tests of the archive send, made from what the tenant lists."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests

from sandbox.running import Tenant

CAMPAIGN = "camp-a"
STEER = f"/api/v2/campaigns/{CAMPAIGN}"
LIST = f"{STEER}/attempts"
ARCHIVE = f"{STEER}/contacts/archive"

Call = Callable[..., requests.Response]


def item(attempt: Mapping[str, Any], **change: Any) -> dict[str, Any]:
    matrix = {
        "outcomeCode": attempt["outcomeCode"],
        "disposition": attempt.get("disposition", "ARCHIVED"),
        "callDurationSeconds": attempt.get("duration", 0),
        "anonymized": attempt["anonymized"],
    }
    made = {
        "contactId": attempt["contactId"],
        "attemptId": attempt["id"],
        "statusMatrix": matrix,
        "retentionPeriodDays": attempt.get("retentionDays", 365),
        "deleteActive": True,
    }
    return {name: value for name, value in (made | change).items() if value is not ...}


def batch(attempts: Sequence[Mapping[str, Any]], **change: Any) -> dict[str, Any]:
    items = [item(attempt) for attempt in attempts]
    made = {"campaignId": CAMPAIGN, "items": items, "forceColdStorage": True}
    return {name: value for name, value in (made | change).items() if value is not ...}


def listed(archive_call: Call, limit: int = 100) -> list[dict[str, Any]]:
    """Read the list to its end as the document does, by offsets."""
    found: list[dict[str, Any]] = []
    while True:
        params = {"status": "completed", "limit": limit, "offset": len(found)}
        answer = archive_call("GET", LIST, params=params)
        assert answer.status_code == 200, answer.text
        found += answer.json()
        if len(answer.json()) < limit:
            return found


def token_of(tenant: Tenant) -> str:
    """Return a token as the archive's document asks for it: by a form, without a scope."""
    form = {"grant_type": "client_credentials", "client_id": "bridge", "client_secret": "sandbox-only"}
    return str(requests.post(f"{tenant.url}/oauth/token", form, timeout=5).json()["access_token"])
