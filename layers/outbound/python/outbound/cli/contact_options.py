"""The options by which an operator says where a person is: numbers, state, ZIP code and zone."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any

from outbound.compliance.contact import Contact
from outbound.compliance.hours import UnknownZone, zone
from outbound.compliance.numbers import Number, read_number
from outbound.compliance.places import ZONES
from outbound.compliance.zone_names import zone_near

_ZIP = re.compile(r"[0-9]{5}(?:-?[0-9]{4})?")


def add_contact_options(command: Any) -> None:
    """Let a command take what is known of where a person is."""
    command.add_argument(
        "--phone", dest="phones", action="append", default=[], metavar="NUMBER", help="may be repeated"
    )
    command.add_argument("--state", default="", metavar="XX", help="of the address, two letters")
    command.add_argument("--zip", dest="zip_code", default="", metavar="CODE", help="of the address")
    command.add_argument("--zone", default="", metavar="ZONE", help="stored, like America/New_York")
    command.add_argument("--confirmed", action="store_true", help="the person confirmed that zone")


def contact_of(chosen: argparse.Namespace) -> Contact:
    """Return the contact that the options describe. Raises ValueError naming the first wrong option."""
    if chosen.confirmed and not chosen.zone:
        raise ValueError("--confirmed: there is no --zone that the person could have confirmed")
    return Contact(
        numbers=tuple(_numbers(chosen.phones)),
        state=_state(chosen.state),
        zip_code=_zip_code(chosen.zip_code),
        zone=_zone(chosen.zone),
        zone_confirmed=chosen.confirmed,
    )


def _numbers(phones: Sequence[str]) -> list[Number]:
    numbers = []
    for place, phone in enumerate(phones, 1):
        number = read_number(phone)
        if number is None:
            which = f" (number {place} of {len(phones)})" if len(phones) > 1 else ""
            raise ValueError(f"--phone{which}: is not a telephone number; write it like +1 212 555 0100")
        numbers.append(number)
    return numbers


def _state(text: str) -> str:
    state = text.strip().upper()
    if state and state not in ZONES:
        raise ValueError("--state: is not a state of the United States; write its two letters, like TX")
    return state


def _zip_code(text: str) -> str:
    if text and not _ZIP.fullmatch(text.strip()):
        raise ValueError("--zip: is not a ZIP code; write five digits, or nine like 10001-0001")
    return text.strip()


def _zone(name: str) -> str:
    if not name:
        return ""
    try:
        zone(name)
    except UnknownZone as unknown:
        near = zone_near(name)
        raise ValueError(f"--zone: {unknown}{f'; did you mean {near}?' if near else ''}") from None
    return name
