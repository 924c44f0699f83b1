"""What the ledger of consent says of a contact, as the rules of calling ask for it."""

from __future__ import annotations

from datetime import datetime

from outbound.compliance.contact import Campaign, ConsentView, Grant, Kind
from outbound.store.consent_state import Consent, Register, RegisterState, Value

_KINDS = list(Kind)


def view_of(consent: Consent, campaign: Campaign | None = None, at: datetime | None = None) -> ConsentView:
    """Return what a contact agreed to and refused, as far as it concerns a campaign's calls.

    Of several grants that stand the one that serves the call best; the rules say what it lacks. What a
    do-not-call and the removal of the contact say counts for every campaign.

    Args:
        consent: What the ledger says.
        campaign: Who calls, and what for; telemarketing of no seller by name unless given.
        at: When the call is, or was; unless given, a grant counts as the ledger says it now.
    """
    calls = campaign or Campaign()
    purpose = calls.purpose.value
    grants = consent.grants_for(purpose)
    best = grants[0] if grants else None
    if len(grants) > 1:
        best = max(grants, key=lambda grant: _serving(grant, calls, at))
    return ConsentView(
        do_not_call=consent.value_of(Register.DO_NOT_CALL) == Value.SET,
        revoked=not grants and consent.revocation_for(purpose) is not None,
        grant=_grant(best) if best else None,
        deleted=consent.value_of(Register.RECORD) == Value.DELETED,
    )


def _serving(
    grant: RegisterState, campaign: Campaign, at: datetime | None
) -> tuple[bool, bool, bool, int, str]:
    """Return how well a grant serves a call, as what sorts: in force, of this seller, strong, new."""
    ended = grant.value is Value.EXPIRED if at is None else bool(grant.expires_at and grant.expires_at <= at)
    began = at is None or grant.occurred_at <= at
    seller, called_for = grant.terms.seller.casefold(), campaign.seller.casefold()
    fits = not seller or not called_for or seller == called_for
    return began, not ended, fits, _KINDS.index(Kind(grant.terms.kind)), grant.rank


def _grant(state: RegisterState) -> Grant:
    terms = state.terms
    return Grant(Kind(terms.kind), state.occurred_at, state.expires_at, terms.seller, terms.evidence)
