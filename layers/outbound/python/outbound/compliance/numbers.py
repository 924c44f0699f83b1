"""What a telephone number says of where its owner is: a presumption, for numbers are ported."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("area_codes.json")
# Ten digits of the North American plan: neither area code nor exchange begins with 0 or 1.
_NANP = re.compile(r"(?:1)?([2-9][0-9]{2})([2-9][0-9]{2})([0-9]{4})")
_INTERNATIONAL = re.compile(r"[1-9][0-9]{6,14}")
_PUNCTUATION = re.compile(r"[\s().\-/\u2010-\u2015\u00a0]")


@dataclass(frozen=True, slots=True)
class AreaCode:
    """What is known of an area code: empty tuples where it belongs to no place."""

    code: str
    country: str = ""
    states: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone number, as digits with its country's code."""

    digits: str
    area: AreaCode

    @property
    def is_us(self) -> bool:
        """Whether it may be a number of the United States, as toll-free and personal numbers may."""
        return self.digits.startswith("1") and self.area.country in ("US", "")


def read_number(text: object) -> Number | None:
    """Return the number that a text names, None where it names none.

    Without a plus, ten digits are a number of the North American plan, and so are eleven that begin with 1.
    """
    if not isinstance(text, str) or len(text) > 40:
        return None
    plain = _PUNCTUATION.sub("", text.strip().removeprefix("tel:"))
    international, digits = plain.startswith("+"), plain.removeprefix("+")
    if not digits.isascii():
        return None
    if (found := _NANP.fullmatch(digits)) and (not international or digits.startswith("1")):
        return Number("1" + "".join(found.groups()), area_code(found[1]))
    if international and not digits.startswith("1") and _INTERNATIONAL.fullmatch(digits):
        return Number(digits, AreaCode(""))
    return None


@cache
def area_code(code: str) -> AreaCode:
    """Return what is known of an area code."""
    row = _table().get(code)
    if row is None:
        return AreaCode(code)
    return AreaCode(code, str(row["country"]), tuple(row["states"]), tuple(row["zones"]))


@cache
def _table() -> dict[str, dict[str, str | list[str]]]:
    table: dict[str, dict[str, str | list[str]]] = json.loads(_TABLE.read_text())
    return table
