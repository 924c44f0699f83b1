"""Rows that are rejected before they become requests."""

from __future__ import annotations

from datetime import datetime

from outbound.clock import Clock
from outbound.dispositions.do_not_call import DoNotCall
from outbound.dispositions.facts import Facts
from outbound.dispositions.ledger import DispositionLedger
from outbound.dispositions.metrics import count
from outbound.dispositions.requests import Rejected, moment_of, named
from outbound.dispositions.settings import DispositionSettings
from outbound.events import Event


class RowRejecter:
    """Rejects rows into the ledger."""

    def __init__(self, ledger: DispositionLedger, do_not_call: DoNotCall, facts: Facts, clock: Clock) -> None:
        """Use this ledger."""
        self._ledger = ledger
        self._do_not_call = do_not_call
        self._facts = facts
        self._clock = clock

    def reopen(self, file_id: str, request_id: str) -> None:
        """Let a row be tried again that was rejected before."""
        self._ledger.reopen(file_id, request_id)

    def reject(self, event: Event, why: Rejected, settings: DispositionSettings) -> None:
        """End a row; what it says about not calling somebody counts all the same."""
        now = self._clock.now()
        self._do_not_call.note(event, settings.do_not_call_codes, now)
        asked = named(event, _moment(event, now))
        ending = self._facts.rejected(asked, why, now)
        # The file's own fact speaks for all its broken rows.
        if self._ledger.end_unsaid(asked, ending.status, ending.about, now).done:
            count(ending, None)


def _moment(event: Event, now: datetime) -> datetime:
    try:
        return moment_of(event)
    except Rejected:
        return now
