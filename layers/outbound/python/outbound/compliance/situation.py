"""Where a contact may be: every plausible zone and every state whose rule holds, each with its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from outbound.compliance.contact import Campaign, Contact, Policy
from outbound.compliance.hours import UnknownZone, zone
from outbound.compliance.places import ALL_ZONES, CONTIGUOUS_ZONES, ZONES, area_of_zip, is_zone_of
from outbound.compliance.rules import UNKNOWN

_SAFE = {"contiguous_states": CONTIGUOUS_ZONES, "all_states": ALL_ZONES}
_NOWHERE = "neither a stored zone, a ZIP code, a state nor an area code says where the person is"
_NOT_US = "outside of the United States the campaign needs a window of its own, and the contact a zone"


@dataclass(frozen=True, slots=True)
class Situation:
    """Zones and states by name, each with its source.

    `zone_problem` says why no zone is known, `abroad_problem` why a number of another country is not called.
    Without states the campaign's own window alone counts.
    """

    zones: dict[str, str]
    states: dict[str, str]
    zone_problem: str = ""
    abroad_problem: str = ""


def situation_of(contact: Contact, campaign: Campaign, policy: Policy) -> Situation:
    """Return where a contact may be.

    Where all its numbers are of other countries the campaign's own window holds, until rows are written for
    them; a contact that has one of the United States as well may be in either place.
    """
    abroad = sum(not number.is_us for number in contact.numbers)
    if not abroad:
        return _at_home(contact, policy)
    foreign = _abroad(contact, campaign)
    if abroad == len(contact.numbers):
        return foreign
    home = _at_home(contact, policy)
    zones = {} if home.zone_problem else foreign.zones | home.zones
    return Situation(zones, home.states, home.zone_problem, foreign.abroad_problem)


def _at_home(contact: Contact, policy: Policy) -> Situation:
    """Return where in the United States a contact may be.

    The zones are the stored one joined with those of the ZIP code and of every number's area code, unless the
    person confirmed the stored one. The states are that of the address and those of the area codes: a
    confirmed clock says nothing of the law. Without any state the narrowest row holds.
    """
    states = dict(_states(contact)) or {UNKNOWN: "no state is known"}
    problem = _stored_zone_problem(contact)
    zones = dict(_zones(contact, problem))
    if not contact.zone_confirmed and not any(is_zone_of(name, _address_state(contact)) for name in zones):
        # The address is in none of them: the number of another state, or a stored zone like UTC, which is a
        # default that was never set. The person may be at home.
        zones |= {name: source for name, source in _zones_of_states(contact) if name not in zones}
    if zones and not problem:
        return Situation(zones, states)
    # A zone that was stored and cannot be read is a person who may be anywhere, confirmed or not.
    safe = _SAFE.get(policy.unknown_zone, ())
    if not safe:
        return Situation({}, states, problem or _NOWHERE)
    return Situation(zones | {n: f"unknown: {policy.unknown_zone}" for n in safe if n not in zones}, states)


def _abroad(contact: Contact, campaign: Campaign) -> Situation:
    """Return where outside of the United States a contact may be."""
    if problem := _stored_zone_problem(contact):
        return Situation({}, {}, problem)
    zones = dict(_zones_by_number(contact)) if campaign.window else {}
    return Situation(zones, {}, "", "" if zones else _NOT_US)


def _zones_by_number(contact: Contact) -> Iterator[tuple[str, str]]:
    """Yield the stored zone, and unless the person confirmed it those of numbers of other countries."""
    if contact.zone:
        yield contact.zone, "confirmed by the person" if contact.zone_confirmed else "stored"
        if contact.zone_confirmed:
            return
    for number in contact.numbers:
        for name in () if number.is_us else number.area.zones:
            if name != contact.zone:
                yield name, f"area code {number.area.code}"


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
    state = _address_state(contact)
    return ((name, f"state {state}") for name in ZONES.get(state, ()))


def _address_state(contact: Contact) -> str:
    return contact.state.strip().upper()


def _states(contact: Contact) -> Iterator[tuple[str, str]]:
    found: dict[str, str] = {}
    if state := _address_state(contact):
        found[state] = "address"
    elif contact.zip_code and (area := area_of_zip(contact.zip_code)):
        found |= dict.fromkeys(area.states, "ZIP code")
    for number in contact.numbers:
        for state in number.area.states:
            found.setdefault(state, f"area code {number.area.code}")
    return iter(found.items())
