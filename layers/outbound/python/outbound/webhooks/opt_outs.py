"""Who must not be called any more: found in a delivery before anything else of it is looked at.

A wish not to be called needs whom and that, nothing else of it. So it is found from what a mapping's rules
gave before the sender's permissions, the contracts, ids, times and sizes are checked; and where no rule gave
whom and what, from the fields of the event as they stand there. It counts whatever becomes of the rest::

    rule fits   -- contact and code readable -->  an opt-out, or none
                -- not readable ------------.
    no rule fits ---------------------------+->  the event's own fields: contact_id or contactId, with
    no mapping  -- every packaged mapping --'    outcome_code or change, in data or beside it, at any depth
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from outbound.clock import format_time
from outbound.contact_ids import ledger_id, read_contact_id
from outbound.do_not_call import forbidding_change, means_do_not_call, named_category, readable_source
from outbound.events import Event, EventType, deterministic_id, do_not_call_of, event_of_type
from outbound.moments import moment_of_refusal
from outbound.webhooks.delivery import Delivery
from outbound.webhooks.mapping import MappingResult, MappingRules, RuleMatch, packaged_rules
from outbound.webhooks.settings import READY_MAPPINGS

# The names under which senders give whom and what, letters alone; the first that can be read counts.
_CONTACT = ("contactid", "externalid", "prospectivecontactid")
_CODE = ("outcomecode", "dispositioncode", "disposition")
_CHANGE = ("change",)
_LONGEST_NAME = 64
_LONGEST_ID = 512
# So many values of a name that stands in an object again and again are looked at.
_MOST_TIMES = 5


@dataclass(frozen=True, slots=True)
class OptOut:
    """A contact who must not be called any more, by a disposition's code or a change of consent."""

    place: int
    contact_id: str
    change: str
    is_disposition: bool
    own_id: Any = field(repr=False, default=None)
    occurred_at: Any = field(repr=False, default=None)
    source: Any = field(repr=False, default=None)
    merged_contact_id: str = ""
    category: str = ""
    """The category of calls that alone is revoked, where one is named."""

    def to_event(self, delivery: Delivery, tenant: str) -> Event:
        """Return the `consent.changed` that the ledger of consent records."""
        moment = moment_of_refusal(self.occurred_at, delivery.received_at)
        effect = effect_of(delivery, self.own_id, self.place)
        if self.is_disposition:
            request_id = deterministic_id(EventType.DISPOSITION_REQUESTED, tenant, *effect)
            return do_not_call_of(request_id, self.contact_id, moment, tenant, delivery.delivery_id)
        data = {
            "contact_id": self.contact_id,
            "change": self.change,
            "source": readable_source(self.source, delivery.provider),
            "occurred_at": format_time(moment),
        }
        if self.merged_contact_id:
            data["merged_contact_id"] = self.merged_contact_id
        about = [ledger_id(self.contact_id), self.change, ledger_id(self.merged_contact_id)]
        if self.category:
            data["scope"] = self.category
            about.append(self.category)
        return event_of_type(
            EventType.CONSENT_CHANGED, tenant, moment, effect + about, data, delivery.delivery_id
        )


def effect_of(delivery: Delivery, own_id: Any, place: int) -> list[str]:
    """Return what the id of an event derives from: the sender's own id of it, else where it stands.

    Args:
        delivery: What the event came in.
        own_id: What stands where the sender writes its id of the event; it may be anything.
        place: The event's place in the delivery, from 0 on.
    """
    text = readable_id(own_id)
    return [delivery.provider, text] if text else [delivery.delivery_id, str(place)]


def readable_id(own_id: Any) -> str:
    """Return a sender's own id of an event, empty where it gives none that can be used."""
    if isinstance(own_id, bool) or not isinstance(own_id, str | int):
        return ""
    if isinstance(own_id, int):
        return str(own_id) if abs(own_id) < 10**_LONGEST_ID else ""
    return own_id if len(own_id) <= _LONGEST_ID and own_id.isprintable() else ""


