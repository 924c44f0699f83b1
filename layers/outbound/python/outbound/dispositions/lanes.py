"""Which dispositions of a batch are applied side by side, and which one after another."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from outbound.queues import Records


def by_contact(records: Records) -> list[Records]:
    """Give a lane for each contact, its newest disposition first: the older ones then cost no call.

    What cannot be read has a lane of its own; whoever handles it says what is wrong.
    """
    lanes: dict[tuple[str, ...], list[tuple[str, str, Mapping[str, Any]]]] = defaultdict(list)
    for record in records:
        lane, moment, event_id = _place(record)
        lanes[lane].append((moment, event_id, record))
    return [
        [record for _, _, record in sorted(lane, key=lambda one: one[:2], reverse=True)]
        for lane in lanes.values()
    ]


def _place(record: Mapping[str, Any]) -> tuple[tuple[str, ...], str, str]:
    try:
        event = json.loads(record["body"])["detail"]
        data = event["data"]
        moment = data.get("occurred_at") or event["occurred_at"]
        return (str(data["campaign_id"]), str(data["contact_id"])), str(moment), str(event["event_id"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return (str(record["messageId"]),), "", ""
