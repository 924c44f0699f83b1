"""The fields of a settings document, read by hand.

Receivers read their settings on cold starts, and pydantic would double what importing them takes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping


class InvalidSettings(ValueError):
    """A settings document does not fit; names the field and never shows its value."""

    def __init__(self, field: str, complaint: str) -> None:
        """Object to a field; the empty field is the document itself."""
        super().__init__(f"{field or 'document'}: {complaint}")
        self.field = field
        self.complaint = complaint

    def errors(self, **_: bool) -> list[dict[str, object]]:
        """Return the complaint in the form in which pydantic's models give theirs."""
        return [{"loc": self.field.split("."), "msg": self.complaint}]


class Fields:
    """One object of a settings document, whose fields are taken one by one.

    Every method raises InvalidSettings naming the field. What is not taken in the end is an error: a
    misspelt setting must not pass for a setting left out.
    """

    def __init__(self, value: object, place: str = "") -> None:
        """Read an object that stands at this place of the document."""
        if not isinstance(value, Mapping):
            raise InvalidSettings(place, "must be an object")
        self._left = {str(name): each for name, each in value.items()}
        self._place = place

    def place_of(self, name: str) -> str:
        """Return the full name of a field."""
        return f"{self._place}.{name}" if self._place else name

    def complain(self, name: str, complaint: str) -> InvalidSettings:
        """Return the exception that objects to a field."""
        return InvalidSettings(self.place_of(name), complaint)

    def default(self, values: Mapping[str, object]) -> None:
        """Fill in what the object leaves out."""
        self._left = {**values, **self._left}

    def take(self, name: str, default: object = None) -> object:
        """Take a field of any form."""
        return self._left.pop(name, default)

    def text(self, name: str, default: str, form: re.Pattern[str], what: str) -> str:
        """Take a text that has this form in full; `what` says what that is."""
        value = self.take(name, default)
        if not isinstance(value, str) or (value != default and not form.fullmatch(value)):
            raise self.complain(name, f"must be {what}")
        return value

    def choice(self, name: str, default: str, choices: Collection[str]) -> str:
        """Take one of the named choices."""
        value = self.take(name, default)
        if not isinstance(value, str) or value not in choices:
            raise self.complain(name, f"must be one of {', '.join(sorted(choices))}")
        return value

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Take a whole number between two bounds, both included."""
        value = self.take(name, default)
        # True is a number to Python alone.
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.complain(name, f"must be a whole number from {least} to {most}")
        return value

    def choices(self, name: str, default: tuple[str, ...], choices: Collection[str]) -> tuple[str, ...]:
        """Take a list of named choices."""
        values = self.take(name, list(default))
        if not isinstance(values, list | tuple) or not all(
            isinstance(value, str) and value in choices for value in values
        ):
            raise self.complain(name, f"must be a list out of {', '.join(sorted(choices))}")
        return tuple(values)

    def done(self) -> None:
        """Refuse what was not taken."""
        for name in self._left:
            raise self.complain(name, "is not a known field")
