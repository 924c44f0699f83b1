"""What the ledger of consent says of a contact, as the rules of calling ask for it."""

from __future__ import annotations

from outbound.compliance.contact import ConsentView, Grant
from outbound.store.consents import Consent, Register, Value


def view_of(consent: Consent) -> ConsentView:
    """Return what a contact agreed to and refused; a contact that the CRM deleted refuses everything."""
    call = consent.registers.get(Register.CALL)
    granted = call is not None and call.value in (Value.GRANTED, Value.EXPIRED)
    return ConsentView(
        do_not_call=consent.value_of(Register.DO_NOT_CALL) == Value.SET,
        revoked=(call is not None and call.value == Value.REVOKED)
        or consent.value_of(Register.RECORD) == Value.DELETED,
        grant=Grant(granted_at=call.occurred_at) if call and granted else None,
    )
