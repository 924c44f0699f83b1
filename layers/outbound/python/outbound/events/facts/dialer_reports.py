"""Facts out of the reports of the dialer."""

from __future__ import annotations

from typing import ClassVar

from outbound.events.facts.base import Fact, fact_class
from outbound.events.types import EventType


@fact_class
class DialerChangedByOthers(Fact):
    """The tenant's log has a change of the dialer's settings that this stack did not ask for."""

    TYPE: ClassVar = EventType.DIALER_CHANGED_BY_OTHERS

    entry_id: str
    """The entry of the log."""

    changed_at: str
    """When it was done, as the log says."""

    actor: str
    """Who did it, as CXone names them; an e-mail address or a number is masked, and whole in the ledger."""

    action: str
    """What was done, in CXone's word."""

    version: str
    """The version that the settings had by it; empty where the log names none."""

    operation_id: str | None
    """The operation that carried it out."""

    message: str
    """Who did what, in one text."""

    details: str
    """What the log says beside that, as JSON: masked, and cut to a thousand characters."""
