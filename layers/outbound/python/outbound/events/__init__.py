"""Events on the bus: requests ask for an effect, reports say what CXone told, facts say what was done.

    types      the names of all events
    envelope   what every event carries, and how one is made
    bus        how events are published
    facts/     a dataclass a type, by which facts are made: a module a capability
    requests   a model a type, by which requests and CXone's reports are checked
    catalogue  all of them by their type, for documents and checks

This package itself gives the first three: what receives webhooks loads neither models nor facts.
"""

from outbound.events.bus import SOURCE, Bus, EventTooLarge, PublishFailed
from outbound.events.envelope import Event, deterministic_id, do_not_call_of, event_of_type, new_event
from outbound.events.types import EventType

__all__ = [
    "SOURCE",
    "Bus",
    "Event",
    "EventTooLarge",
    "EventType",
    "PublishFailed",
    "deterministic_id",
    "do_not_call_of",
    "event_of_type",
    "new_event",
]
