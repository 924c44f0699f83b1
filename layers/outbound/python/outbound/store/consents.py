"""What each contact agreed to: the state that stands, and every change that was ever told.

One partition a contact. The item `call` holds two registers, call consent and do-not-call; each is as the
newest change says, by the time at which the change happened and not at which it was told. Beside it stands
one item a change, with when it was told, so that it can be shown what was known at any moment. Nothing
here expires.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from outbound.clock import format_time, parse_time
from outbound.events import Event
from outbound.store.outbox import SET_FACTS, facts_attributes, facts_values
from outbound.store.table import Item, Key, Table

_STATE = "call"
_CHANGES = "change#"


class Register(StrEnum):
    """What a contact can be asked for or refuse."""

    CALL = "call_consent"
    DO_NOT_CALL = "do_not_call"


class Value(StrEnum):
    """What a register can say."""

    GRANTED = "granted"
    REVOKED = "revoked"
    SET = "set"
    LIFTED = "lifted"

    @property
    def forbids(self) -> bool:
        """Whether nobody may be called on it."""
        return self in (Value.REVOKED, Value.SET)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one register, as a source told it."""

    contact_id: str
    register: Register
    value: Value
    source: str
    occurred_at: datetime
    event_id: str

    @property
    def rank(self) -> str:
        """Its place in the order of changes, as a text that sorts: the greatest of a register stands.

        By time; of two at the same moment the one that forbids, since a wrong call does more harm than a
        call that is not made; and of two that are alike the one with the greater event id.
        """
        return f"{_stamp(self.occurred_at)}#{int(self.value.forbids)}#{self.event_id}#{self.value.value}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a register says, since when, and who said so."""

    value: Value
    source: str
    occurred_at: datetime
    rank: str


@dataclass(frozen=True, slots=True)
class Told:
    """A change with when it was told, and what became of it."""

    change: Change
    recorded_at: datetime
    took_effect: bool
    refused: str = ""
    """Why it counts for nothing, where it does not."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a contact agreed to."""

    contact_id: str
    registers: Mapping[Register, Standing]

    @property
    def refusal(self) -> str:
        """Why nobody may call: `do_not_call`, `consent_revoked` or `no_consent`; empty if one may."""
        if self.says(Register.DO_NOT_CALL) == Value.SET:
            return "do_not_call"
        call = self.says(Register.CALL)
        if call is None:
            return "no_consent"
        return "" if call == Value.GRANTED else "consent_revoked"

    @property
    def callable(self) -> bool:
        """Whether one may call: only with consent that was granted, and not on the do-not-call list."""
        return not self.refusal

    def says(self, register: Register) -> Value | None:
        """Give what a register says, None where nobody ever said anything."""
        standing = self.registers.get(register)
        return standing.value if standing else None


class Consents:
    """Reads what the contacts of one tenant agreed to."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Read from the consent table."""
        self._table = table
        self._tenant = tenant

    def of(self, contact_id: str) -> Consent:
        """Give what a contact agreed to; of one that was never heard of, nothing is known."""
        return _consent(contact_id, self._table.get(self.state_key(contact_id)) or {})

    def of_all(self, contact_ids: Iterable[str]) -> dict[str, Consent]:
        """Give what many contacts agreed to, each by its id, in one call for a hundred of them."""
        keys = {contact_id: self.state_key(contact_id) for contact_id in contact_ids}
        items = self._table.get_many(keys.values())
        return {contact_id: _consent(contact_id, items.get(key, {})) for contact_id, key in keys.items()}

    def history(self, contact_id: str) -> Iterator[Told]:
        """Give every change of a contact, in the order in which they happened."""
        for item in self._table.query(self.state_key(contact_id).pk, _CHANGES):
            yield _told(contact_id, item)

    def as_known_at(self, contact_id: str, moment: datetime) -> Consent:
        """Give what was known of a contact at a moment, from the changes that had been told by then."""
        known = (told for told in self.history(contact_id) if told.recorded_at <= moment)
        return standing_after(contact_id, (told.change for told in known if not told.refused))

    def state_key(self, contact_id: str) -> Key:
        """The key of a contact's state."""
        return Key(f"{self._tenant}#contact#{contact_id}", _STATE)


