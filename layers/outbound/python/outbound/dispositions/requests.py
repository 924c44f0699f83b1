"""A disposition as it is asked for, checked field by field."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from outbound.campaign_ids import is_campaign_id
from outbound.clock import CLOCK_TOLERANCE, parse_time
from outbound.contact_ids import is_encodable, read_contact_id
from outbound.cxone.ports.dispositions import NewDisposition
from outbound.dispositions.ledger import DispositionRequest
from outbound.dispositions.settings import DispositionSettings
from outbound.do_not_call import means_do_not_call
from outbound.events import Event

# "." and ".." are not ids: in the path of a call they would lead to another resource.
_ID = re.compile(r"(?!\.{1,2}\Z)[\w.:@-]{1,128}", re.ASCII)
_NAME = re.compile(r"\S(?:.{0,62}\S)?")
# What a request may hold; a misspelt field would be an instruction that has no effect.
_FIELDS = frozenset(
    {"campaign_id", "contact_id", "outcome_code", "agent_id", "notes", "custom_fields", "occurred_at"}
)
INVALID = "invalid_request"
TOO_OLD = "too_old"
CANCELLED = "cancelled"
# The ledger remembers longer than that: until then a do-not-call is not too old, however long it waited.
_OLDEST_REFUSAL_DAYS = 365


class Rejected(ValueError):
    """A disposition that cannot be applied: the reason, the field where one is wrong, and what is wrong."""

    def __init__(self, message: str, field: str = "", reason: str = INVALID) -> None:
        """Name the field, as the request spells it; the message does not repeat its value."""
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Disposition:
    """A disposition that has the right form."""

    request: DispositionRequest
    notes: str = field(repr=False)
    custom_fields: Mapping[str, Any] = field(repr=False)

    def to_cxone(self) -> NewDisposition:
        """Return what is to be written."""
        request = self.request
        return NewDisposition(
            request.campaign_id,
            request.contact_id,
            request.outcome_code,
            request.agent_id,
            request.occurred_at,
            self.notes,
            self.custom_fields,
        )


def disposition_of(event: Event, settings: DispositionSettings, now: datetime) -> Disposition:
    """Return the disposition that an event asks for.

    Args:
        event: The request.
        settings: What it is checked by.
        now: The moment by which it is too old, or ahead of its time.

    Raises:
        Rejected: It cannot be applied, naming the first field that is wrong.
    """
    data = event.data
    if unknown := sorted(set(data) - _FIELDS):
        # What looks like a name says what was misspelt; anything else may be anything.
        raise Rejected("is not a field of a disposition", _plain(unknown[0])[:64] or "data")
    occurred_at = decided_at(event)
    if occurred_at > now + CLOCK_TOLERANCE:
        raise Rejected("lies in the future", "occurred_at")
    forbids = means_do_not_call(data.get("outcome_code"), settings.do_not_call_codes)
    max_age_days = _OLDEST_REFUSAL_DAYS if forbids else settings.max_age_days
    if occurred_at < now - timedelta(days=max_age_days):
        raise Rejected(f"lies more than {max_age_days} days back", "occurred_at", TOO_OLD)
    code = _code(data.get("outcome_code"), settings)
    notes = _notes(data.get("notes"), settings)
    custom_fields = _custom_fields(data.get("custom_fields"), code, settings)
    agent_id = data.get("agent_id")
    request = DispositionRequest(
        event.event_id,
        event.correlation_id,
        _campaign_id(data.get("campaign_id")),
        _contact_id(data.get("contact_id")),
        code,
        # An empty cell of a file names no agent, nor does one that is left out.
        _id(settings.default_agent_id if agent_id in (None, "") else agent_id, "agent_id"),
        occurred_at,
        "",
        forbids,
    )
    return Disposition(with_content(request, notes, custom_fields), notes, custom_fields)


def best_effort_request(event: Event, occurred_at: datetime) -> DispositionRequest:
    """Return of a request what can be read of it, however wrong it is; `occurred_at` stands for its time."""
    data = event.data
    return DispositionRequest(
        event.event_id,
        event.correlation_id,
        _plain(data.get("campaign_id")),
        read_contact_id(data.get("contact_id")),
        _plain(data.get("outcome_code")),
        "",
        occurred_at,
        "",
    )


def decided_at(event: Event) -> datetime:
    """Return when a disposition was decided: by its own field, else by its event. Raises Rejected."""
    given = event.data.get("occurred_at", event.occurred_at)
    if not isinstance(given, str):
        raise Rejected("write a time like 2026-01-31T08:00:00Z", "occurred_at")
    try:
        return parse_time(given)
    except ValueError:
        # The parser's own message quotes the value, which may be anything.
        raise Rejected(
            "is not a time with an offset; write one like 2026-01-31T08:00:00Z", "occurred_at"
        ) from None


def _plain(value: object) -> str:
    """Return a value that has the form of an id, and nothing of one that may be anything."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def _id(value: object, name: str) -> str:
    if value in (None, ""):
        raise Rejected("is missing", name)
    if not (found := _plain(value)):
        raise Rejected("is not an id: up to 128 letters, digits and . : @ _ -", name)
    return found


