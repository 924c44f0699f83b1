"""From a provider's payload to this project's events, by rules of JMESPath expressions.

A mapping is an object, ready-made (`mappings/*.json`) or a provider's own, whose expressions see one event
of the payload each:

    {"events": "...",                                where the events are; without it the body, or its members
     "id": "...", "occurred_at": "...", "user": "...",
     "rules": [{"when": "...", "type": "consent.changed", "data": "{contact_id: ..., ...}"}, ...]}

Beside JMESPath's own functions they may use:

    contact_id(a, b, ...)   the first value that names a contact, as its id is read everywhere; else null
    is_true(a)              whether a flag is set, however that is spelt: true, "True", "yes", 1
    is_blank(a)             whether nothing is there: null, or a text of blanks
    latest(a, b, ...)       the latest of the times that can be read, in ISO 8601; else null

Every rule that fits makes an event of its type; the type `ignored` makes none and says that this is meant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import jmespath  # type: ignore[import-untyped]
from jmespath import functions
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

from outbound.clock import format_time
from outbound.contact_ids import read_contact_id
from outbound.events import EventType
from outbound.events.requests.by_type import REQUESTS
from outbound.moments import NoMoment, moment_in
from outbound.webhooks.settings import Provider

IGNORED = "ignored"

_FOLDER = Path(__file__).with_name("mappings")
_NAMES = frozenset({"events", "id", "occurred_at", "user", "rules"})
_RULE_NAMES = frozenset({"when", "type", "data"})
_TRUE = frozenset({"true", "yes", "1"})
_anything: dict[str, Any] = {"types": []}


class BadMapping(ValueError):
    """A mapping that cannot be used; says where, and never what a payload holds."""


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """An event to which a rule of a mapping applies: its place in the payload, and what the expressions gave.

    `data` is None where the rule's expression does not fit what is there.
    """

    place: int
    event_type: EventType
    own_id: Any = field(repr=False)
    occurred_at: Any = field(repr=False)
    data: Any = field(repr=False)


@dataclass(slots=True)
class MappingResult:
    """What events came to: the matches of rules, and places that no rule fits.

    Events that the integration's own user caused stand apart, and `own` counts them: only what forbids
    calling counts of them.
    """

    matches: list[RuleMatch] = field(default_factory=list)
    unmapped: list[int] = field(default_factory=list)
    own: int = 0
    own_matches: list[RuleMatch] = field(default_factory=list)
    own_unmapped: list[int] = field(default_factory=list)


class MappingRules:
    """A provider's mapping, ready to read payloads."""

    def __init__(
        self, mapping: str | Mapping[str, Any], event_id: str = "", occurred_at: str = "", own_user: str = ""
    ) -> None:
        """Compile a mapping, or the packaged one of this name.

        Args:
            mapping: The name of a packaged one, or an object of JMESPath expressions.
            event_id: An expression that is used in place of the mapping's.
            occurred_at: Likewise.
            own_user: Events that this user caused are our own, coming back.

        Raises:
            BadMapping: Says which expression is not one.
        """
        document = _packaged(mapping) if isinstance(mapping, str) else mapping
        _only(document, _NAMES, "mapping")
        self._own_user = own_user
        self._events = _compiled(document.get("events", "@"), "events")
        self._id = _compiled(event_id or document.get("id", "id"), "id")
        time = occurred_at or document.get("occurred_at", "occurred_at")
        self._occurred_at = _compiled(time, "occurred_at")
        self._user = _compiled(document.get("user", "user"), "user")
        self._rules = [_Rule(rule, f"rules.{number}") for number, rule in enumerate(_rules(document))]

    @classmethod
    def of(cls, provider: Provider) -> MappingRules:
        """Compile a provider's mapping. Raises BadMapping."""
        return cls(provider.mapping, provider.event_id, provider.occurred_at, provider.integration_user)

    def events_of(self, payload: Any) -> list[Any]:
        """Return the events of a payload, each as it stands there."""
        events = _search(self._events, payload)
        return events if isinstance(events, list) else [events]

    def around(self, payload: Any) -> list[Any]:
        """Return what stands beside the events of a payload, where they are one of its members."""
        events = _search(self._events, payload)
        if not isinstance(payload, dict) or not any(each is events for each in payload.values()):
            return []
        return [{name: each for name, each in payload.items() if each is not events}]

    def read(self, events: Sequence[Any]) -> MappingResult:
        """Return what events hold. A rule that does not fit an event finds nothing in it; none raises."""
        result = MappingResult()
        for place, event in enumerate(events):
            fitting = [rule for rule in self._rules if rule.fits(event)]
            matches = [
                self._match(place, rule, rule.event_type, event) for rule in fitting if rule.event_type
            ]
            unmapped = [] if fitting else [place]
            if self._is_own(event):
                result.own += 1
                result.own_matches += matches
                result.own_unmapped += unmapped
            else:
                result.matches += matches
                result.unmapped += unmapped
        return result

    def _is_own(self, event: Any) -> bool:
        return bool(self._own_user) and str(_search(self._user, event)) == self._own_user

    def _match(self, place: int, rule: _Rule, event_type: EventType, event: Any) -> RuleMatch:
        time = _search(self._occurred_at, event)
        return RuleMatch(place, event_type, _search(self._id, event), time, rule.data_of(event))


