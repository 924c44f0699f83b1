"""Facts about the ledger of consent."""

from __future__ import annotations

from typing import ClassVar

from outbound.events.facts.base import UNSET, Fact, Unset, fact_class
from outbound.events.types import EventType


@fact_class
class ConsentRecorded(Fact):
    """A register of a contact has a new value."""

    TYPE: ClassVar = EventType.CONSENT_RECORDED

    contact_id: str
    """The contact's id."""

    register: str
    """`call_consent`, `do_not_call` or `record`."""

    value: str
    """What holds now."""

    previous: str | None
    """What held before; null where nothing did."""

    source: str
    """Who said so."""

    occurred_at: str
    """When that was."""

    request_id: str
    """The event that asked for it, or the file and the number of the row."""

    scope: str | Unset = UNSET
    """The one category of calls that it counts for: `telemarketing`, `informational` or `debt_collection`."""

    kind: str | Unset = UNSET
    """How consent was granted: `bare`, `express` or `written`."""

    seller: str | Unset = UNSET
    """The one seller to whom it was granted."""


@fact_class
class ConsentRejected(Fact):
    """A change of consent cannot be recorded."""

    TYPE: ClassVar = EventType.CONSENT_REJECTED

    contact_id: str
    """The contact's id, empty where the request has none in the form of one."""

    request_id: str
    """The event that asked for it."""

    field: str
    """The field that is wrong."""

    reason: str
    """What is wrong with it."""
