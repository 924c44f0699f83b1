"""Which dispositions of a batch are applied side by side, and which one after another."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from outbound.contact_ids import ledger_id, read_contact_id
from outbound.do_not_call import means_do_not_call
from outbound.queues import Records


def by_contact(records: Records) -> list[Records]:
    """Return a group for each contact, its newest disposition first: the older ones then cost no call.

    What cannot be read has a group of its own; the applier says what is wrong with it.
    """
    groups: dict[tuple[str, ...], list[tuple[tuple[str, bool, str], Mapping[str, Any]]]] = defaultdict(list)
    for record in records:
        group, order = _place(record)
        groups[group].append((order, record))
    return [
        [record for _, record in sorted(group, key=itemgetter(0), reverse=True)] for group in groups.values()
    ]


def _place(record: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, bool, str]]:
    try:
        event = json.loads(record["body"])["detail"]
        data = event["data"]
        moment = data.get("occurred_at") or event["occurred_at"]
        contact_id = ledger_id(read_contact_id(data["contact_id"]))
        forbids = means_do_not_call(data.get("outcome_code"))
        return (str(data["campaign_id"]), contact_id), (str(moment), forbids, str(event["event_id"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return (str(record["messageId"]),), ("", False, "")
