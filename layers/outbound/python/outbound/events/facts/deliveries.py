"""Facts about deliveries to destinations."""

from __future__ import annotations

from typing import ClassVar

from outbound.events.facts.base import Fact, fact_class
from outbound.events.types import EventType


@fact_class
class DestinationDisabled(Fact):
    """A destination answered 410 and is switched off."""

    TYPE: ClassVar = EventType.DESTINATION_DISABLED

    destination: str
    """Its name."""

    event_id: str
    """The event that it was to be told."""

    status: int
    """The status of its answer."""


@fact_class
class DestinationEnabled(Fact):
    """An operator switched a destination on again."""

    TYPE: ClassVar = EventType.DESTINATION_ENABLED

    destination: str
    """Its name."""


@fact_class
class DeliveryDeadLettered(Fact):
    """A delivery was given up: it is in the dead-letter queue."""

    TYPE: ClassVar = EventType.DELIVERY_DEAD

    destination: str
    """Where it was to go."""

    event_id: str
    """The event that was to be told."""

    event_type: str
    """The type of that event."""

    attempts: int
    """How often it was tried."""

    status: int
    """The status of the last answer, 0 where there was none."""

    reason: str
    """Why it was given up."""
