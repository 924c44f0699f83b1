"""The envelope that every event travels in.

An event's id derives from what it is about, so the same fact published twice is one event to a consumer that
remembers ids.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from outbound.clock import format_time
from outbound.events.types import EventType

if TYPE_CHECKING:
    from outbound.events.facts.base import Fact


class _Encoded:
    """What an event's JSON is kept in."""

    __slots__ = ("_detail",)
    _detail: str


@dataclass(frozen=True, slots=True)
class Event(_Encoded):
    """One event: its envelope and its data."""

    event_id: str
    event_type: str
    occurred_at: str
    correlation_id: str
    tenant: str
    data: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = 1

    def to_json(self) -> str:
        """Return the compact JSON that travels as `detail` on the bus; it is encoded once."""
        try:
            return self._detail
        except AttributeError:
            values = {each.name: getattr(self, each.name) for each in fields(self)}
            detail = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
            object.__setattr__(self, "_detail", detail)
            return detail

    @classmethod
    def from_detail(cls, detail: Mapping[str, Any]) -> Event:
        """Return the event of an EventBridge message's `detail`.

        Raises ValueError naming the first field that is missing, so that a foreign message can be
        refused with its reason.
        """
        if not isinstance(detail, Mapping):
            raise ValueError("the event is not an object")
        for name in ("event_id", "event_type", "occurred_at", "correlation_id", "tenant"):
            if not isinstance(detail.get(name), str):
                raise ValueError(f"the event has no text {name!r}")
        data, version = detail.get("data", {}), detail.get("schema_version", 1)
        if not isinstance(data, Mapping):
            raise ValueError("the event's 'data' is not an object")
        if not isinstance(version, int | float | str):
            raise ValueError("the event's 'schema_version' is not a number")
        return cls(
            event_id=detail["event_id"],
            event_type=detail["event_type"],
            occurred_at=detail["occurred_at"],
            correlation_id=detail["correlation_id"],
            tenant=detail["tenant"],
            data=data,
            schema_version=int(version),
        )


def deterministic_id(*parts: str) -> str:
    """Return the id that follows from what an event is about: the same parts, the same id."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def new_event(
    fact: Fact, tenant: str, occurred_at: datetime, effect: Sequence[str], correlation_id: str = ""
) -> Event:
    """Return the event of a fact.

    Args:
        fact: What was done; it gives type and data.
        tenant: Whose event it is.
        occurred_at: When it was done.
        effect: What the event is about: the id derives from this, the type and the tenant.
        correlation_id: What the event belongs to; the event's own id unless given.
    """
    return event_of_type(fact.TYPE, tenant, occurred_at, effect, fact.data(), correlation_id)


def event_of_type(
    event_type: EventType,
    tenant: str,
    occurred_at: datetime,
    effect: Sequence[str],
    data: Mapping[str, Any],
    correlation_id: str = "",
) -> Event:
    """Return the event of a request or a report.

    Args:
        event_type: What it asks for or reports.
        tenant: Whose event it is.
        occurred_at: When it happened.
        effect: What the event is about: the id derives from this, the type and the tenant.
        data: As its model in `events.requests` has it.
        correlation_id: What the event belongs to; the event's own id unless given.
    """
    event_id = deterministic_id(event_type, tenant, *effect)
    return Event(
        event_id=event_id,
        event_type=event_type.value,
        occurred_at=format_time(occurred_at),
        correlation_id=correlation_id or event_id,
        tenant=tenant,
        data=data,
    )


def do_not_call_of(
    request_id: str, contact_id: str, occurred_at: datetime, tenant: str, correlation_id: str
) -> Event:
    """Return the `consent.changed` of a disposition that puts its contact on the do-not-call list.

    It is published where the request comes in and where it is applied; of one moment it is one event, once
    for each contact that a request names.

    Args:
        request_id: The request for the disposition.
        contact_id: Who must not be called.
        occurred_at: Since when.
        tenant: The tenant of the stack.
        correlation_id: Of what the request came in.
    """
    data = {
        "contact_id": contact_id,
        "change": "do_not_call",
        "source": "disposition",
        "occurred_at": format_time(occurred_at),
    }
    effect = (request_id, contact_id, data["occurred_at"])
    return event_of_type(EventType.CONSENT_CHANGED, tenant, occurred_at, effect, data, correlation_id)
