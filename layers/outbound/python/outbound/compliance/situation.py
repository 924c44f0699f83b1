"""Where a contact may be: every plausible zone and every state whose rule holds, each with its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from outbound.compliance.contact import Contact, Policy
from outbound.compliance.hours import UnknownZone, zone
from outbound.compliance.places import ALL_ZONES, CONTIGUOUS_ZONES, ZONES, area_of_zip
from outbound.compliance.rules import UNKNOWN

_SAFE = {"contiguous_states": CONTIGUOUS_ZONES, "all_states": ALL_ZONES}


@dataclass(frozen=True, slots=True)
class Situation:
    """Zones and states by name, each with its source; `zone_problem` says why no zone is known."""

    zones: dict[str, str]
    states: dict[str, str]
    zone_problem: str = ""


def situation_of(contact: Contact, policy: Policy) -> Situation:
    """Return where a contact may be.

    The zones are the stored one joined with those of the ZIP code and of every number's area code, unless the
    person confirmed the stored one. The states are that of the address and those of the area codes: a
    confirmed clock says nothing of the law. Without any state the narrowest row holds.
    """
    states = dict(_states(contact)) or {UNKNOWN: "no state is known"}
    problem = _stored_zone_problem(contact)
    zones = dict(_zones(contact, problem)) or dict(_zones_of_states(contact))
    if problem and not contact.zone_confirmed and zones:
        # A zone that was stored and cannot be read is a person who may be anywhere.
        zones = {}
    if zones:
        return Situation(zones, states)
    problem = (
        problem or "neither a stored zone, a ZIP code, a state nor an area code says where the person is"
    )
    safe = _SAFE.get(policy.unknown_zone, ())
    return Situation(dict.fromkeys(safe, f"unknown: {policy.unknown_zone}"), states, "" if safe else problem)


def _stored_zone_problem(contact: Contact) -> str:
    if not contact.zone:
        return ""
    try:
        zone(contact.zone)
    except UnknownZone as unknown:
        return f"the stored zone {unknown}"
    return ""


def _zones(contact: Contact, problem: str) -> Iterator[tuple[str, str]]:
    """Later sources of the same zone do not replace the first: the pairs are the same."""
    found: dict[str, str] = {}
    if contact.zone and not problem:
        found[contact.zone] = "confirmed by the person" if contact.zone_confirmed else "stored"
        if contact.zone_confirmed:
            return iter(found.items())
    if contact.zip_code and (area := area_of_zip(contact.zip_code)):
        for name in area.zones:
            found.setdefault(name, "ZIP code")
    for number in contact.numbers:
        for name in number.area.zones:
            found.setdefault(name, f"area code {number.area.code}")
    return iter(found.items())


def _zones_of_states(contact: Contact) -> Iterator[tuple[str, str]]:
    state = contact.state.strip().upper()
    return ((name, f"state {state}") for name in ZONES.get(state, ()))


def _states(contact: Contact) -> Iterator[tuple[str, str]]:
    found: dict[str, str] = {}
    if contact.state.strip():
        found[contact.state.strip().upper()] = "address"
    elif contact.zip_code and (area := area_of_zip(contact.zip_code)):
        found |= dict.fromkeys(area.states, "ZIP code")
    for number in contact.numbers:
        for state in number.area.states:
            found.setdefault(state, f"area code {number.area.code}")
    return iter(found.items())