class ConsentLedger(Consents):
    """Writes down what was told; each write is whole or not at all, and done once."""

    def told(self, change: Change) -> Item | None:
        """Give the item of a change that was told before, None of one that is new."""
        return self._table.get(self.change_key(change))

    def record(self, change: Change, standing: Standing | None, fact: Event, now: datetime) -> bool:
        """Let a change take effect, with its fact, if its register still says what it said.

        False where somebody else was faster: with this register, or with the change itself.
        """
        register = change.register.value
        values = {":new": _stored(change), **facts_values([fact], now)}
        condition = f"attribute_not_exists(#{register})"
        if standing:
            condition, values[":seen"] = f"#{register}.#rank = :seen", standing.rank
        state = self._table.updating(
            self.state_key(change.contact_id), f"SET #{register} = :new, {SET_FACTS}", values, condition
        )
        return self._table.transact([self._noting(change, now, took_effect=True), state])

    def note(self, change: Change, now: datetime, refused: str = "", facts: Sequence[Event] = ()) -> bool:
        """Write down a change that takes no effect, with its facts if it has any; False where it is there."""
        attributes = facts_attributes(facts, now) if facts else {}
        item = _history(change, now, took_effect=False) | {"refused": refused or None, **attributes}
        return self._table.put(self.change_key(change), item, "attribute_not_exists(#pk)").done

    def change_key(self, change: Change) -> Key:
        """The key of a change.

        The value belongs to it: a kept delivery that is mapped anew has its old ids, and may say another.
        """
        pk = self.state_key(change.contact_id).pk
        told = f"{_stamp(change.occurred_at)}#{change.event_id}#{change.value.value}"
        return Key(pk, f"{_CHANGES}{told}")

    def _noting(self, change: Change, now: datetime, took_effect: bool) -> Item:
        item = _history(change, now, took_effect)
        return self._table.putting(self.change_key(change), item, "attribute_not_exists(#pk)")


def standing_after(contact_id: str, changes: Iterable[Change]) -> Consent:
    """Give what is agreed to after changes, in whatever order they are given."""
    newest: dict[Register, Change] = {}
    for change in changes:
        known = newest.get(change.register)
        if known is None or known.rank < change.rank:
            newest[change.register] = change
    return Consent(contact_id, {register: _standing(_stored(change)) for register, change in newest.items()})


def _stamp(moment: datetime) -> str:
    """A moment with all its microseconds, so that texts sort as the moments do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)


def _stored(change: Change) -> Item:
    return {
        "value": change.value.value,
        "source": change.source,
        "occurred_at": format_time(change.occurred_at),
        "rank": change.rank,
    }


def _history(change: Change, now: datetime, took_effect: bool) -> Item:
    return {
        "register": change.register.value,
        "value": change.value.value,
        "source": change.source,
        "occurred_at": format_time(change.occurred_at),
        "event_id": change.event_id,
        "recorded_at": format_time(now),
        "took_effect": took_effect,
    }


def _standing(stored: Mapping[str, Any]) -> Standing:
    occurred_at = parse_time(stored["occurred_at"])
    return Standing(Value(stored["value"]), stored["source"], occurred_at, stored["rank"])


def _consent(contact_id: str, item: Item) -> Consent:
    return Consent(contact_id, {one: _standing(item[one]) for one in Register if one in item})


def _told(contact_id: str, item: Item) -> Told:
    change = Change(
        contact_id,
        Register(item["register"]),
        Value(item["value"]),
        item["source"],
        parse_time(item["occurred_at"]),
        item["event_id"],
    )
    recorded_at = parse_time(item["recorded_at"])
    return Told(change, recorded_at, item["took_effect"], item.get("refused", ""))
