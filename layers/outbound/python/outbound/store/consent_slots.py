"""The item of slots in which a contact's state is kept, and what a change makes of it.

A change writes one or two slots, each if it is the newest of its slot, so that the state follows from the
changes alone, in whatever order they come::

    call_consent             the newest change of consent to calls as a whole
    call_consent_CATEGORY    the newest one of a category of calls
    revoked_all, revoked_CATEGORY          the newest revocation, which ends all older grants
    grant_CATEGORY_KIND[_SELLER]           the newest grant of a kind to a seller
    do_not_call, record

Grants of several kinds stand beside each other until they are revoked: a flag that a CRM sends every night
does not take the place of the written consent that was imported before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from outbound.clock import format_time, parse_time
from outbound.do_not_call import CATEGORIES
from outbound.store.consent_state import Change, Consent, GrantKind, Register, RegisterState, Terms, Value
from outbound.store.table import Item

MOST_GRANTS = 100
"""So many grants of kinds and sellers stand beside each other: an item has room for more, and needs it.

What forbids has to fit whatever was granted before, as to a long list of a seller's partners.
"""

_ALL = "all"
_GRANT, _REVOKED = "grant_", "revoked_"
_REGISTERS = {each.value: each for each in Register}
_CATEGORIES = {f"{Register.CALL.value}_{each}": each for each in CATEGORIES}
_SLOTS = (f"{Register.CALL.value}_", _GRANT, _REVOKED)


def written_by(item: Mapping[str, Any], change: Change) -> Item:
    """Return the slots that a change writes into a contact's state: those of which it is the newest."""
    stored, rank = stored_change(change), change.rank
    slots = (slot for slot in _slots_of(change) if slot not in item or item[slot]["rank"] < rank)
    return dict.fromkeys(slots, stored)


def has_no_room(item: Mapping[str, Any], change: Change) -> bool:
    """Return True if a change grants to one seller more than are kept."""
    return _opens_slot(item, change) and len(_grants(item)) - len(_ended(item)) >= MOST_GRANTS


def slots_making_room(item: Mapping[str, Any], change: Change) -> Sequence[str]:
    """Return the slots of grants that were revoked since, where a change needs the room of one of them."""
    is_full = _opens_slot(item, change) and len(_grants(item)) >= MOST_GRANTS
    return _ended(item) if is_full else ()


def _opens_slot(item: Mapping[str, Any], change: Change) -> bool:
    return change.value is Value.GRANTED and not all(slot in item for slot in _slots_of(change)[1:])


def _grants(item: Mapping[str, Any]) -> list[str]:
    return [name for name in item if name.startswith(_GRANT)]


def _ended(item: Mapping[str, Any]) -> list[str]:
    revoked = _revoked_since(item, "")
    return [name for name in _grants(item) if item[name]["rank"] < revoked]


def takes_effect(item: Mapping[str, Any], change: Change) -> bool:
    """Return True if a change makes a difference to what a contact's state says, and not only to its slots.

    A grant that is older than a revocation makes none; a revocation that is older than a grant makes one
    only if an older grant ends by it.
    """
    written = written_by(item, change)
    if change.register is not Register.CALL or not written:
        return bool(written)
    if change.value is Value.GRANTED:
        return change.rank > _revoked_since(item, change.category)
    whole = item.get(Register.CALL.value)
    if register_slot(change) in written and (whole is None or whole["rank"] < change.rank):
        return True
    return _standing(item) != _standing({**item, **written})


def may_have_forgotten(item: Mapping[str, Any], change: Change) -> bool:
    """Return True if a state was written before revocations were kept in it, and a change may lie before one.

    Only the history tells then whether what an older change grants was revoked between.
    """
    register = item.get(Register.CALL.value)
    if change.value is not Value.GRANTED or register is None or "kind" in register:
        return False
    is_older = change.rank < register["rank"]
    return register["value"] == Value.GRANTED and f"{_REVOKED}{_ALL}" not in item and is_older


def _revoked_since(item: Mapping[str, Any], category: str) -> str:
    """Return the rank of the newest revocation that counts for a category; empty where there is none."""
    said = [item.get(f"{_REVOKED}{each}") for each in {_ALL, category or _ALL}]
    register = item.get(Register.CALL.value)
    if register and register["value"] == Value.REVOKED:
        said.append(register)
    return max((stored["rank"] for stored in said if stored), default="")