def _campaign_id(value: object) -> str:
    if not is_campaign_id(campaign_id := _id(value, "campaign_id")):
        raise Rejected("is not a campaign's id: 1 to 64 letters, digits, '-' and '_'", "campaign_id")
    return campaign_id


def _contact_id(value: object) -> str:
    """Read the contact's id as the ledger does; what a path of CXone allows is its adapter's matter."""
    if value in (None, ""):
        raise Rejected("is missing", "contact_id")
    if not (contact_id := read_contact_id(value)):
        raise Rejected("is not an id: up to 128 characters without blanks", "contact_id")
    return contact_id


def _code(value: object, settings: DispositionSettings) -> str:
    # Each of them has the form that the settings ask for.
    if not isinstance(value, str) or value not in settings.outcome_codes:
        raise Rejected(f"is none of {', '.join(sorted(settings.outcome_codes))}", "outcome_code")
    return value


def _notes(value: object, settings: DispositionSettings) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Rejected("is not a text", "notes")
    if len(value) > settings.max_notes:
        raise Rejected(f"has more than {settings.max_notes} characters", "notes")
    if not is_encodable(value):
        raise Rejected("has characters that no encoding has", "notes")
    return value


def _custom_fields(value: object, code: str, settings: DispositionSettings) -> dict[str, Any]:
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        raise Rejected("is not an object", "custom_fields")
    if len(value) > settings.max_custom_fields:
        raise Rejected(f"has more than {settings.max_custom_fields} fields", "custom_fields")
    for name, content in value.items():
        _check_custom_field(name, content, settings)
    for name in settings.required_fields.get(code, ()):
        if value.get(name) in (None, ""):
            raise Rejected(f"is needed with {code}", f"custom_fields.{name}")
    return dict(value)


def _check_custom_field(name: object, content: object, settings: DispositionSettings) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not is_encodable(name):
        raise Rejected("has a field whose name is empty, too long or not a text", "custom_fields")
    place = f"custom_fields.{name}"
    if isinstance(content, str):
        if len(content) > settings.max_custom_field or not is_encodable(content):
            raise Rejected(f"has more than {settings.max_custom_field} characters, or odd ones", place)
    elif isinstance(content, float) and not isfinite(content):
        raise Rejected("is not a number that JSON has", place)
    elif not isinstance(content, bool | int | float | None):
        raise Rejected("is not a text, number, truth value or null", place)


def with_content(
    request: DispositionRequest, notes: str, custom_fields: Mapping[str, Any]
) -> DispositionRequest:
    """Add the hash of all that is said, the moment apart: saying the same again later changes nothing."""
    said = [request.outcome_code, request.agent_id, notes, custom_fields]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    values = {name: getattr(request, name) for name in DispositionRequest.__slots__}
    return DispositionRequest(**{**values, "content": hashlib.sha256(text.encode()).hexdigest()})
