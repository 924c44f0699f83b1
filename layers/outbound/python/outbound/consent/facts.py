"""The facts that changes of consent were recorded: of their contacts and, of refusals, of survivors."""

from __future__ import annotations

from dataclasses import dataclass, replace

from outbound.clock import Clock, format_time
from outbound.contact_ids import ledger_id
from outbound.events import Event, new_event
from outbound.events.facts.base import UNSET
from outbound.events.facts.consent import ConsentRecorded
from outbound.store.consent_state import Change, Value, passes_on
from outbound.store.consents import ConsentLedger, OwnState

# A survivor may be merged into another in turn: so many have facts of what a merged contact refuses.
_MOST_SURVIVORS = 4


@dataclass(frozen=True, slots=True)
class Origin:
    """What asked for changes: an event, or a file."""

    tenant: str
    request_id: str
    correlation_id: str


class ConsentFacts:
    """Makes the facts of changes."""

    def __init__(self, ledger: ConsentLedger, clock: Clock) -> None:
        """Look survivors of merges up in this ledger."""
        self._ledger = ledger
        self._clock = clock

    def of_change(self, change: Change, known: OwnState, origin: Origin) -> list[Event]:
        """Return the facts of a change, none where it takes no effect; of a refusal its survivors' too."""
        if not known.takes_effect(change):
            return []
        facts = [self.of_contact(change, known.previous(change), origin)]
        survivor = known.merged_into if passes_on(change.register, change.value) else ""
        for _ in range(_MOST_SURVIVORS):
            if not survivor:
                break
            facts.append(self.of_contact(replace(change, contact_id=survivor), None, origin))
            survivor = self._ledger.own_state(survivor).merged_into
        return facts

    def of_contact(self, change: Change, previous: str | None, origin: Origin) -> Event:
        """Return the fact of one contact, of which `previous` was said before."""
        granted = change.value is Value.GRANTED
        fact = ConsentRecorded(
            contact_id=change.contact_id,
            register=change.register.value,
            value=change.value.value,
            previous=previous,
            source=change.source,
            occurred_at=format_time(change.occurred_at),
            request_id=origin.request_id,
            scope=change.category or UNSET,
            kind=change.terms.kind.value if granted else UNSET,
            seller=change.terms.seller or UNSET,
        )
        effect = (ledger_id(change.contact_id), change.register.value, change.rank)
        return new_event(fact, origin.tenant, self._clock.now(), effect, origin.correlation_id)
