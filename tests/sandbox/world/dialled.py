"""A call that the dialer makes because a test says so, to whomever it should not."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.world.moments import iso, parse_time
from sandbox.world.shape import Campaign

_PARTS = frozenset({"at", "number", "code", "agentId", "seconds"})


def dialled(
    campaign: Campaign, contact_id: str, document: Mapping[str, Any]
) -> tuple[datetime, dict[str, Any]]:
    """Return when a call began, and its record as the tenant shows it.

    `document` has `at`, and where it likes the called `number`, the disposition's `code`, the agent and
    how many `seconds` it took. Raises ValueError for any other part, and for a time that is none.
    """
    if unknown := set(document) - _PARTS:
        raise ValueError(f"no such part {sorted(unknown)}")
    started = parse_time(document["at"])
    record = {
        "id": str(uuid.uuid4()),
        "campaignId": campaign.id,
        "dispositionCode": document.get("code", "NO_ANSWER"),
        "startTime": iso(started),
        "endTime": iso(started + timedelta(seconds=document.get("seconds", 20))),
        "direction": "OUTBOUND",
        "contactId": contact_id,
        "attemptNumber": 1,
        "queueId": campaign.queue_id,
    }
    # Assumption: the document shows no number in a record; a tenant can be set up to carry one.
    known = {"phoneNumber": document.get("number"), "agentId": document.get("agentId")}
    return started, record | {name: value for name, value in known.items() if value}
