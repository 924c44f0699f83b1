"""A change of consent as it is asked for: what permits is checked field by field, what forbids is not.

What forbids needs a contact and that it forbids. Its time is read where it can be and is the moment of
receipt where not; its source is cut; a category of calls that cannot be read is none, so that it counts for
all; and nothing else in it is looked at.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from outbound.clock import CLOCK_TOLERANCE
from outbound.complaints import complaint
from outbound.contact_ids import read_contact_id
from outbound.do_not_call import forbidding_change, named_category, readable_source
from outbound.events import Event
from outbound.events.requests.consent import ConsentChanged
from outbound.moments import NoMoment, moment_in, moment_of_refusal
from outbound.store.consent_state import Change, GrantKind, Register, Terms, Value
from outbound.store.consents import Merge, stated_time

_FORBIDDING = {
    "revoked": (Register.CALL, Value.REVOKED),
    "do_not_call": (Register.DO_NOT_CALL, Value.SET),
    "deleted": (Register.RECORD, Value.DELETED),
}
_PERMITTING = {
    "granted": (Register.CALL, Value.GRANTED),
    "do_not_call_lifted": (Register.DO_NOT_CALL, Value.LIFTED),
    "restored": (Register.RECORD, Value.RESTORED),
}
# Errors name fields as webhooks spell them.
_FIELDS = {each.alias: name for name, each in ConsentChanged.model_fields.items()}
# Of what has no time of its own; it sorts before all times, and such a change has none.
_UNSTATED = "-"


class InvalidChange(ValueError):
    """A change that cannot be recorded, with the field that is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        """Name the field, as the request spells it."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def change_of(event: Event, now: datetime) -> Change | Merge:
    """Return the change that an event asks for, as it counts when it is recorded at `now`.

    No change counts from a later moment than that: of two senders, the one whose clock is ahead would
    otherwise overrule what the other reports after it.

    Raises:
        InvalidChange: It cannot be recorded, naming the first field that is wrong.
    """
    change = forbidding_change(event.data.get("change"))
    return _refusal(event, change, now) if change else _permission(event, now)


def is_early(change: Change, now: datetime) -> bool:
    """Return True if a change permits from further in the future than clocks differ."""
    return not change.value.forbids and change.occurred_at > now + CLOCK_TOLERANCE


def _refusal(event: Event, change: str, now: datetime) -> Change | Merge:
    contact_id = read_contact_id(event.data.get("contact_id"))
    if not contact_id:
        raise InvalidChange("contact_id", "is missing, or is not a contact's id")
    source = readable_source(event.data.get("source"))
    stated, occurred_at = _time_of_refusal(event, now)
    if change != "merged":
        register, value = _FORBIDDING[change]
        scope = named_category(event.data.get("scope")) if register is Register.CALL else ""
        return Change(contact_id, register, value, source, occurred_at, event.event_id, stated, scope=scope)
    merged = read_contact_id(event.data.get("merged_contact_id"))
    if not merged:
        raise InvalidChange("merged_contact_id", "is missing, or is not a contact's id")
    return Merge(merged, contact_id, source, occurred_at, event.event_id)


def _time_of_refusal(event: Event, now: datetime) -> tuple[str, datetime]:
    """Return the time that a refusal states, as keys have it, and the moment from which it counts.

    The first is empty where both are the same.
    """
    given = event.data.get("occurred_at")
    if given is None:
        given = event.occurred_at
    moment = moment_of_refusal(given, now)
    try:
        stated = moment_in(given)
    except NoMoment:
        return _UNSTATED, moment
    return ("" if stated == moment else stated_time(stated)), moment


def _permission(event: Event, now: datetime) -> Change:
    try:
        permission = ConsentChanged.model_validate(dict(event.data))
    except ValidationError as error:
        raise _first_complaint(error.errors(include_url=False, include_input=False)[0]) from None
    register, value = _PERMITTING[permission.change]
    stated = permission.occurred_at
    # What is refused as early keeps the time that it is refused for.
    moment = stated if stated > now + CLOCK_TOLERANCE else min(stated, now)
    change = Change(
        permission.contact_id,
        register,
        value,
        permission.source,
        moment,
        event.event_id,
        "" if stated == moment else stated_time(stated),
    )
    return _granted(change, permission) if value is Value.GRANTED else change


def _granted(change: Change, permission: ConsentChanged) -> Change:
    terms = Terms(
        GrantKind(permission.kind or GrantKind.BARE),
        permission.seller or "",
        permission.number or "",
        permission.evidence or "",
    )
    scope = permission.scope or ""
    return replace(change, expires_at=permission.expires_at, scope=scope, terms=terms)


def _first_complaint(problem: Any) -> InvalidChange:
    """Return the field and what is wrong with it, never its value."""
    place = ".".join(map(str, problem["loc"]))
    field = _FIELDS.get(place, place)
    if field == "campaign_id":
        return InvalidChange(field, "consent for one campaign alone cannot be recorded: leave it out")
    return InvalidChange(field, complaint(problem))
