"""From a delivery to events on the bus: what it holds, read by its provider's mapping and checked."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from outbound.clock import CLOCK_TOLERANCE, format_time
from outbound.do_not_call import PACKAGED_CODES
from outbound.events import Event, EventType, event_of_type, new_event
from outbound.events.facts.base import Fact
from outbound.events.facts.webhooks import RejectedPart, WebhookRejected, WebhookUnmapped
from outbound.events.requests.base import InvalidData
from outbound.events.requests.by_type import REPORTS, validated
from outbound.events.requests.steering import pause_in
from outbound.moments import NoMoment, moment_in, moment_of_refusal
from outbound.webhooks.delivery import Delivery
from outbound.webhooks.duplicate_names import contradictions
from outbound.webhooks.mapping import BadMapping, MappingResult, MappingRules, RuleMatch
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


# A delivery of thousands of wrong events says the same thousands of times; its copy is kept.
MOST_TOLD = 20

TOO_OLD = "too_old"


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
        payload, *other_payloads = payloads_of(delivery.body)
        events = self._rules.events_of(payload)
        result = self._rules.read(events) if len(events) <= _MOST_EVENTS else None
        found = opt_outs_in(self._rules, payload, self._codes, result)
        found += [each for other in other_payloads for each in opt_outs_in(self._rules, other, self._codes)]
        opt_outs = _each_once(found, delivery, self._tenant)
        if result is None:
            why = f"it holds more than {_MOST_EVENTS} events"
            return Contents(opt_outs, unmapped=[0], unmapped_because=why)
        contents = Contents(opt_outs, unmapped=result.unmapped, own=result.own)
        if result.unmapped:
            contents.unmapped_because = "no rule of the provider's mapping fits"
        others = list(map(self._result_of, other_payloads))
        twice = contradictions(result, others)
        placed = self._placed(result, delivery, contents, twice)
        refused = {each.place for each in contents.rejections}
        placed += self._pauses([result, *others], refused, delivery)
        contents.events = _first_of_each(placed, contents)
        return contents

    def _result_of(self, payload: Any) -> MappingResult:
        return self._rules.read(self._rules.events_of(payload)[:_MOST_EVENTS])

    def _placed(
        self, result: MappingResult, delivery: Delivery, contents: Contents, twice: Mapping[int, str]
    ) -> list[tuple[int, Event]]:
        """Return the events of what rules found, each with its place, and note what is rejected.

        `twice` names by its place the field of an event that says two things.
        """
        placed = []
        for match in result.matches:
            try:
                self._check_allowed(match.event_type)
                if self._is_taken(match):
                    continue
                if field_name := twice.get(match.place):
                    raise InvalidData({field_name: "stands there twice and says two things"})
                placed.append((match.place, self._event(match, delivery)))
            except InvalidData as invalid:
                contents.rejections.append(Rejection(match.place, match.event_type.value, invalid.fields))
        return placed

    def _pauses(
        self, results: Sequence[MappingResult], refused: Collection[int], delivery: Delivery
    ) -> list[tuple[int, Event]]:
        """Return the pauses in what is refused: they count, whatever else is wrong, if the sender may ask."""
        if EventType.TRANSITION_REQUESTED.value not in self._provider.request_types:
            return []
        found: dict[str, tuple[int, Event]] = {}
        for match in (match for result in results for match in result.matches if match.place in refused):
            if pause := self._pause_in(match, delivery):
                found.setdefault(pause.event_id, (match.place, pause))
        return list(found.values())

    def _pause_in(self, match: RuleMatch, delivery: Delivery) -> Event | None:
        if match.event_type is not EventType.TRANSITION_REQUESTED or (data := pause_in(match.data)) is None:
            return None
        moment = moment_of_refusal(match.occurred_at, delivery.received_at)
        return self._event_of(match, moment, data, delivery)

    def _is_taken(self, match: RuleMatch) -> bool:
        """Return True if an event is nothing but an opt-out: a refusal of consent has nothing else to do."""
        return match.event_type is EventType.CONSENT_CHANGED and bool(opt_outs_of(match, self._codes))

    def _event(self, match: RuleMatch, delivery: Delivery) -> Event:
        moment = _moment(match, delivery.received_at)
        _check_id(match)
        try:
            data = validated(match.event_type, _with_its_time(match, moment))
            event = self._event_of(match, moment or delivery.received_at, data, delivery)
            _check_size(event)
        except RecursionError:
            raise InvalidData({"data": "is nested too deeply"}) from None
        return event

    def _event_of(
        self, match: RuleMatch, moment: datetime, data: Mapping[str, Any], delivery: Delivery
    ) -> Event:
        effect = effect_of(delivery, match.own_id, match.place)
        if match.event_type is EventType.TRANSITION_REQUESTED and data["target_state"] == "paused":
            # No other request with the sender's id of it may stand in the place of a pause.
            effect += [data["campaign_id"], data["target_state"]]
        return event_of_type(match.event_type, self._tenant, moment, effect, data, delivery.delivery_id)

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
    """Return what a delivery holds; without a mapping that can be used only who must not be called."""
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
    return Contents(_each_once(found, delivery, tenant), unmapped=[0], unmapped_because=why)


def _each_once(opt_outs: Iterable[OptOut], delivery: Delivery, tenant: str) -> list[Event]:
    events = (opt_out.to_event(delivery, tenant) for opt_out in opt_outs)
    return list({event.event_id: event for event in events}.values())


def _moment(match: RuleMatch, received_at: datetime) -> datetime | None:
    """The time that the sender gives, None where it gives none."""
    if match.occurred_at is None:
        return None
    try:
        moment = moment_in(match.occurred_at)
    except NoMoment as wrong:
        raise InvalidData({"occurred_at": str(wrong)}) from None
    if moment > received_at + CLOCK_TOLERANCE:
        raise InvalidData({"occurred_at": "lies in the future"})
    return moment


def _with_its_time(match: RuleMatch, moment: datetime | None) -> Any:
    """Consent is ordered by its time, so the time belongs to what it says, written in one way."""
    data = match.data
    if match.event_type is not EventType.CONSENT_CHANGED or not isinstance(data, dict):
        return data
    if moment is None:
        moment = _number_as_moment(data.get("occurred_at", data.get("occurredAt")))
    if moment is None:
        return data
    others = {name: value for name, value in data.items() if name not in ("occurredAt", "occurred_at")}
    return others | {"occurred_at": format_time(moment)}


def _number_as_moment(value: Any) -> datetime | None:
    try:
        return None if isinstance(value, str) else moment_in(value)
    except NoMoment:
        return None


def _check_id(match: RuleMatch) -> None:
    """Refuse an own id that cannot be used; where there is none, the place stands for it."""
    if match.own_id not in (None, "") and not readable_id(match.own_id):
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


def facts_about(
    contents: Contents, delivery: Delivery, raw: str, tenant: str, attempt: int = 1
) -> list[Event]:
    """Return the facts about what was not understood and what is invalid, at this attempt to read it.

    They hold nothing that the sender wrote.

    Args:
        contents: What the delivery holds.
        delivery: The delivery.
        raw: The key of its copy in the lake.
        tenant: Whose delivery it is.
        attempt: Which attempt to read the delivery it is, counted from 1.
    """
    facts: list[Fact] = []
    if contents.unmapped:
        facts.append(
            WebhookUnmapped(
                delivery_id=delivery.delivery_id,
                provider=delivery.provider,
                raw=raw,
                count=len(contents.unmapped),
                reason=contents.unmapped_because,
                places=contents.unmapped[:MOST_TOLD],
            )
        )
    if rejections := contents.rejections:
        facts.append(_rejected(delivery, raw, len(rejections), _reason(rejections[0]), rejections))
    return [_fact_event(fact, delivery, tenant, attempt) for fact in facts]


def too_old(delivery: Delivery, raw: str, tenant: str) -> Event:
    """Return the fact that a delivery came so late that the ledger may have forgotten it."""
    return _fact_event(_rejected(delivery, raw, 1, TOO_OLD, ()), delivery, tenant)


def _rejected(
    delivery: Delivery, raw: str, count: int, reason: str, rejections: Sequence[Rejection]
) -> WebhookRejected:
    return WebhookRejected(
        delivery_id=delivery.delivery_id,
        provider=delivery.provider,
        raw=raw,
        count=count,
        reason=reason,
        rejections=[
            RejectedPart(place=each.place, event_type=each.event_type, fields=dict(each.fields))
            for each in rejections[:MOST_TOLD]
        ],
    )


def _reason(first: Rejection) -> str:
    wrong = "; ".join(f"{name}: {complaint}" for name, complaint in first.fields.items())
    return f"{first.event_type}: {wrong}"


def _fact_event(fact: Fact, delivery: Delivery, tenant: str, attempt: int = 1) -> Event:
    # A replay is read by the mapping of its day, so what it could not read is a fact of its own; so is what
    # could not be read when the same delivery came again.
    effect = [delivery.delivery_id, delivery.replay, *([str(attempt)] if attempt > 1 else [])]
    return new_event(fact, tenant, delivery.received_at, effect, delivery.delivery_id)
