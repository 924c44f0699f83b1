"""The log of problems: an item a problem, by the day on which it occurred, kept for some months."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from outbound.clock import Clock, parse_time
from outbound.events import Event
from outbound.logs import masked_text
from outbound.store.table import Item, Key, Table

KEPT_DAYS = 90

# What says whom or what a problem concerns, and why it is one. All else of a fact stays in the audit log.
_IDS = (
    *("campaign_id", "contact_id", "request_id", "delivery_id", "provider", "file", "file_id", "run_id"),
    *("destination", "event_id", "event_type", "job_id", "status", "count", "field", "start", "end"),
    *("rows", "failed", "key", "violations", "new_violations", "rollout_id"),
)
_TEXTS = ("reason", "message")
_LONGEST = 2000
# Ids that may stand in those texts, too; a contact's may be the phone number.
_IDS_IN_TEXTS = (
    *("campaign_id", "request_id", "delivery_id", "file_id", "run_id", "event_id", "job_id"),
    *("rollout_id", "version", "version_before", "version_found", "current"),
)
# As `cxone.http` names the request that CXone refused: its support asks for that. What CXone itself
# said is masked before it is a message.
_REQUEST = re.compile(r"\(request ([\w.:-]{1,100})\)")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was refused or went wrong: the type of the fact that says so, and what it is about."""

    occurred_at: datetime
    event_type: str
    event_id: str
    correlation_id: str
    data: Mapping[str, Any]


class ProblemLog:
    """The problems of one tenant, in the state table."""

    def __init__(self, table: Table, tenant: str, clock: Clock) -> None:
        """Keep them in this table."""
        self._table = table
        self._tenant = tenant
        self._clock = clock

    def note(self, event: Event) -> bool:
        """Write a fact down as a problem; return False if it is there already.

        Raises ValueError where the fact does not say when it occurred.
        """
        occurred_at = parse_time(event.occurred_at)
        item = {
            "event_type": event.event_type,
            "event_id": event.event_id,
            "correlation_id": event.correlation_id,
            "occurred_at": event.occurred_at,
            "data": _kept(event.data),
            "ttl": int((self._clock.now() + timedelta(days=KEPT_DAYS)).timestamp()),
        }
        key = Key(self._partition(occurred_at), f"{_sortable(occurred_at)}#{event.event_id}")
        return self._table.put(key, item, "attribute_not_exists(#pk)").done

    def between(self, start: datetime, end: datetime) -> Iterator[Problem]:
        """Return the problems from `start` to before `end`, newest first, read as they are consumed."""
        first = max(start, self._clock.now() - timedelta(days=KEPT_DAYS + 1))
        day = min(end, self._clock.now() + timedelta(days=1))
        low, high = _sortable(first), _sortable(end)
        while day.date() >= first.date():
            for item in self._table.query(self._partition(day), descending=True):
                if item["sk"] < low:
                    return
                if item["sk"] < high:
                    yield _problem(item)
            day -= timedelta(days=1)

    def _partition(self, moment: datetime) -> str:
        return f"{self._tenant}#problems#{moment.astimezone(UTC):%Y-%m-%d}"


def _sortable(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _kept(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of a fact's data: ids, and texts without numbers and addresses of people."""
    window = data.get("window")
    about = {**window, **data} if isinstance(window, Mapping) else data
    kept = {name: _short(about[name]) for name in _IDS if about.get(name) is not None}
    ids = {str(data[name]) for name in _IDS_IN_TEXTS if data.get(name)}
    return kept | {name: _short(_masked(str(data[name]), ids)) for name in _TEXTS if data.get(name)}


def _masked(text: str, ids: set[str]) -> str:
    return masked_text(text, ids | set(_REQUEST.findall(text)))


def _short(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)[:_LONGEST]


def _problem(item: Item) -> Problem:
    return Problem(
        parse_time(item["occurred_at"]),
        item["event_type"],
        item["event_id"],
        item["correlation_id"],
        item["data"],
    )
