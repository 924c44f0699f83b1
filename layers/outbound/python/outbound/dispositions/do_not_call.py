"""Dispositions that put their contact on the do-not-call list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from outbound.contact_ids import read_contact_id
from outbound.dispositions.facts import DispositionFacts
from outbound.dispositions.ledger import DispositionLedger
from outbound.do_not_call import means_do_not_call
from outbound.events import Event
from outbound.moments import moment_of_refusal
from outbound.store.outbox import Outbox


@dataclass(frozen=True, slots=True)
class OptOut:
    """A contact who must not be called, and when that was decided, as the sender wrote it, if at all."""

    contact_id: str
    decided_at: Any = None


def opt_out_in(data: Mapping[str, Any], codes: Iterable[str]) -> OptOut | None:
    """Return whom a request puts on the do-not-call list, however wrong the rest of it is, or None."""
    if not means_do_not_call(data.get("outcome_code"), codes):
        return None
    contact_id = read_contact_id(data.get("contact_id"))
    return OptOut(contact_id, data.get("occurred_at")) if contact_id else None


class DoNotCall:
    """Records which contacts must not be called, and publishes that."""

    def __init__(self, ledger: DispositionLedger, outbox: Outbox, facts: DispositionFacts) -> None:
        """Record opt-outs in this ledger before they are published."""
        self._ledger = ledger
        self._outbox = outbox
        self._facts = facts

    def note(self, event: Event, codes: Iterable[str], now: datetime) -> bool:
        """Record and publish at once the opt-out that a request holds; return True if it holds one.

        However wrong the rest of the request is, and whatever CXone says of the disposition.

        Args:
            event: The request.
            codes: The codes of dispositions that forbid to call.
            now: Stands in for a time that cannot be.
        """
        opt_out = opt_out_in(event.data, codes)
        if opt_out is None:
            return False
        if "occurred_at" not in event.data:
            opt_out = replace(opt_out, decided_at=event.occurred_at)
        self.record(event.correlation_id, event.event_id, opt_out, now, now)
        return True

    def record(
        self,
        correlation_id: str,
        request_id: str,
        opt_out: OptOut,
        received_at: datetime,
        now: datetime,
        beside: str = "",
    ) -> None:
        """Record an opt-out with its request and publish it, once for each contact that it names.

        Args:
            correlation_id: The delivery or file that the request came with.
            request_id: The request.
            opt_out: Who must not be called.
            received_at: Stands in for a time of the opt-out that cannot be.
            now: When it is recorded.
            beside: Sets what is not a request's own apart from the requests of its correlation id.
        """
        occurred_at = moment_of_refusal(opt_out.decided_at, received_at)
        fact = self._facts.do_not_call(correlation_id, request_id, opt_out.contact_id, occurred_at)
        item = self._ledger.record_facts(correlation_id + beside, request_id, opt_out.contact_id, [fact], now)
        self._outbox.publish(self._ledger.request_key(correlation_id + beside, request_id), item)
