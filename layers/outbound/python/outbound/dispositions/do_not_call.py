"""Dispositions that put their contact on the do-not-call list."""

from __future__ import annotations

from datetime import datetime

from outbound.dispositions.facts import Facts
from outbound.dispositions.requests import Rejected, moment_of, must_not_be_called
from outbound.dispositions.settings import DispositionSettings
from outbound.events import Event
from outbound.store.dispositions import DispositionLedger
from outbound.store.outbox import Outbox


class DoNotCall:
    """Says of contacts that they must not be called."""

    def __init__(self, ledger: DispositionLedger, outbox: Outbox, facts: Facts) -> None:
        """Write it down in this ledger before it is said."""
        self._ledger = ledger
        self._outbox = outbox
        self._facts = facts

    def note(self, event: Event, settings: DispositionSettings, now: datetime) -> None:
        """Say at once that a contact must not be called: whether CXone takes the disposition comes after.

        However wrong the rest of the request is; without effect for one that says nothing of the kind.
        """
        contact_id = must_not_be_called(event, settings)
        if not contact_id:
            return
        try:
            occurred_at = min(moment_of(event), now)
        except Rejected:
            occurred_at = now
        fact = self._facts.do_not_call(event, contact_id, occurred_at)
        item = self._ledger.take_note(event.correlation_id, event.event_id, [fact], now)
        self._outbox.publish(self._ledger.request_key(event.correlation_id, event.event_id), item)