class _Rule:
    """One rule of a mapping."""

    def __init__(self, rule: Any, place: str) -> None:
        if not isinstance(rule, Mapping):
            raise BadMapping(f"{place}: must be an object")
        _only(rule, _RULE_NAMES, place)
        self.event_type = _event_type(rule.get("type"), place)
        self._when = _compiled(rule.get("when", "`true`"), f"{place}.when")
        self._data = _compiled(rule.get("data", "data"), f"{place}.data")

    def fits(self, event: Any) -> bool:
        return bool(_search(self._when, event))

    def data_of(self, event: Any) -> Any:
        data = _search(self._data, event)
        if not isinstance(data, dict):
            return None
        # A field that the payload does not have is missing, not null.
        return {name: value for name, value in data.items() if value is not None}


@cache
def packaged_rules(name: str) -> MappingRules:
    """Return the packaged mapping of this name, ready to read payloads."""
    return MappingRules(name)


def check_mapping(provider: Provider) -> None:
    """Check that a provider's mapping can be used. Raises BadMapping naming the provider and the place."""
    try:
        MappingRules.of(provider)
    except BadMapping as bad:
        raise BadMapping(f"{provider.name}: mapping: {bad}") from None


@cache
def _packaged(name: str) -> Mapping[str, Any]:
    document: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text())
    return document


def _rules(document: Mapping[str, Any]) -> list[Any]:
    rules = document.get("rules")
    if not isinstance(rules, list) or not rules:
        raise BadMapping("rules: must be a list of at least one rule")
    return rules


def _only(document: Mapping[str, Any], names: frozenset[str], place: str) -> None:
    for name in document:
        if name not in names:
            raise BadMapping(f"{place}.{name}: is not a part of a mapping")


def _event_type(name: Any, place: str) -> EventType | None:
    if name == IGNORED:
        return None
    try:
        return EventType(name)
    except ValueError:
        allowed = ", ".join(sorted(each.value for each in REQUESTS))
        raise BadMapping(f"{place}.type: must be {IGNORED} or one of {allowed}") from None


def _compiled(expression: str, place: str) -> Any:
    try:
        return _parsed(expression)
    except InvalidExpression as invalid:
        raise BadMapping(f"{place}: {invalid}") from None


class InvalidExpression(ValueError):
    """A text that is not a JMESPath expression."""


class _Functions(functions.Functions):  # type: ignore[misc]
    """JMESPath's own functions, and those of mappings."""

    @functions.signature({**_anything, "variadic": True})  # type: ignore[untyped-decorator]
    def _func_contact_id(self, *values: Any) -> str | None:
        return next(filter(None, map(read_contact_id, values)), None)

    @functions.signature(_anything)  # type: ignore[untyped-decorator]
    def _func_is_true(self, value: Any) -> bool:
        return value is True or (isinstance(value, str | int) and str(value).strip().casefold() in _TRUE)

    @functions.signature(_anything)  # type: ignore[untyped-decorator]
    def _func_is_blank(self, value: Any) -> bool:
        return value is None or (isinstance(value, str) and not value.strip())

    @functions.signature({**_anything, "variadic": True})  # type: ignore[untyped-decorator]
    def _func_latest(self, *values: Any) -> str | None:
        moments = []
        for value in values:
            try:
                moments.append(moment_in(value))
            except NoMoment:
                continue
        return format_time(max(moments)) if moments else None


_OPTIONS = jmespath.Options(custom_functions=_Functions())


@lru_cache(maxsize=512)
def _parsed(expression: str) -> Any:
    """Return an expression ready to search. Raises InvalidExpression."""
    try:
        return jmespath.compile(expression)
    except (JMESPathError, TypeError, AttributeError):
        raise InvalidExpression("not a JMESPath expression") from None


def _search(expression: Any, value: Any) -> Any:
    """Return what an expression finds, None where it does not fit: the error would quote the value."""
    try:
        return expression.search(value, options=_OPTIONS)
    except (JMESPathError, TypeError, ValueError, RecursionError, AttributeError):
        return None
