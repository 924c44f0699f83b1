"""`outbound compliance`: may a person be called, by which rules, and were those that were called."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from outbound.calling.attempts import RecentAttempts
from outbound.calling.consent_view import view_of
from outbound.calling.places import Places
from outbound.calling.profile import CallingProfile
from outbound.calling.settings import ComplianceSettings
from outbound.campaigns.registration import NotRegistered
from outbound.cli.call_audits import add_audit_command
from outbound.cli.contact_options import add_contact_options, contact_of
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.cli.times import FORMS, moment
from outbound.clock import SystemClock, format_time
from outbound.compliance.contact import Campaign, ConsentView, Contact, Purpose
from outbound.compliance.decision import Decision
from outbound.compliance.hours import Hours, zone
from outbound.compliance.places import ZONES
from outbound.compliance.rules import UNKNOWN, WEEKDAYS, Row, Rules

_WHERE = ("numbers", "state", "zip_code", "zone", "zone_confirmed")
_NOT_ADVICE = "These are rules as they were collected, with their sources; they are not legal advice."

_MARKS = (
    "The mark says how well a source is known: P the official text, Q quoted, S said by others, M by memory."
)


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser(
        "compliance", help="may a person be called, and were those who were called"
    ).add_subparsers(required=True)
    explain = commands.add_parser("explain", help="whether a person may be called, why not, and when next")
    explain.description = f"Works without a stack. {_NOT_ADVICE}"
    add_contact_options(explain)
    purposes = [purpose.value for purpose in Purpose]
    explain.add_argument("--purpose", choices=purposes, help="(default: the campaign's, or telemarketing)")
    explain.add_argument("--at", default="now", metavar="TIME", help=f"when, {FORMS} (default: now)")
    explain.add_argument("--contact", default="", metavar="ID", help="whose consent and calls count, too")
    explain.add_argument("--campaign", default="", metavar="ID", help="whose purpose, hours and caps hold")
    explain.set_defaults(run=_explain, needs_stack=_names_something_of_a_stack)

    rules = commands.add_parser("rules", help="the rules of the states, with their sources")
    rules.description = f"{_NOT_ADVICE} {_MARKS}"
    rules.add_argument("--state", metavar="XX", help="of this state alone")
    rules.set_defaults(run=_rules, needs_stack=_names_a_stack)
    add_audit_command(commands)


def _names_a_stack(chosen: argparse.Namespace) -> bool:
    return bool(chosen.names_stack)


def _names_something_of_a_stack(chosen: argparse.Namespace) -> bool:
    return _names_a_stack(chosen) or bool(chosen.contact or chosen.campaign)


def _settings(stack: Stack | None) -> ComplianceSettings:
    return stack.documents.get("compliance", ComplianceSettings) if stack else ComplianceSettings()


def _explain(stack: Stack | None, chosen: argparse.Namespace, output: Output) -> None:
    now = stack.clock.now() if stack else SystemClock().now()
    at = moment("--at", chosen.at, now)
    contact, campaign, consent = contact_of(chosen), _campaign(stack, chosen), None
    if stack and chosen.contact:
        contact = _placed(stack, chosen, contact)
        merged = {chosen.contact: stack.consents.get(chosen.contact).merged}
        made = RecentAttempts(stack.state, stack.tenant).of_persons(merged)[chosen.contact]
        attempts = tuple(one.attempt() for one in made if one.at < at)
        contact = replace(contact, contact_id=chosen.contact, attempts=attempts)
        consent = _consent(stack, chosen.contact, campaign, at, now)
    decision = _settings(stack).judge().decide(campaign, contact, at, consent)
    document = {"at": format_time(at), "purpose": campaign.purpose.value, **_document(decision)}
    document["consent_considered"] = consent is not None
    output.text("\n".join(_text(decision, campaign, contact, at, consent)), document)


def _campaign(stack: Stack | None, chosen: argparse.Namespace) -> Campaign:
    profile = CallingProfile()
    if stack and chosen.campaign:
        registered = stack.registry.get(chosen.campaign)
        if registered is None:
            raise ValueError(f"--campaign: {NotRegistered(chosen.campaign)}")
        profile = CallingProfile.model_validate(registered.calling)
    campaign = profile.campaign()
    return replace(campaign, purpose=Purpose(chosen.purpose)) if chosen.purpose else campaign


def _placed(stack: Stack, chosen: argparse.Namespace, given: Contact) -> Contact:
    """Return a contact with what its campaign's segment knows of where it is, unless the options say it."""
    found = Places.of(stack).of_contacts(chosen.campaign, [chosen.contact]) if chosen.campaign else {}
    if chosen.contact not in found:
        return given
    known = found[chosen.contact].contact()
    said = {name: value for name in _WHERE if (value := getattr(given, name))}
    return replace(known, **said)


def _consent(stack: Stack, contact_id: str, campaign: Campaign, at: datetime, now: datetime) -> ConsentView:
    """Return what is known of a contact; of a past moment, what was known then."""
    consents = stack.consents
    known = consents.as_known_at(contact_id, at) if at < now else consents.get(contact_id)
    return view_of(known, campaign, at)


