"""What of the ledger of consent forbids a contact, whatever a list of CXone says of it."""

from __future__ import annotations

from dataclasses import dataclass

from outbound.store.consent_state import Consent, Register, Value

_FORBIDDING = (
    (Register.DO_NOT_CALL, Value.SET, "do_not_call"),
    (Register.RECORD, Value.DELETED, "deleted"),
)


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Why a contact may not be called, and the ledger's rank of the newest change that says so."""

    reason: str
    rank: str


def forbidden_by(consent: Consent, purpose: str) -> Forbidden | None:
    """Return what forbids a contact calls of a purpose; None where nothing does.

    That nothing was granted, or that a grant has expired, is not that: a segment refuses such contacts.
    """
    found = [
        (state.rank, reason)
        for register, value, reason in _FORBIDDING
        if (state := consent.registers.get(register)) and state.value is value
    ]
    revoked = consent.revocation_for(purpose)
    if revoked and not consent.grants_for(purpose):
        found.append((revoked.rank, "consent_revoked"))
    return Forbidden(found[0][1], max(rank for rank, _ in found)) if found else None
