"""What contacts had agreed to when they were called, by all that is recorded now.

A change counts from when it happened, whenever it was recorded: a person who had said no before a call began
should not have been called, whatever of it was known. What was recorded after the call is marked as such.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from outbound.calling.consent_view import view_of
from outbound.clock import format_time
from outbound.compliance.contact import Campaign
from outbound.store.consent_state import Consent, Register
from outbound.store.consents import Consents

T = TypeVar("T")

# Contacts whose history is read at the same time, and so few that one after the other is as well.
_AT_ONCE, _FEW = 16, 3

Moment = tuple[str, datetime]
"""A contact, and when it was called."""


@dataclass(frozen=True, slots=True)
class ConsentBasis:
    """A statement of the ledger that a judgement rests on; `recorded_at` is empty where that was not read."""

    register: str
    value: str
    occurred_at: str
    recorded_at: str
    rank: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What a refusal rests on, and whether it was recorded only after the call."""

    basis: tuple[ConsentBasis, ...]
    recorded_after_the_call: bool = False


class ConsentThen:
    """Reads what contacts had agreed to at moments that have passed."""

    def __init__(self, consents: Consents) -> None:
        """Read from this ledger."""
        self._consents = consents

    def at(self, moments: Collection[Moment]) -> Mapping[Moment, Consent]:
        """Return what contacts had agreed to when they were called.

        For most that is what they agree to now, a hundred of them in one read; only where something changed
        after the call a contact's history is read.
        """
        now = self._consents.get_many({contact_id for contact_id, _ in moments})
        found = {each: now[each[0]] for each in moments}
        changed = [each for each, consent in found.items() if consent.changed_since(each[1])]
        return found | dict(zip(changed, _mapped(self._as_of, changed), strict=True))

    def proofs(self, refused: Mapping[Moment, Consent], campaign: Campaign) -> Mapping[Moment, Proof]:
        """Return what the refusals of contacts of a campaign rest on, with when they were recorded."""
        moments = list(refused)

        def prove(moment: Moment) -> Proof:
            return self._proof(refused[moment], moment, campaign)

        return dict(zip(moments, _mapped(prove, moments), strict=True))

    def _proof(self, consent: Consent, moment: Moment, campaign: Campaign) -> Proof:
        recorded = {
            each.change.rank: format_time(each.recorded_at) for each in self._consents.history(moment[0])
        }
        known = view_of(self._consents.as_known_at(*moment), campaign, moment[1])
        was_known = known.do_not_call or known.revoked or known.deleted
        return Proof(tuple(basis_of(consent, campaign, recorded)), not was_known)

    def _as_of(self, moment: Moment) -> Consent:
        return self._consents.as_it_was(*moment)


def basis_of(
    consent: Consent, campaign: Campaign, recorded: Mapping[str, str] | None = None
) -> Iterator[ConsentBasis]:
    """Return the statements that count for a campaign's call: its grants or their revocation, and refusals.

    `recorded` has the times at which changes were recorded, by their ranks.
    """
    category = campaign.purpose.value
    revocation = consent.revocation_for(category)
    calls = consent.grants_for(category) or ([revocation] if revocation else [])
    refusals = (
        (register, state)
        for register, state in consent.registers.items()
        if register is not Register.CALL and state.value.forbids
    )
    for register, state in (*((Register.CALL, each) for each in calls), *refusals):
        yield ConsentBasis(
            register.value,
            state.value.value,
            format_time(state.occurred_at),
            (recorded or {}).get(state.rank, ""),
            state.rank,
        )


def _mapped(read: Callable[[Moment], T], moments: Sequence[Moment]) -> list[T]:
    """Return what each read gives, in order; many are under way at once."""
    if len(moments) <= _FEW:
        return list(map(read, moments))
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(read, moments))
