"""From a delivery to events on the bus: what it holds, read by its provider's mapping and checked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from outbound.clock import CLOCK_TOLERANCE, format_time
from outbound.do_not_call import PACKAGED_CODES
from outbound.events import Event, EventType, event_of_type
from outbound.events.requests import REPORTS, InvalidData, validated
from outbound.moments import NoMoment, moment_in
from outbound.webhooks.delivery import Delivery
from outbound.webhooks.duplicate_names import contradictions
from outbound.webhooks.mapping import BadMapping, Found, MappingRules, Read
from outbound.webhooks.opt_outs import (
    OptOut,
    effect_of,
    opt_outs_anywhere,
    opt_outs_in,
    opt_outs_of,
    payloads_of,
    readable_id,
)
from outbound.webhooks.settings import CXONE, Provider

# The bus takes 256 KB; this leaves room for what it counts beside the event.
_MAX_EVENT_BYTES = 255 * 1024
# Read in a second or two; no body of the size that is taken holds as many that say anything.
_MOST_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event that is understood and invalid: its place in the delivery, and each wrong field."""

    place: int
    event_type: str
    fields: Mapping[str, str]


@dataclass(slots=True)
class Contents:
    """What a delivery holds.

    `opt_outs` says who must not be called, and counts whatever becomes of the rest; what says it may be
    rejected or unmapped beside that.
    """

    opt_outs: list[Event] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    unmapped: list[int] = field(default_factory=list)
    unmapped_because: str = ""
    own: int = 0


class Reader:
    """Reads the deliveries of one provider."""

    def __init__(self, provider: Provider, tenant: str, codes: Iterable[str] = PACKAGED_CODES) -> None:
        """Read by this provider's mapping, and take these codes of dispositions for a do-not-call.

        Raises BadMapping where it has no mapping that can be used.
        """
        self._rules = MappingRules.of(provider)
        self._provider = provider
        self._tenant = tenant
        self._codes = frozenset(codes)

    def read(self, delivery: Delivery) -> Contents:
        """Return everything that a delivery holds; the same delivery and mapping give the same events."""
        payload, *others = payloads_of(delivery.body)
        events = self._rules.events_of(payload)
        read = self._rules.read(events) if len(events) <= _MOST_EVENTS else None
        found = opt_outs_in(self._rules, payload, self._codes, read)
        found += [each for other in others for each in opt_outs_in(self._rules, other, self._codes)]
        opt_outs = _told_once(found, delivery, self._tenant)
        if read is None:
            why = f"it holds more than {_MOST_EVENTS} events"
            return Contents(opt_outs, unmapped=[0], unmapped_because=why)
        contents = Contents(opt_outs, unmapped=read.unmapped, own=read.own)
        if read.unmapped:
            contents.unmapped_because = "no rule of the provider's mapping fits"
        twice = contradictions(read, map(self._read, others))
        contents.events = _first_of_each(self._placed(read, delivery, contents, twice), contents)
        return contents

    def _read(self, payload: Any) -> Read:
        return self._rules.read(self._rules.events_of(payload)[:_MOST_EVENTS])

    def _placed(
        self, read: Read, delivery: Delivery, contents: Contents, twice: Mapping[int, str]
    ) -> list[tuple[int, Event]]:
        """Return the events of what rules found, each with its place, and note what is rejected.

        `twice` names by its place the field of an event that says two things.
        """
        placed = []
        for found in read.found:
            try:
                self._check_allowed(found.event_type)
                if self._is_taken(found):
                    continue
                if field_name := twice.get(found.place):
                    raise InvalidData({field_name: "stands there twice and says two things"})
                placed.append((found.place, self._event(found, delivery)))
            except InvalidData as invalid:
                contents.rejections.append(Rejection(found.place, found.event_type.value, invalid.fields))
        return placed

    def _is_taken(self, found: Found) -> bool:
        """Return True if an event is nothing but an opt-out: a refusal of consent has nothing else to do."""
        return found.event_type is EventType.CONSENT_CHANGED and bool(opt_outs_of(found, self._codes))

    def _event(self, found: Found, delivery: Delivery) -> Event:
        moment = _moment(found, delivery.received_at)
        _check_id(found)
        try:
            data = validated(found.event_type, _with_its_time(found, moment))
            event = event_of_type(
                found.event_type,
                self._tenant,
                moment or delivery.received_at,
                effect_of(delivery, found.own_id, found.place),
                data,
                delivery.delivery_id,
            )
            _check_size(event)
        except RecursionError:
            raise InvalidData({"data": "is nested too deeply"}) from None
        return event

    def _check_allowed(self, event_type: EventType) -> None:
        if event_type in REPORTS:
            allowed = self._provider.name == CXONE
        else:
            allowed = event_type.value in self._provider.request_types
        if not allowed:
            raise InvalidData({"type": "the provider's request_types do not allow it"})


