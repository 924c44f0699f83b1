"""Reads the fields of a plan one by one, and goes on after a wrong one: all that is wrong is said at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Any

from pydantic.alias_generators import to_camel

from outbound.complaints import Complaint

# A value that is quoted may be anything, and a plan may have thousands of wrong fields.
_LONGEST_QUOTED = 64
_MOST_UNKNOWN = 20


@dataclass(frozen=True, slots=True)
class Form:
    """How a text is written: a pattern for the whole of it, and what a person is told of it."""

    pattern: str
    words: str


class FieldReader:
    """One object of a plan, and the list that complaints about it are added to.

    Names are written as here or in camelCase. Of a wrong or missing field a reading returns None, or the
    empty text, and adds a complaint.
    """

    def __init__(self, given: object, complaints: list[Complaint], place: str = "") -> None:
        """Read an object that stands at `place`, the whole plan for the empty one."""
        self._complaints = complaints
        self._place = place
        self._given: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        if not isinstance(given, Mapping):
            self._complaints.append(Complaint(place, "form", "must be an object"))

    def complain(self, name: str, rule: str, message: str, citation: str = "") -> None:
        """Add a complaint about a field."""
        self._complaints.append(Complaint(self._at(name), rule, message, citation))

    def value(self, name: str) -> Any:
        """Return what is given, None where nothing is."""
        camel = to_camel(name)
        return self._given.get(name) if self._given.get(name) is not None else self._given.get(camel)

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Complain about every field that is not one of these."""
        spelt = {*known, *map(to_camel, known)}
        for name in sorted(str(name) for name in self._given if name not in spelt)[:_MOST_UNKNOWN]:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            self.complain(quoted(name), "unknown_field", f"is not a known field{hint}")

    def part(self, name: str) -> FieldReader | None:
        """Return the object that a field holds, None where the field is not there."""
        given = self.value(name)
        return None if given is None else FieldReader(given, self._complaints, self._at(name))

    def text(self, name: str, *, longest: int, required: bool = False, form: Form | None = None) -> str:
        """Return a text without blanks around it, of at most `longest` characters and in a form, if any."""
        given = self.value(name)
        if given is None or given == "":
            if required:
                self.complain(name, "required", "is missing")
            return ""
        if isinstance(given, int) and not isinstance(given, bool):
            given = str(given)
        if not isinstance(given, str) or not given.strip().isprintable():
            return self._wrong(name, "must be a text")
        text = given.strip()
        if not text or len(text) > longest:
            return self._wrong(name, f"must have 1 to {longest} characters")
        if form and not re.fullmatch(form.pattern, text):
            return self._wrong(name, f"must be {form.words}")
        return text

    def number(
        self, name: str, fits: Callable[[float], bool], said: str, *, whole: bool = False
    ) -> float | None:
        """Return a required number that fits; `said` is what it must be, like `from 0 to 1`."""
        given = self.value(name)
        if given is None:
            self.complain(name, "required", f"is missing; it is {said}")
            return None
        usable = isinstance(given, int if whole else int | float) and not isinstance(given, bool)
        if not usable or abs(given) > 1e9 or not isfinite(given) or not fits(given):
            self.complain(name, "range", f"must be {said}")
            return None
        return int(given) if whole else float(given)

    def count(self, name: str, most: int, *, required: bool = True) -> int | None:
        """Return a whole number from 1 on."""
        if not required and self.value(name) is None:
            return None
        said = f"a whole number from 1 to {most}"
        number = self.number(name, lambda value: 1 <= value <= most, said, whole=True)
        return None if number is None else int(number)

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Return a list of texts, None where it is missing or not one."""
        given = self.value(name)
        if given is None:
            return None
        if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
            self.complain(name, "form", "must be a list of texts")
            return None
        return tuple(given)

    def _wrong(self, name: str, message: str) -> str:
        self.complain(name, "form", message)
        return ""

    def _at(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place and name else self._place or name


def quoted(text: str) -> str:
    """Return a text that may be anything, short and on one line."""
    return text[:_LONGEST_QUOTED] if text.isprintable() else ascii(text[:_LONGEST_QUOTED])
