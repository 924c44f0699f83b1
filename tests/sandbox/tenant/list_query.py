"""The language in which contacts of a list are asked for: `a.b==true && name==value`."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.tenant.reading import invalid

_NAME = r"[A-Za-z]\w*(?:\.\w+)*"
_BARE = r"[^\s&=\"']+(?: [^\s&=\"']+)*"
_TERM = re.compile(rf"\s*({_NAME})\s*==\s*(?:\"([^\"]*)\"|'([^']*)'|({_BARE}))\s*")

Fits = Callable[[Mapping[str, Any]], bool]


def read_query(text: str) -> Fits:
    """Return what says whether a contact fits a query, or refuse one that cannot be read.

    `true` fits every contact. Assumption: a name is a path into the contact, or else the name of one of its
    attributes. One that is neither fits no contact: the document warns of empty results for a wrong name.
    """
    if text.strip() == "true":
        return lambda _: True
    terms = []
    for part in text.split("&&"):
        found = _TERM.fullmatch(part)
        if found is None:
            raise invalid("query", "is not of the form attributeName==value, joined by &&")
        name, *values = found.groups()
        terms.append((name.split("."), next(value for value in values if value is not None)))

    def fits(contact: Mapping[str, Any]) -> bool:
        return all(_text(_value(contact, path)) == value for path, value in terms)

    return fits


def _value(contact: Mapping[str, Any], path: list[str]) -> Any:
    found = _at(contact, path)
    return _at(contact.get("attributes") or {}, path) if found is None else found


def _at(value: Any, path: list[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None or isinstance(value, dict | list) else str(value)