def _document(decision: Decision) -> dict[str, Any]:
    return {
        "callable": decision.callable,
        "refusals": list(dict.fromkeys(refusal.name for refusal in decision.refusals)),
        "callable_until": _time(decision.callable_until),
        "next_opening": _time(decision.next_opening),
        "zones": decision.zones,
        "states": decision.states,
        "rows": list(decision.rows),
        "rules_version": decision.rules_version,
        "reasons": [
            {"name": refusal.name, "message": refusal.message, "citation": refusal.citation}
            for refusal in decision.refusals
        ],
    }


def _time(moment: datetime | None) -> str | None:
    return format_time(moment) if moment else None


def _text(
    decision: Decision, campaign: Campaign, contact: Contact, at: datetime, consent: ConsentView | None
) -> Iterator[str]:
    """Yield lines for a person, with every moment in the zones of the contact."""
    purpose = campaign.purpose.replace("_", " ")
    if decision.callable:
        yield f"May be called ({purpose}), {_when('until', decision.callable_until)}."
    else:
        yield f"May not be called ({purpose}); {_when('next opening', decision.next_opening)}."
    for refusal in decision.refusals:
        citation = f" [{refusal.citation}]" if refusal.citation else ""
        yield f"  {refusal.name}: {refusal.message}{citation}"
    yield ""
    yield "Zones" if decision.zones else "No zone is known."
    turns = (("until", decision.callable_until), ("opens", decision.next_opening))
    for name, source in decision.zones.items():
        said = [f"{word} {_local(turn, name)}" for word, turn in turns if turn]
        yield "; ".join([f"  {name} ({source}): {_local(at, name)}", *said])
    if decision.states:
        yield "States"
    for state, source in decision.states.items():
        yield f"  {state} ({source})"
    yield f"Rows {', '.join(decision.rows) or 'none'} of rules {decision.rules_version}"
    yield ""
    if consent is None:
        yield "Nothing is said of consent, nor of calls that were made: name a contact with --contact."
    elif contact.attempts is not None:
        made = len(contact.attempts)
        calls = "1 recent call" if made == 1 else f"{made} recent calls"
        yield f"Consent and {calls} of contact {contact.contact_id} count."
    yield _NOT_ADVICE


def _when(word: str, turn: datetime | None) -> str:
    return f"{word} {format_time(turn)}" if turn else f"no {word} is known"


def _local(moment: datetime, zone_name: str) -> str:
    return f"{moment.astimezone(zone(zone_name)):%a %Y-%m-%d %H:%M}"


def _rules(stack: Stack | None, chosen: argparse.Namespace, output: Output) -> None:
    rules = _settings(stack).rules
    today = (stack.clock if stack else SystemClock()).now().date()
    rows = [row for row in _wanted(rules, chosen.state) if not _is_past(row, today)]
    document = [
        {"id": row.id, "state": row.state, "hours": _by_weekday(row), **_row_rest(row, today)} for row in rows
    ]
    shown = [
        {"id": row.id, "state": row.state, "hours": _hours_text(row), **_row_rest(row, today)} for row in rows
    ]
    output.described({"rules_version": rules.version, "rows": document}, shown)


def _wanted(rules: Rules, state: str | None) -> Sequence[Row]:
    if state is None:
        return rules.rows
    name = state.strip().upper()
    if name not in ZONES and state.strip().lower() != UNKNOWN:
        raise ValueError("--state: is not a state of the United States; write its two letters, like TX")
    return rules.of_state(name) or rules.of_state(UNKNOWN)


def _is_past(row: Row, today: date) -> bool:
    return row.effective_until is not None and row.effective_until <= today


def _row_rest(row: Row, today: date) -> Mapping[str, Any]:
    return {
        "sundays": row.week[-1].as_text() if row.week[-1] else None,
        "closed_on_holidays": row.closed_on_holidays,
        "max_calls_24h": row.max_calls_24h,
        "unsolicited_mobile_ban": row.unsolicited_mobile_ban,
        "in_force": row.holds_on(today),
        "from": row.effective_from.isoformat() if row.effective_from else None,
        "until": row.effective_until.isoformat() if row.effective_until else None,
        "citation": row.citation,
        "mark": row.mark,
        "checked": row.checked,
        "note": row.note or None,
    }


def _by_weekday(row: Row) -> Mapping[str, str | None]:
    return dict(zip(WEEKDAYS, map(_hours_of, row.week), strict=True))


def _hours_of(hours: Hours | None) -> str | None:
    return hours.as_text() if hours else None


def _hours_text(row: Row) -> str:
    """Return the hours of a week, days that are alike together: `mon-fri 09:00-18:00, sat 10:00-17:00`."""
    return ", ".join(f"{days} {hours}" for days, hours in _spans(row.week) if hours) or "closed"


def _spans(week: Iterable[Hours | None]) -> Iterator[tuple[str, str | None]]:
    spans: list[tuple[list[str], str | None]] = []
    for day, hours in zip(WEEKDAYS, map(_hours_of, week), strict=True):
        if spans and spans[-1][1] == hours:
            spans[-1][0].append(day)
        else:
            spans.append(([day], hours))
    for days, hours in spans:
        yield (days[0] if len(days) == 1 else f"{days[0]}-{days[-1]}"), hours
