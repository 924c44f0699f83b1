"""How a do-not-call is recognised, however it is spelt."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

PACKAGED_CODES = frozenset({"DO_NOT_CALL", "DNC"})
"""Codes of dispositions that put their contact on the do-not-call list, unless the settings say others."""

# A code is a short word; of what is longer nothing is read.
_MAX_LENGTH = 256


def means_do_not_call(code: object, codes: Iterable[str] = PACKAGED_CODES) -> bool:
    """Return True if a disposition's code is one of `codes`, by its letters alone.

    Case, blanks, punctuation and width do not count: `do not call.` is DO_NOT_CALL. Digits count only
    against a code that has some, so that CODE_7 is not CODE_8.
    """
    if not isinstance(code, str) or len(code) > _MAX_LENGTH:
        return False
    return any(_matches(code, wanted) for wanted in codes)


def _matches(code: str, wanted: str) -> bool:
    by_letters, with_digits = _letters(wanted), _letters(wanted, digits=True)
    if by_letters != with_digits:
        return _letters(code, digits=True) == with_digits
    return bool(by_letters) and _letters(code) == by_letters


def _letters(code: str, digits: bool = False) -> str:
    folded = unicodedata.normalize("NFKC", code).casefold()
    return "".join(one for one in folded if one.isalpha() or (digits and one.isdigit()))