def read(
    delivery: Delivery, provider: Provider | None, tenant: str, codes: Iterable[str] = PACKAGED_CODES
) -> Contents:
    """Return what a delivery holds; where nobody can read it that is who must not be called, and no more."""
    if provider is None:
        return unread(delivery, tenant, codes, "the provider is no longer configured")
    try:
        reader = Reader(provider, tenant, codes)
    except BadMapping as bad:
        return unread(delivery, tenant, codes, f"the provider's mapping cannot be used: {bad}")
    return reader.read(delivery)


def unread(delivery: Delivery, tenant: str, codes: Iterable[str], why: str) -> Contents:
    """Return who must not be called by a delivery without a mapping, and why there is no more of it."""
    known = frozenset(codes)
    found = [each for one in payloads_of(delivery.body) for each in opt_outs_anywhere(one, known)]
    return Contents(_told_once(found, delivery, tenant), unmapped=[0], unmapped_because=why)


def _told_once(opt_outs: Iterable[OptOut], delivery: Delivery, tenant: str) -> list[Event]:
    events = (opt_out.to_event(delivery, tenant) for opt_out in opt_outs)
    return list({event.event_id: event for event in events}.values())


def _moment(found: Found, received_at: datetime) -> datetime | None:
    """The time that the sender gives, None where it gives none."""
    if found.occurred_at is None:
        return None
    try:
        moment = moment_in(found.occurred_at)
    except NoMoment as wrong:
        raise InvalidData({"occurred_at": str(wrong)}) from None
    if moment > received_at + CLOCK_TOLERANCE:
        raise InvalidData({"occurred_at": "lies in the future"})
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


def _check_id(found: Found) -> None:
    """Refuse an own id that cannot be used; where there is none, the place stands for it."""
    if found.own_id not in (None, "") and not readable_id(found.own_id):
        raise InvalidData({"id": "must be a whole number, or a text of 512 printable characters at most"})


def _check_size(event: Event) -> None:
    try:
        json.dumps(event.data, allow_nan=False)
    except ValueError:
        # JSON can spell numbers (1e999) that no number of ours is; the bus would refuse what becomes of them.
        raise InvalidData({"data": "has a number that is too large"}) from None
    try:
        size = len(event.to_json().encode())
    except UnicodeEncodeError:
        raise InvalidData({"data": "has characters that no text has (half of a surrogate pair)"}) from None
    if size > _MAX_EVENT_BYTES:
        raise InvalidData({"data": f"is larger than the bus takes ({_MAX_EVENT_BYTES} bytes)"})


def _first_of_each(placed: Sequence[tuple[int, Event]], contents: Contents) -> list[Event]:
    """Of events with the same id the first stands; another one that says something else is invalid."""
    first: dict[str, Event] = {}
    for place, event in placed:
        if first.setdefault(event.event_id, event) != event:
            wrong = {"id": "another event of this delivery has the same one and says something else"}
            contents.rejections.append(Rejection(place, event.event_type, wrong))
    return list(first.values())
