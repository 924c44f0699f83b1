"""`outbound consent`: what a contact agreed to, and how that came about."""

from __future__ import annotations

import argparse
from typing import Any

from outbound.cli import consent_files
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.cli.times import FORMS, moment
from outbound.clock import format_time
from outbound.do_not_call import CATEGORIES
from outbound.store.consent_state import Consent, Register, RegisterState, Value
from outbound.store.consents import RecordedChange

_REFUSALS = {
    "do_not_call": "is on the do-not-call list",
    "deleted": "is no longer in the CRM",
    "consent_revoked": "revoked the consent to be called",
    "consent_expired": "consented to be called until a time that has passed",
    "no_consent": "never consented to be called",
}


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser(
        "consent", help="see what a contact agreed to, and bring in lists of consent"
    ).add_subparsers(required=True)
    show = commands.add_parser(
        "show", help="whether a contact may be called, and every change with its source"
    )
    show.add_argument("contact_id", metavar="CONTACT_ID")
    show.add_argument(
        "--known-at", metavar="TIME", help=f"as it was known at that time, {FORMS} (default: now)"
    )
    show.set_defaults(run=_show)
    consent_files.add_commands(commands)


def _show(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    changes = list(stack.consents.history(chosen.contact_id))
    if chosen.known_at:
        known_at = moment("--known-at", chosen.known_at, stack.clock.now())
        changes = [each for each in changes if each.recorded_at <= known_at]
        consent = stack.consents.as_known_at(chosen.contact_id, known_at)
    else:
        consent = stack.consents.get(chosen.contact_id)
    output.account(
        _sentence(consent),
        "history",
        [_row(each) for each in changes],
        contact_id=consent.contact_id,
        callable=consent.callable,
        refusal=consent.refusal,
        registers={register.value: _state(consent.registers.get(register)) for register in Register},
        categories={each: _state(state) for each, state in sorted(consent.categories.items())},
        refusals={each: consent.refusal_for(each) for each in CATEGORIES},
        grants=[_state(grant) for grant in consent.all_grants()],
    )


def _sentence(consent: Consent) -> str:
    categories = {each.replace("_", " "): consent.refusal_for(each) for each in CATEGORIES}
    if consent.callable:
        apart = [f"not for {each}: {_REFUSALS[why]}" for each, why in categories.items() if why]
        return "; ".join((f"{consent.contact_id} may be called", *apart))
    refusal = _REFUSALS[consent.refusal]
    if permitted := " and ".join(each for each, why in categories.items() if not why):
        return f"{consent.contact_id} may be called for {permitted} alone; otherwise it {refusal}"
    return f"{consent.contact_id} may not be called: {refusal}"


def _state(state: RegisterState | None) -> dict[str, Any] | None:
    if state is None:
        return None
    said = {"value": state.value.value, "source": state.source, "since": format_time(state.occurred_at)}
    if state.category:
        said["scope"] = state.category
    if state.value in (Value.GRANTED, Value.EXPIRED):
        expires_at = format_time(state.expires_at) if state.expires_at else ""
        terms = state.terms
        named = {"kind": terms.kind.value, "seller": terms.seller, "number_ends_in": terms.number}
        named |= {"evidence": terms.evidence, "expires_at": expires_at}
        said |= {name: value for name, value in named.items() if value}
    return said


def _row(recorded: RecordedChange) -> dict[str, Any]:
    return {
        "occurred_at": format_time(recorded.change.occurred_at),
        "recorded_at": format_time(recorded.recorded_at),
        "register": recorded.change.register.value,
        "value": recorded.change.value.value,
        "kind": recorded.change.terms.kind.value if recorded.change.value is Value.GRANTED else None,
        "seller": recorded.change.terms.seller or None,
        "scope": recorded.change.scope or None,
        "source": recorded.change.source,
        "took_effect": recorded.took_effect,
        "refused": recorded.refused or None,
        "evidence": recorded.change.terms.evidence or None,
        "event_id": recorded.change.event_id,
    }