def payloads_of(body: bytes) -> list[Any]:
    """Return what a body holds: once, and where names stand in it twice once more for each value of them.

    The first is how JSON is read everywhere, by the last value of a name. Raises ValueError or RecursionError
    where the body is not JSON.
    """
    seen = 1

    def last(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal seen
        values = dict(pairs)
        if len(values) < len(pairs):
            seen = max(seen, *Counter(name for name, _ in pairs).values())
        return values

    payload = json.loads(body, object_pairs_hook=last)
    turns = range(min(seen, _MOST_TIMES) - 1)
    return [payload, *(json.loads(body, object_pairs_hook=partial(_of_turn, turn)) for turn in turns)]


def _of_turn(turn: int, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object by the value that each name has the first, second, ... time, else by its last."""
    times: Counter[str] = Counter()
    values: dict[str, Any] = {}
    for name, value in pairs:
        if times[name] <= turn:
            values[name] = value
        times[name] += 1
    return values


def opt_outs_in(
    rules: MappingRules, payload: Any, codes: Iterable[str], result: MappingResult | None = None
) -> list[OptOut]:
    """Return who must not be called by what a mapping's rules find, and by fields where they find nothing.

    Args:
        rules: The mapping.
        payload: A delivery's whole payload.
        codes: The codes of dispositions that mean do-not-call.
        result: What the rules find in the payload's events, where that is known.
    """
    events = rules.events_of(payload)
    opt_outs = _opt_outs_of(result, events, codes) if result else _opt_outs_of_objects(rules, events, codes)
    if beside := rules.around(payload):
        opt_outs += _opt_outs_of(rules.read(beside), beside, codes)
    return opt_outs


def _opt_outs_of_objects(rules: MappingRules, events: Sequence[Any], codes: Iterable[str]) -> list[OptOut]:
    """Look at the objects among events: numbers and texts say nothing, however many there are."""
    places = [place for place, event in enumerate(events) if event and isinstance(event, Mapping | list)]
    objects = [events[place] for place in places]
    opt_outs = _opt_outs_of(rules.read(objects), objects, codes)
    return [replace(opt_out, place=places[opt_out.place]) for opt_out in opt_outs]


def _opt_outs_of(result: MappingResult, events: Sequence[Any], codes: Iterable[str]) -> list[OptOut]:
    matches = [*result.matches, *result.own_matches]
    unread = {*result.unmapped, *result.own_unmapped, *(each.place for each in matches if _is_unread(each))}
    return [
        *(opt_out for each in matches for opt_out in opt_outs_of(each, codes)),
        *(opt_out for place in sorted(unread) for opt_out in _in_fields(place, events[place], codes)),
    ]


def opt_outs_anywhere(payload: Any, codes: Iterable[str]) -> list[OptOut]:
    """Return who must not be called by a payload without a mapping: by any packaged one, or by fields."""
    opt_outs: list[OptOut] = []
    for name in READY_MAPPINGS:
        opt_outs += opt_outs_in(packaged_rules(name), payload, codes)
    opt_outs += _in_fields(0, payload, codes)
    said = {
        (each.contact_id, each.change, each.merged_contact_id, each.category): each
        for each in reversed(opt_outs)
    }
    return list(said.values())[::-1]


def opt_outs_of(match: RuleMatch, codes: Iterable[str]) -> list[OptOut]:
    """Return who must not be called by a match: no contact, one, or the survivor of so many merges."""
    data = _Named(match.data)
    if match.event_type is EventType.DISPOSITION_REQUESTED:
        moment = data.get("occurredat", match.occurred_at)
        return list(data.dispositions(match.place, codes, match.own_id, moment))
    if match.event_type is EventType.CONSENT_CHANGED:
        moment = data.get("occurredat") if match.occurred_at is None else match.occurred_at
        return list(data.changes(match.place, match.own_id, moment))
    return []


def _is_unread(match: RuleMatch) -> bool:
    """Return True unless a rule for dispositions or for consent found a contact, and something said of it."""
    data = _Named(match.data)
    said = {EventType.DISPOSITION_REQUESTED: _CODE, EventType.CONSENT_CHANGED: _CHANGE}.get(match.event_type)
    return said is None or not data.contact_id() or not isinstance(data.first(said), str)


def _in_fields(place: int, event: Any, codes: Iterable[str]) -> Iterator[OptOut]:
    """Look at the fields of an event and of all that is in it, each object beside the one around it."""
    left: list[tuple[Any, _Named]] = [(event, _Named(None))]
    while left:
        value, around = left.pop()
        if isinstance(value, list):
            left += [(each, around) for each in value]
        elif isinstance(value, Mapping):
            named = _Named(value, around)
            # An object that names neither whom nor what adds nothing to the one around it.
            if named.says_anything():
                about = (named.get("id"), named.get("occurredat"))
                yield from named.dispositions(place, codes, *about)
                yield from named.changes(place, *about)
            # What stands beside `data` is about it; what stands around anything else need not be.
            left += [
                (each, named if _letters(name) == "data" else _Named(None))
                for name, each in value.items()
                if isinstance(each, Mapping | list)
            ]


class _Named:
    """The fields of an object by the letters of their names, and behind them those around it."""

    def __init__(self, value: Any, around: _Named | None = None) -> None:
        self._own = _lettered(value)
        self._all = {**(around.fields() if around else {}), **self._own}

    def fields(self) -> Mapping[str, Any]:
        return self._all

    def get(self, name: str, default: Any = None) -> Any:
        value = self._all.get(name)
        return default if value is None else value

    def first(self, names: Iterable[str]) -> Any:
        """Return the first of these fields that is a text with something in it, else any that is there."""
        values = [self._all[name] for name in names if self._all.get(name) is not None]
        return next((value for value in values if isinstance(value, str) and value.strip()), None)

    def contact_id(self) -> str:
        return next(filter(None, (read_contact_id(self._all.get(name)) for name in _CONTACT)), "")

    def says_anything(self) -> bool:
        return not self._own.keys().isdisjoint((*_CONTACT, *_CODE, *_CHANGE))

    def dispositions(self, place: int, codes: Iterable[str], own_id: Any, moment: Any) -> Iterator[OptOut]:
        """Return the do-not-call of a disposition's code."""
        contact_id = self.contact_id()
        if contact_id and means_do_not_call(self.first(_CODE), codes):
            yield OptOut(place, contact_id, "do_not_call", True, own_id, moment)

    def changes(self, place: int, own_id: Any, moment: Any) -> Iterator[OptOut]:
        """Return what a change of consent forbids; of a merge one for each contact whose refusals pass."""
        contact_id, change = self.contact_id(), forbidding_change(self.first(_CHANGE))
        if not contact_id or not change:
            return
        category = named_category(self.get("scope")) if change == "revoked" else ""
        for merged in self._merged(contact_id) if change == "merged" else ("",):
            source = self.get("source")
            yield OptOut(place, contact_id, change, False, own_id, moment, source, merged, category)

    def _merged(self, survivor: str) -> list[str]:
        values = self._all.get("mergedcontactid")
        ids = map(read_contact_id, values if isinstance(values, list) else [values])
        return [one for one in dict.fromkeys(ids) if one and ledger_id(one) != ledger_id(survivor)]


def _lettered(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    lettered: dict[str, Any] = {}
    for name, each in value.items():
        letters = _letters(name)
        # contact_id stands before contactId, unless it says nothing.
        if lettered.get(letters) in (None, ""):
            lettered[letters] = each
    return lettered


def _letters(name: str) -> str:
    return "".join(filter(str.isalpha, name[:_LONGEST_NAME])).casefold()
