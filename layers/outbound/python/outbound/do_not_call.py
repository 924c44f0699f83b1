"""How a do-not-call is recognised, however it is spelt."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

PACKAGED_CODES = frozenset({"DO_NOT_CALL", "DNC"})
"""Codes of dispositions that put their contact on the do-not-call list, unless the settings say others."""

# A code is a short word; of what is longer nothing is read.
_MAX_LENGTH = 256


# How changes of consent are named that forbid; each letter by letter, as codes are.
_FORBIDDING = {
    "do_not_call": PACKAGED_CODES,
    "revoked": frozenset({"REVOKED"}),
    "deleted": frozenset({"DELETED"}),
    "merged": frozenset({"MERGED"}),
}
CATEGORIES = ("telemarketing", "informational", "debt_collection")
"""What calls can be for, where consent or its revocation names it."""

LONGEST_SOURCE = 200
"""So many characters of a source are kept."""


@dataclass(frozen=True, slots=True)
class DoNotCallCodes:
    """The codes that the settings document of dispositions names, whatever else is wrong with it."""

    codes: frozenset[str] = PACKAGED_CODES

    @classmethod
    def model_validate(cls, value: object, /) -> DoNotCallCodes:
        """Read the codes of a document. Raises ValueError where it has some that are not a list of texts."""
        if not isinstance(value, Mapping):
            raise ValueError("not an object")
        codes = value.get("do_not_call_codes", PACKAGED_CODES)
        if not isinstance(codes, list | frozenset) or not all(isinstance(code, str) for code in codes):
            raise ValueError("do_not_call_codes: not a list of texts")
        return cls(frozenset(codes))

    def model_dump(self, *, mode: str = "python") -> dict[str, Any]:
        """Return the codes as the document has them."""
        return {"do_not_call_codes": sorted(self.codes) if mode == "json" else self.codes}


def means_do_not_call(code: object, codes: Iterable[str] = PACKAGED_CODES) -> bool:
    """Return True if a disposition's code is one of `codes`, by its letters alone.

    Case, blanks, punctuation and width do not count: `do not call.` is DO_NOT_CALL. Digits count only
    against a code that has some, so that CODE_7 is not CODE_8.
    """
    if not isinstance(code, str) or len(code) > _MAX_LENGTH:
        return False
    return any(_matches(code, wanted) for wanted in codes)


def forbidding_change(change: object) -> str:
    """Return which change of consent that forbids is meant, an empty text if none is.

    `do_not_call`, `revoked`, `deleted` (the CRM has the contact no more), or `merged` (what another contact
    refused, this one refuses).
    """
    return _forbidding(change) if isinstance(change, str) and len(change) <= _MAX_LENGTH else ""


# Files have some words a million times.
@lru_cache(maxsize=256)
def _forbidding(change: str) -> str:
    matching = (name for name, spelt in _FORBIDDING.items() if means_do_not_call(change, spelt))
    return next(matching, "")


def named_category(scope: object) -> str:
    """Return the category of calls that a refusal names, however it is spelt; empty where it names none.

    What cannot be read names none: a refusal then counts for all calls.
    """
    return next((each for each in CATEGORIES if means_do_not_call(scope, {each})), "")


def readable_source(source: object, default: str = "unknown") -> str:
    """Return the source of an opt-out as it can be written down: one line, cut; else `default`."""
    text = source if isinstance(source, str) else ""
    encodable = text[: 2 * LONGEST_SOURCE].encode(errors="replace").decode()
    line = "".join(one if one.isprintable() else " " for one in encodable)
    return " ".join(line.split())[:LONGEST_SOURCE] or default


def _matches(code: str, wanted: str) -> bool:
    by_letters, with_digits = _letters(wanted), _letters(wanted, digits=True)
    if by_letters != with_digits:
        return _letters(code, digits=True) == with_digits
    return bool(by_letters) and _letters(code) == by_letters


def _letters(code: str, digits: bool = False) -> str:
    folded = unicodedata.normalize("NFKC", code).casefold()
    return "".join(one for one in folded if one.isalpha() or (digits and one.isdigit()))
