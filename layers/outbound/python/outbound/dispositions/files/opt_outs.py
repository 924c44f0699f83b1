"""Who must not be called, found in the rows of a file of dispositions however broken they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from outbound.contact_ids import read_contact_id
from outbound.dispositions.do_not_call import OptOut
from outbound.dispositions.files.rows import is_like_a_field
from outbound.do_not_call import means_do_not_call
from outbound.files.refusals import Reading
from outbound.files.tables import letters_of

_LONGEST_NAME = 64
# What a name means, by its letters alone.
_ROLES = {
    "contactid": "contact",
    "outcomecode": "code",
    "occurredat": "moment",
    "dispositiontimestamp": "moment",
}


def opt_outs_by(codes: Iterable[str]) -> Reading[OptOut]:
    """Return how opt-outs are read where these codes of dispositions forbid to call."""
    known = frozenset(codes)

    def of_pairs(pairs: Iterable[tuple[str, Any]]) -> list[OptOut]:
        return _in_pairs(((_role(name[:_LONGEST_NAME]), value) for name, value in pairs), known)

    return Reading(of_pairs, _is_table, is_like_a_field)


def _is_table(names: Sequence[str]) -> bool:
    return {"contact", "code"} <= set(map(_role, names))


def _in_pairs(pairs: Iterable[tuple[str, Any]], codes: frozenset[str]) -> list[OptOut]:
    """Return every contact that is named beside a code of a do-not-call."""
    values: dict[str, list[Any]] = {"contact": [], "code": [], "moment": [], "": []}
    for role, value in pairs:
        values[role].append(value)
    if not any(means_do_not_call(code, codes) for code in values["code"]):
        return []
    moment = next((moment for moment in values["moment"] if isinstance(moment, str | int) and moment), None)
    contacts = dict.fromkeys(map(read_contact_id, values["contact"]))
    return [OptOut(contact_id, moment) for contact_id in contacts if contact_id]


@lru_cache(maxsize=1000)
def _role(name: str) -> str:
    return _ROLES.get(letters_of(name), "")
