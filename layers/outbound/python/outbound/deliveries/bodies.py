"""Which events a destination wants, and the body that each is delivered as."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import jmespath  # type: ignore[import-untyped]
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

from outbound.events import Event

# Facts about deliveries themselves: sent to the destination that they are about, a failing delivery
# would breed another.
_ABOUT_DELIVERIES = ("destination.", "delivery.")


class BadExpression(ValueError):
    """A body expression that is not JMESPath, or that an event does not fit."""


def is_subscribed(event: Event, destination: str, patterns: Iterable[str]) -> bool:
    """Return True if a destination wants an event: a pattern fits, and it is not about itself."""
    about_itself = about_deliveries(event) and event.data.get("destination") == destination
    return not about_itself and best_match(event.event_type, patterns) is not None


def about_deliveries(event: Event) -> bool:
    """Return True if an event is a fact about deliveries or destinations themselves."""
    return event.event_type.startswith(_ABOUT_DELIVERIES)


def best_match(event_type: str, patterns: Iterable[str]) -> str | None:
    """Return the most specific pattern that fits: the type itself, else the longest beginning with `*`."""
    fitting = [
        pattern
        for pattern in patterns
        if pattern == event_type or (pattern.endswith("*") and event_type.startswith(pattern[:-1]))
    ]
    return max(fitting, key=lambda pattern: (pattern == event_type, len(pattern)), default=None)


def body_of(event: Event, bodies: Mapping[str, str]) -> bytes:
    """Return the compact JSON that an event is delivered as. Raises BadExpression where that fails."""
    pattern = best_match(event.event_type, bodies)
    body: Any = asdict(event)
    if pattern is not None:
        body = _searched(bodies[pattern], body)
    # ASCII: an escaped lone surrogate passes, where UTF-8 would have no bytes for it.
    return json.dumps(body, separators=(",", ":")).encode("ascii")


@lru_cache(maxsize=256)
def compiled(expression: str) -> Any:
    """Compile a JMESPath expression. Raises BadExpression where it is none."""
    try:
        return jmespath.compile(expression)
    except JMESPathError as error:
        raise BadExpression(
            f"{expression!r} is not a JMESPath expression ({type(error).__name__})"
        ) from error


def _searched(expression: str, envelope: Mapping[str, Any]) -> Any:
    try:
        return compiled(expression).search(envelope)
    except JMESPathError as error:
        # The error's own text quotes the event.
        raise BadExpression(f"{expression!r} does not fit the event ({type(error).__name__})") from None
