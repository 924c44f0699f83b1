"""Faults on request: which request they hit, and what becomes of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any
from urllib.parse import parse_qs

from sandbox.wire.asgi import Scope

#: Replies in the application's place; the work is not done.
_REPLY = {"status", "headers", "json", "text", "body"}
#: Changes to a JSON answer after the work was done.
_CHANGES = {"repeat_page_token", "drop_fields", "set_fields"}
_ACTIONS = _REPLY | _CHANGES | {"delay", "cut", "serve_then"}
#: What an answer may be lost or replaced by after the work was done, or before it.
_CUTS = ("before", "body")


@dataclass(slots=True)
class Match:
    """Which requests a fault looks at: each part that is given must agree."""

    method: str | None = None
    path: re.Pattern[str] | None = None
    query: dict[str, re.Pattern[str]] = field(default_factory=dict)

    def agrees(self, scope: Scope) -> bool:
        """Tell whether the request is one of them. Patterns are searched, not anchored."""
        if self.method is not None and self.method != scope["method"]:
            return False
        if self.path is not None and not self.path.search(scope["path"]):
            return False
        given = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return all(
            any(pattern.search(value) for value in given.get(name, ()))
            for name, pattern in self.query.items()
        )


@dataclass(slots=True)
class Fault:
    """From the `nth` matching request on, `times` requests (None: all) meet the action."""

    match: Match
    action: Mapping[str, Any]
    nth: int = 1
    times: int | None = 1
    matched: int = 0
    hit: int = 0
    page_token: str | None = None

    def due(self) -> bool:
        """Tell whether the request just counted is one that the fault hits."""
        return self.matched >= self.nth and (self.times is None or self.hit < self.times)


class Faults:
    """The faults in force, oldest first; a request meets at most one of them."""

    def __init__(self) -> None:
        """Start without any."""
        self._faults: list[Fault] = []

    def add(self, document: Mapping[str, Any]) -> None:
        """Put a fault in force, or raise ValueError where the document would do nothing."""
        self._faults.append(_read(document))

    def clear(self) -> None:
        """Let every request through again."""
        self._faults.clear()

    def meet(self, scope: Scope) -> Fault | None:
        """Count the request for every fault that matches it and return the one that it meets."""
        chosen = None
        for fault in self._faults:
            if not fault.match.agrees(scope):
                continue
            fault.matched += 1
            if chosen is None and fault.due():
                fault.hit += 1
                chosen = fault
        return chosen

    def counts(self) -> list[dict[str, Any]]:
        """Return each fault's action with how many requests it matched and hit."""
        return [
            {"action": dict(fault.action), "matched": fault.matched, "hit": fault.hit}
            for fault in self._faults
        ]


def _read(document: Mapping[str, Any]) -> Fault:
    _only("fault", document, {"match", "nth", "times", "action"})
    match, action = document.get("match", {}), document.get("action")
    _only("match", match, {"method", "path", "query"})
    if not isinstance(action, Mapping) or not action:
        raise ValueError("a fault needs an action")
    _only("action", action, _ACTIONS)
    _check(action)
    nth, times = document.get("nth", 1), document.get("times", 1)
    if nth < 1 or (times is not None and times < 1):
        raise ValueError("nth and times count from 1")
    return Fault(_match(match), action, nth, times)


def _match(document: Mapping[str, Any]) -> Match:
    try:
        return Match(
            method=document.get("method"),
            path=re.compile(document["path"]) if "path" in document else None,
            query={name: re.compile(one) for name, one in document.get("query", {}).items()},
        )
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None


def _check(action: Mapping[str, Any]) -> None:
    """Refuse an action of which a part would be ignored."""
    groups = [set(action) & _REPLY, set(action) & _CHANGES, set(action) & {"cut", "serve_then"}]
    if sum(map(bool, groups)) > 1:
        raise ValueError("an action replies, changes the answer or cuts: one of these")
    if len(set(action) & {"json", "text", "body"}) > 1:
        raise ValueError("a reply has one body")
    if action.get("cut", "before") not in _CUTS or action.get("serve_then", "cut") != "cut":
        raise ValueError('cut is "before" or "body", serve_then is "cut"')
    status, delay = action.get("status", 200), action.get("delay", 0)
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError("status is a final HTTP status")
    if not isinstance(delay, int | float) or not 0 <= delay < inf:
        raise ValueError("delay is in seconds")


def _only(name: str, document: Mapping[str, Any], keys: set[str]) -> None:
    if unknown := set(document) - keys:
        raise ValueError(f"{name}: no such part {sorted(unknown)}")
