"""Whether what a person agreed to covers a call: what forbids, and what is not enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from outbound.compliance.contact import Campaign, Checks, ConsentView, Kind, Policy, Purpose

_ORDER = list(Kind)
_NEEDED = {
    Purpose.TELEMARKETING: (Kind.WRITTEN, "47 CFR 64.1200(a)(2), (f)(9)"),
    Purpose.INFORMATIONAL: (Kind.EXPRESS, "47 CFR 64.1200(a)(1)"),
    Purpose.DEBT_COLLECTION: (Kind.EXPRESS, "47 CFR 64.1200(a)(1)"),
}

Found = tuple[str, str, str]
"""A refusal's name, what it says, and its citation."""


def refusals_of(consent: ConsentView, campaign: Campaign, policy: Policy, at: datetime) -> Iterator[Found]:
    """Return what a person's refusals and missing consent say against a call."""
    if consent.do_not_call:
        yield "do_not_call", "the person asked not to be called", "47 CFR 64.1200(d)(3)"
    if consent.deleted:
        yield "contact_deleted", "the CRM has the contact no more", ""
    if consent.revoked:
        yield "consent_revoked", "the person revoked the consent", "89 FR 15756"
    elif consent.grant is None:
        yield "no_consent", "no grant of consent is known", _NEEDED[campaign.purpose][1]
    else:
        yield from _insufficient(consent, campaign, policy, at)


def _insufficient(consent: ConsentView, campaign: Campaign, policy: Policy, at: datetime) -> Iterator[Found]:
    grant = consent.grant
    assert grant is not None  # noqa: S101 - the caller looked
    needed, citation = _NEEDED[campaign.purpose]
    if grant.expires_at and grant.expires_at <= at:
        yield "consent_expired", "the consent has ended", citation
    if grant.granted_at and grant.granted_at > at:
        yield "no_consent", "the consent was granted after the moment of the call", citation
    enough = grant.kind == Kind.BARE and policy.accept_bare_consent
    if not enough and _ORDER.index(grant.kind) < _ORDER.index(needed):
        message = f"{campaign.purpose} needs {needed} consent; this is {grant.kind}"
        yield "consent_kind_insufficient", message, citation
    if grant.seller and campaign.seller and grant.seller.casefold() != campaign.seller.casefold():
        yield "consent_other_seller", "the consent names another seller", "47 CFR 64.1200(f)(9)"


def refusals_of_checks(checks: Checks, consented: bool, policy: Policy, at: datetime) -> Iterator[Found]:
    """Return what lists that others keep say against a call; `consented` calls may be in the registry."""
    if not consented:
        if checks.registry_listed:
            yield "registry_listed", "the number is in the national registry", "16 CFR 310.4(b)(1)(iii)(B)"
        if _is_stale(checks.registry_checked_at, policy.registry_max_age_days, policy.registry_required, at):
            days = policy.registry_max_age_days
            message = f"the registry's copy must not be older than {days} days"
            yield "registry_stale", message, "16 CFR 310.4(b)(3)(iv)"
    if checks.reassigned:
        yield "number_reassigned", "the number belongs to another person by now", "47 CFR 64.1200(m)"
    if _is_stale(
        checks.reassigned_checked_at, policy.reassigned_max_age_days, policy.reassigned_required, at
    ):
        yield (
            "number_check_stale",
            "it was not checked lately whether the number was reassigned",
            "47 CFR 64.1200(m)",
        )


def _is_stale(checked_at: datetime | None, max_days: int, required: bool, at: datetime) -> bool:
    if checked_at is None:
        return required
    return at - checked_at > timedelta(days=max_days)
