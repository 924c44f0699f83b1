"""Dispositions that put their contact on the do-not-call list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from outbound.contact_ids import read_contact_id
from outbound.dispositions.facts import Facts
from outbound.dispositions.ledger import DispositionLedger
from outbound.do_not_call import means_do_not_call
from outbound.events import Event
from outbound.moments import moment_of_refusal
from outbound.store.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Refusal:
    """A contact who must not be called, and when that was decided, as the sender wrote it, if at all."""

    contact_id: str
    decided_at: Any = None


def refusal_in(data: Mapping[str, Any], codes: Iterable[str]) -> Refusal | None:
    """Return whom a request puts on the do-not-call list, however wrong the rest of it is, or None."""
    if not means_do_not_call(data.get("outcome_code"), codes):
        return None
    contact_id = read_contact_id(data.get("contact_id"))
    return Refusal(contact_id, data.get("occurred_at")) if contact_id else None


class DoNotCall:
    """Says of contacts that they must not be called."""

    def __init__(self, ledger: DispositionLedger, outbox: Outbox, facts: Facts) -> None:
        """Write it down in this ledger before it is said."""
        self._ledger = ledger
        self._outbox = outbox
        self._facts = facts

    def note(self, event: Event, codes: Iterable[str], now: datetime) -> bool:
        """Say at once that a contact must not be called; return True if that is what the request means.

        However wrong the rest of the request is, and whatever CXone says of the disposition. `now` stands in
        for a time that cannot be.
        """
        refusal = refusal_in(event.data, codes)
        if refusal is None:
            return False
        if "occurred_at" not in event.data:
            refusal = replace(refusal, decided_at=event.occurred_at)
        self.say(event.correlation_id, event.event_id, refusal, now, now)
        return True

    def say(
        self,
        correlation_id: str,
        request_id: str,
        refusal: Refusal,
        received_at: datetime,
        now: datetime,
        beside: str = "",
    ) -> None:
        """Write a refusal down with its request and publish it, once for each contact that it names.

        `beside` sets what is no request's own apart from the requests of its correlation id.
        """
        occurred_at = moment_of_refusal(refusal.decided_at, received_at)
        fact = self._facts.do_not_call(correlation_id, request_id, refusal.contact_id, occurred_at)
        item = self._ledger.take_note(correlation_id + beside, request_id, refusal.contact_id, [fact], now)
        self._outbox.publish(self._ledger.request_key(correlation_id + beside, request_id), item)
