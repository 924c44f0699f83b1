"""From a delivery to events on the bus: what it holds, read by its provider's mapping and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from outbound.clock import format_time
from outbound.events import Event, EventType, new_event
from outbound.ingress.contracts import REPORTS, Invalid, validated
from outbound.ingress.delivery import Delivery
from outbound.ingress.mapping import BadMapping, Found, MappingRules
from outbound.ingress.providers import CXONE, Provider
from outbound.moments import NoMoment, moment_in

# The bus takes 256 KB; this leaves room for what it counts beside the event.
_MAX_EVENT_BYTES = 255 * 1024
# Read in a second or two; no body of the size that is taken holds as many that say anything.
_MOST_EVENTS = 10_000
# The newest change wins, so one from the far future would win for ever. Clocks differ by less.
_AHEAD = timedelta(minutes=5)
_LONGEST_ID = 512


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event that is understood and invalid: its place in the delivery, and each wrong field."""

    place: int
    event_type: str
    fields: Mapping[str, str]


@dataclass(slots=True)
class Contents:
    """What a delivery holds."""

    events: list[Event] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    unmapped: list[int] = field(default_factory=list)
    unmapped_because: str = ""
    own: int = 0


class Reader:
    """Reads the deliveries of one provider."""

    def __init__(self, provider: Provider, tenant: str) -> None:
        """Read by this provider's mapping. Raises BadMapping where it has none that can be used."""
        self._rules = MappingRules(provider)
        self._provider = provider
        self._tenant = tenant

    def read(self, delivery: Delivery) -> Contents:
        """Give everything that a delivery holds; the same delivery and mapping give the same events."""
        payload = self._rules.events_of(json.loads(delivery.body))
        if len(payload) > _MOST_EVENTS:
            return Contents(unmapped=[0], unmapped_because=f"it holds more than {_MOST_EVENTS} events")
        read = self._rules.read(payload)
        contents = Contents(unmapped=read.unmapped, own=read.own)
        if read.unmapped:
            contents.unmapped_because = "no rule of the provider's mapping fits"
        placed: list[tuple[int, Event]] = []
        for found in read.found:
            try:
                placed.append((found.place, self._event(found, delivery)))
            except Invalid as invalid:
                contents.rejections.append(Rejection(found.place, found.event_type.value, invalid.fields))
        contents.events = _first_of_each(placed, contents)
        return contents

    def _event(self, found: Found, delivery: Delivery) -> Event:
        self._check_allowed(found.event_type)
        moment = _moment(found, delivery.received_at)
        data = validated(found.event_type, _with_its_time(found, moment))
        own_id = _own_id(found)
        event = new_event(
            found.event_type,
            self._tenant,
            moment or delivery.received_at,
            [self._provider.name, own_id] if own_id else [delivery.delivery_id, str(found.place)],
            data,
            delivery.delivery_id,
        )
        _check_size(event)
        return event

    def _check_allowed(self, event_type: EventType) -> None:
        if event_type in REPORTS:
            allowed = self._provider.name == CXONE
        else:
            allowed = event_type.value in self._provider.request_types
        if not allowed:
            raise Invalid({"type": "the provider's request_types do not allow it"})


def read(delivery: Delivery, provider: Provider | None, tenant: str) -> Contents:
    """Give what a delivery holds; all of it is unmapped where nobody can read it."""
    if provider is None:
        return Contents(unmapped=[0], unmapped_because="the provider is no longer configured")
    try:
        return Reader(provider, tenant).read(delivery)
    except BadMapping as bad:
        return Contents(unmapped=[0], unmapped_because=f"the provider's mapping cannot be used: {bad}")


def _moment(found: Found, received_at: datetime) -> datetime | None:
    """The time that the sender gives, None where it gives none."""
    if found.occurred_at is None:
        return None
    try:
        moment = moment_in(found.occurred_at)
    except NoMoment as wrong:
        raise Invalid({"occurred_at": str(wrong)}) from None
    if moment > received_at + _AHEAD:
        raise Invalid({"occurred_at": "lies in the future"})
    return moment


def _with_its_time(found: Found, moment: datetime | None) -> Any:
    """Consent is ordered by its time, so the time belongs to what it says."""
    if (
        found.event_type is not EventType.CONSENT_CHANGED
        or moment is None
        or not isinstance(found.data, dict)
    ):
        return found.data
    data = {name: value for name, value in found.data.items() if name not in ("occurredAt", "occurred_at")}
    return data | {"occurred_at": format_time(moment)}


def _own_id(found: Found) -> str:
    """The provider's own id of an event, empty where it has none; it is part of what was signed."""
    if found.own_id is None or found.own_id == "":
        return ""
    if isinstance(found.own_id, bool) or not isinstance(found.own_id, str | int):
        raise Invalid({"id": "must be a text or a whole number"})
    own_id = str(found.own_id)
    if len(own_id) > _LONGEST_ID or not own_id.isprintable():
        raise Invalid({"id": f"must have {_LONGEST_ID} printable characters at most"})
    return own_id


def _check_size(event: Event) -> None:
    try:
        json.dumps(event.data, allow_nan=False)
    except ValueError:
        # JSON can spell numbers (1e999) that no number of ours is; the bus would refuse what becomes of them.
        raise Invalid({"data": "has a number that is too large"}) from None
    try:
        size = len(event.to_json().encode())
    except UnicodeEncodeError:
        raise Invalid({"data": "has characters that no text has (half of a surrogate pair)"}) from None
    if size > _MAX_EVENT_BYTES:
        raise Invalid({"data": f"is larger than the bus takes ({_MAX_EVENT_BYTES} bytes)"})


def _first_of_each(placed: Sequence[tuple[int, Event]], contents: Contents) -> list[Event]:
    """Of events with the same id the first stands; another one that says something else is invalid."""
    first: dict[str, Event] = {}
    for place, event in placed:
        if first.setdefault(event.event_id, event) != event:
            wrong = {"id": "another event of this delivery has the same one and says something else"}
            contents.rejections.append(Rejection(place, event.event_type, wrong))
    return list(first.values())
