"""Whom a segment is about: what CXone is asked for, and the same filter on our side.

CXone is asked for contacts that agreed and have the attributes. Where that finds none, it is asked again
without the attributes, and then for every contact of the list: a misspelt attribute, and a flag that the
query language does not know, look like a list without contacts. What comes is filtered here in any case::

    consentFlags.outbound.call==true && segment==gold
    consentFlags.outbound.call==true
    (every contact)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from outbound.cxone.ports.contact_lists import ListedContact

AGREED = "consentFlags.outbound.call==true"


def queries(attributes: Mapping[str, str]) -> Sequence[str]:
    """Return the queries in the order in which they are tried, each wider than the one before it."""
    narrowest = " && ".join((AGREED, *(f"{name}=={value}" for name, value in sorted(attributes.items()))))
    return tuple(dict.fromkeys((narrowest, AGREED, "")))


def has_agreed(contact: ListedContact) -> bool:
    """Return True if CXone's own flag of a contact says yes."""
    return contact.call_consent is True or contact.call_consent == "true"


def fits(contact: ListedContact, attributes: Mapping[str, str]) -> bool:
    """Return True if a contact has all the attributes; a name may also be a path into the contact."""
    return all(_text(_found(contact, name)) == value for name, value in attributes.items())


def _found(contact: ListedContact, name: str) -> Any:
    found = _at(contact.source, name)
    return _at(contact.attributes, name) if found is None else found


def _at(value: Any, name: str) -> Any:
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
