"""`outbound consent`: what a contact agreed to, and how that came about."""

from __future__ import annotations

import argparse
from typing import Any

from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.cli.times import FORMS, moment
from outbound.clock import format_time
from outbound.store.consents import Consent, Register, Told

_REFUSALS = {
    "do_not_call": "is on the do-not-call list",
    "deleted": "is no longer in the CRM",
    "consent_revoked": "revoked the consent to be called",
    "consent_expired": "consented to be called until a time that has passed",
    "no_consent": "never consented to be called",
}


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser("consent", help="see what a contact agreed to").add_subparsers(required=True)
    show = commands.add_parser(
        "show", help="whether a contact may be called, and every change with its source"
    )
    show.add_argument("contact_id", metavar="CONTACT_ID")
    show.add_argument(
        "--known-at", metavar="TIME", help=f"as it was known at that time, {FORMS} (default: now)"
    )
    show.set_defaults(run=_show)


def _show(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    told = list(stack.consents.history(chosen.contact_id))
    if chosen.known_at:
        known_at = moment("--known-at", chosen.known_at, stack.clock.now())
        told = [one for one in told if one.recorded_at <= known_at]
        consent = stack.consents.as_known_at(chosen.contact_id, known_at)
    else:
        consent = stack.consents.of(chosen.contact_id)
    output.account(
        _sentence(consent),
        "history",
        [_row(one) for one in told],
        contact_id=consent.contact_id,
        callable=consent.callable,
        refusal=consent.refusal,
        registers={register.value: _register(consent, register) for register in Register},
    )


def _sentence(consent: Consent) -> str:
    if consent.callable:
        return f"{consent.contact_id} may be called"
    return f"{consent.contact_id} may not be called: {_REFUSALS[consent.refusal]}"


def _register(consent: Consent, register: Register) -> dict[str, str] | None:
    standing = consent.registers.get(register)
    if standing is None:
        return None
    since = format_time(standing.occurred_at)
    return {"value": standing.value.value, "source": standing.source, "since": since}


def _row(told: Told) -> dict[str, Any]:
    return {
        "occurred_at": format_time(told.change.occurred_at),
        "recorded_at": format_time(told.recorded_at),
        "register": told.change.register.value,
        "value": told.change.value.value,
        "source": told.change.source,
        "took_effect": told.took_effect,
        "refused": told.refused or None,
        "event_id": told.change.event_id,
    }
