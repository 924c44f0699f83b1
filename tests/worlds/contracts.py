"""Events that tests see are as the catalogue says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from outbound.events import EventType
from outbound.events.catalogue import CATALOGUE

_TYPES = {event_type.value for event_type in EventType}


def check_data(event: Mapping[str, Any]) -> None:
    """Check the data of an event against the schema of its type; a test may have types of its own."""
    if event["event_type"] in _TYPES:
        _validator(EventType(event["event_type"])).validate(event["data"])


@cache
def _validator(event_type: EventType) -> Draft202012Validator:
    return Draft202012Validator(CATALOGUE[event_type].schema())
