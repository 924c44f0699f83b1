"""What contacts had agreed to when they were called, by all that is recorded now.

A change counts from when it happened, whenever it was recorded: a person who had said no before a call began
should not have been called, whatever of it was known. What was recorded after the call is marked as such.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from outbound.calling.consent_view import view_of
from outbound.clock import format_time
from outbound.contact_ids import ledger_id
from outbound.store.consents import (
    Consent,
    Consents,
    Register,
    RegisterState,
    Value,
    consent_after,
    passes_on,
)

# A survivor of merges may itself be merged; the ledger follows no longer chains either.
_MOST_MERGES = 5


@dataclass(frozen=True, slots=True)
class ConsentBasis:
    """A statement of the ledger that a judgement rests on; `recorded_at` is empty where it is not known."""

    register: str
    value: str
    occurred_at: str
    recorded_at: str
    rank: str


class ConsentThen:
    """Reads what contacts had agreed to at moments that have passed."""

    def __init__(self, consents: Consents) -> None:
        """Read from this ledger."""
        self._consents = consents

    def now(self, contact_ids: Collection[str]) -> Mapping[str, Consent]:
        """Return what contacts agree to now: of most, that is what they had agreed to then."""
        return self._consents.get_many(contact_ids)

    def at(self, consent: Consent, moment: datetime) -> Consent:
        """Return what a contact had agreed to at a moment, from what it agrees to now.

        Only where something changed after it, the contact's history is read.
        """
        states = consent.registers.values()
        if all(state.occurred_at <= moment and state.value is not Value.EXPIRED for state in states):
            return consent
        return self._as_of(consent.contact_id, moment, frozenset())

    def refused_unrecorded(self, contact_id: str, moment: datetime) -> bool:
        """Return True if a refusal that held at a moment was not recorded by then."""
        known = view_of(self._consents.as_known_at(contact_id, moment))
        return not (known.do_not_call or known.revoked)

    def basis(self, consent: Consent) -> Iterator[ConsentBasis]:
        """Return what of a contact's consent counts for a judgement, with when it was recorded."""
        recorded = {
            each.change.rank: format_time(each.recorded_at)
            for each in self._consents.history(consent.contact_id)
        }
        for register, state in consent.registers.items():
            if register is Register.CALL or state.value.forbids:
                yield ConsentBasis(
                    register.value,
                    state.value.value,
                    format_time(state.occurred_at),
                    recorded.get(state.rank, ""),
                    state.rank,
                )

    def _as_of(self, contact_id: str, moment: datetime, seen: frozenset[str]) -> Consent:
        changes = (
            each.change
            for each in self._consents.history(contact_id)
            if not each.refused and each.change.occurred_at <= moment
        )
        consent = consent_after(contact_id, changes, moment)
        seen |= {ledger_id(contact_id)}
        for merge, _ in self._consents.merged_into(contact_id) if len(seen) <= _MOST_MERGES else ():
            if merge.occurred_at <= moment and ledger_id(merge.contact_id) not in seen:
                consent = _surviving(consent, self._as_of(merge.contact_id, moment, seen))
        return consent


def _surviving(consent: Consent, merged: Consent) -> Consent:
    """Return the consent of a survivor with what the contact that was merged into it refuses."""
    registers: dict[Register, RegisterState] = dict(consent.registers)
    for register, state in merged.registers.items():
        known = registers.get(register)
        if passes_on(register, state.value) and (known is None or known.rank < state.rank):
            registers[register] = state
    return Consent(consent.contact_id, registers)
