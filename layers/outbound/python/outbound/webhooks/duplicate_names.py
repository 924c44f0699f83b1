"""Events that say two things, because a name stands in their JSON twice with different values.

JSON leaves open which of the two counts, and readers differ. An opt-out counts if any of the values says it;
everything else of such an event is rejected, so that what is applied is never the other value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from outbound.webhooks.mapping import MappingResult, RuleMatch


def contradictions(result: MappingResult, others: Iterable[MappingResult]) -> dict[int, str]:
    """Return the places of events that say two things, each with the first field that does.

    Args:
        result: What the mapping's rules found, by the last value of each name.
        others: What they find by the other values.
    """
    matches = _by_place(result)
    fields: dict[int, str] = {}
    for other in others:
        differently = _by_place(other)
        for place, events in matches.items():
            if place not in fields and (field := _difference(events, differently[place])):
                fields[place] = field
    return fields


def _by_place(result: MappingResult) -> defaultdict[int, list[RuleMatch]]:
    places: defaultdict[int, list[RuleMatch]] = defaultdict(list)
    for match in result.matches:
        places[match.place].append(match)
    return places


def _difference(events: Sequence[RuleMatch], others: Sequence[RuleMatch]) -> str:
    """Return the first field in which what rules found differs, empty if it is the same."""
    try:
        differences = (_differing_field(*pair) for pair in zip_longest(events, others))
        return next(filter(None, differences), "")
    except RecursionError:
        # Too deep to be compared is too deep to be published.
        return "data"


def _differing_field(match: RuleMatch | None, other: RuleMatch | None) -> str:
    if match == other:
        return ""
    if match is None or other is None or match.event_type != other.event_type:
        return "type"
    if isinstance(match.data, dict) and isinstance(other.data, dict):
        for name in {**match.data, **other.data}:
            if match.data.get(name) != other.data.get(name):
                return str(name)
    if match.data != other.data:
        return "data"
    return "occurred_at" if match.occurred_at != other.occurred_at else "id"