def _standing(item: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the ranks of the grants that stand, each with the category that it counts for."""
    consent = consent_in("", item, None)
    return {(each, grant.rank) for each in ("", *CATEGORIES) for grant in consent.grants_for(each)}


def register_slot(change: Change) -> str:
    """Return the slot that says what was last said of a register, or of a category of calls."""
    name = change.register.value
    return f"{name}_{change.category}" if change.register is Register.CALL and change.category else name


def _slots_of(change: Change) -> tuple[str, ...]:
    if change.register is not Register.CALL:
        return (register_slot(change),)
    category = change.category or _ALL
    if change.value is Value.REVOKED:
        return register_slot(change), f"{_REVOKED}{category}"
    slot = f"{_GRANT}{category}_{change.terms.kind}"
    if seller := change.terms.seller.casefold():
        slot = f"{slot}_{hashlib.sha256(seller.encode()).hexdigest()[:12]}"
    return register_slot(change), slot


def stored_change(change: Change) -> Item:
    """Return a change as a slot holds it."""
    return {
        "value": change.value.value,
        "source": change.source,
        "occurred_at": format_time(change.occurred_at),
        "rank": change.rank,
        **({"expires_at": format_time(change.expires_at)} if change.expires_at else {}),
        **({"category": change.category} if change.category else {}),
        **(stored_terms(change.terms) if change.value is Value.GRANTED else {}),
    }


def stored_terms(terms: Terms) -> Item:
    """Return the terms of a grant as they are stored, without what is empty."""
    named = {"seller": terms.seller, "number": terms.number, "evidence": terms.evidence}
    return {"kind": terms.kind.value, **{name: value for name, value in named.items() if value}}


def terms_in(stored: Mapping[str, Any]) -> Terms:
    """Return the terms that were stored with a grant; of one that has no kind it is bare."""
    kind = GrantKind(stored.get("kind", GrantKind.BARE))
    return Terms(kind, stored.get("seller", ""), stored.get("number", ""), stored.get("evidence", ""))


def register_state(stored: Mapping[str, Any], now: datetime | None = None) -> RegisterState:
    """Return what a slot says at a moment; without a moment nothing has expired."""
    value = Value(stored["value"])
    ends = parse_time(stored["expires_at"]) if "expires_at" in stored else None
    if value is Value.GRANTED and ends and now and ends <= now:
        value = Value.EXPIRED
    occurred_at, category = parse_time(stored["occurred_at"]), stored.get("category", "")
    return RegisterState(
        value, stored["source"], occurred_at, stored["rank"], category, ends, terms_in(stored)
    )


def consent_in(contact_id: str, item: Mapping[str, Any], now: datetime | None) -> Consent:
    """Return what a contact's state says at a moment; without a moment nothing has expired."""
    states = _states_in(item, now)
    if not states:
        return Consent(contact_id, {})
    registers = {register: states[name] for name, register in _REGISTERS.items() if name in states}
    categories = {each: states[name] for name, each in _CATEGORIES.items() if name in states}
    revocations = {state.category: state for name, state in states.items() if name.startswith(_REVOKED)}
    grants = [state for name, state in states.items() if name.startswith(_GRANT)]
    ordered = sorted(grants, key=lambda state: state.rank, reverse=True)
    return Consent(contact_id, registers, categories, revocations, tuple(ordered))


def _states_in(item: Mapping[str, Any], now: datetime | None) -> dict[str, RegisterState]:
    states: dict[str, RegisterState] = {}
    last: tuple[object, RegisterState] | None = None
    for name, stored in item.items():
        if _is_slot(name):
            # A change stands in two slots, mostly one behind the other, and is read once.
            if last is None or last[0] != stored:
                last = stored, register_state(stored, now)
            states[name] = last[1]
    return states


def consent_after(contact_id: str, changes: Iterable[Change], moment: datetime | None = None) -> Consent:
    """Return what a contact agrees to after changes, in whatever order they come.

    Consent that was granted until `moment` or before has expired; without a moment none has.
    """
    item: Item = {}
    for change in changes:
        item |= written_by(item, change)
    return consent_in(contact_id, item, moment)


def _is_slot(name: str) -> bool:
    return name in _REGISTERS or name.startswith(_SLOTS)
