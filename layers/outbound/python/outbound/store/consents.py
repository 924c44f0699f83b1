"""What each contact agreed to: the current state, and every change that was ever recorded.

One partition a contact. The item `call` holds the registers: call consent, do-not-call, and whether the CRM
still has the contact; each is as the newest change says, by the time at which the change happened and not at
which it was recorded. Beside it stands one item a change, with when it was recorded, so that it can be shown
what was known at any moment, and one for each contact that was merged into this one. No item here is ever
deleted; consent that was granted until some day is read as expired from then on.

What a merged contact refuses, before or after, its survivor refuses: that is not copied but read there, so
that it does not matter which of the two was recorded first. What was granted to it does not pass::

    contact 17:  call = {do_not_call: set ...}
    contact 18:  call = {merged: true ...}   merged#17 = {merged_at ...}     -> 18 may not be called
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from outbound.clock import Clock, SystemClock, format_time, parse_time
from outbound.contact_ids import ledger_id
from outbound.events import Event
from outbound.store.outbox import SET_FACTS, facts_attributes, facts_values
from outbound.store.table import Item, Key, Table

_STATE = "call"
_CHANGES = "change#"
_MERGED = "merged#"
# A survivor may itself be merged into another; longer chains than this are mistakes.
_MOST_MERGES = 5


class Register(StrEnum):
    """What a contact can be asked for or refuse."""

    CALL = "call_consent"
    DO_NOT_CALL = "do_not_call"
    RECORD = "record"
    """Whether the CRM still has the contact."""


class Value(StrEnum):
    """What a register can say."""

    GRANTED = "granted"
    REVOKED = "revoked"
    SET = "set"
    LIFTED = "lifted"
    DELETED = "deleted"
    RESTORED = "restored"
    EXPIRED = "expired"
    """Granted until a time that has passed; no change says so."""

    @property
    def forbids(self) -> bool:
        """Whether it keeps a contact from being called."""
        return self in (Value.REVOKED, Value.SET, Value.DELETED, Value.EXPIRED)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one register, as its source reported it.

    `stated` is the time as its source gave it, where the change does not count from then: an early clock's,
    or none at all. The same change is recognised by it when it comes again. `expires_at` ends what was
    granted.
    """

    contact_id: str
    register: Register
    value: Value
    source: str
    occurred_at: datetime
    event_id: str
    stated: str = ""
    expires_at: datetime | None = None

    @property
    def rank(self) -> str:
        """Its place in the order of changes, as a text that sorts: the greatest of a register stands.

        By time; of two at the same moment the one that forbids, since a wrong call does more harm than a
        call that is not made; and of two that are alike the one with the greater event id.
        """
        return f"{_stamp(self.occurred_at)}#{int(self.value.forbids)}#{self.event_id}#{self.value.value}"


@dataclass(frozen=True, slots=True)
class RegisterState:
    """What a register says, since when, and by which source."""

    value: Value
    source: str
    occurred_at: datetime
    rank: str


@dataclass(frozen=True, slots=True)
class OwnState:
    """What the registers of a contact themselves say, and which contact it was merged into, if into any."""

    registers: Mapping[Register, RegisterState]
    merged_into: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """A contact that was merged into another, the survivor, and is gone."""

    contact_id: str
    survivor: str
    source: str
    occurred_at: datetime
    event_id: str


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change with when it was recorded, and what became of it."""

    change: Change
    recorded_at: datetime
    took_effect: bool
    refused: str = ""
    """Why it counts for nothing, where it does not."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a contact agreed to."""

    contact_id: str
    registers: Mapping[Register, RegisterState]

    @property
    def refusal(self) -> str:
        """Why the contact may not be called; empty if it may.

        `do_not_call`, `deleted`, `consent_revoked`, `consent_expired` or `no_consent`.
        """
        if self.value_of(Register.DO_NOT_CALL) == Value.SET:
            return "do_not_call"
        if self.value_of(Register.RECORD) == Value.DELETED:
            return "deleted"
        call = self.value_of(Register.CALL)
        if call is None:
            return "no_consent"
        return "" if call == Value.GRANTED else f"consent_{call}"

    @property
    def callable(self) -> bool:
        """Whether the contact may be called: with consent granted, and not on the do-not-call list."""
        return not self.refusal

    def value_of(self, register: Register) -> Value | None:
        """Return what a register says, None where no change of it was recorded."""
        state = self.registers.get(register)
        return state.value if state else None


class Consents:
    """Reads what the contacts of one tenant agreed to."""

    def __init__(self, table: Table, tenant: str, clock: Clock | None = None) -> None:
        """Read from the consent table; what was granted expires by this clock (default: the machine's)."""
        self._table = table
        self._tenant = tenant
        self._clock = clock or SystemClock()

    def get(self, contact_id: str) -> Consent:
        """Return what a contact agreed to; of a contact that is not known, nothing."""
        item = self._table.get(self.state_key(contact_id)) or {}
        return self._consent(contact_id, item, self._clock.now())

    def get_many(self, contact_ids: Iterable[str]) -> dict[str, Consent]:
        """Return what many contacts agreed to, each by its id, in one call for a hundred of them.

        All of it is held in memory: a caller with any number of contacts asks for them page by page.
        """
        keys = {contact_id: self.state_key(contact_id) for contact_id in contact_ids}
        items, now = self._table.get_many(keys.values()), self._clock.now()
        return {
            contact_id: self._consent(contact_id, items.get(key, {}), now) for contact_id, key in keys.items()
        }

    def history(self, contact_id: str) -> Iterator[RecordedChange]:
        """Return every change of a contact, in the order in which they happened."""
        items = self._table.query(self.state_key(contact_id).pk, _CHANGES)
        yield from sorted(
            (_recorded(contact_id, item) for item in items), key=lambda recorded: recorded.change.rank
        )

    def as_known_at(self, contact_id: str, moment: datetime) -> Consent:
        """Return what was known of a contact at a moment, from the changes that had been recorded by then."""
        return self._known_at(contact_id, moment, frozenset())

    def merged_into(self, contact_id: str) -> Sequence[tuple[Merge, datetime]]:
        """Return the contacts that were merged into this one, each with when that was recorded."""
        items = self._table.query(self.state_key(contact_id).pk, _MERGED)
        return [(_merge(contact_id, item), parse_time(item["recorded_at"])) for item in items]

    def state_key(self, contact_id: str) -> Key:
        """Return the key of a contact's state."""
        return Key(f"{self._tenant}#contact#{ledger_id(contact_id)}", _STATE)

    def _consent(
        self, contact_id: str, item: Item, now: datetime, seen: frozenset[str] = frozenset()
    ) -> Consent:
        consent = Consent(contact_id, _registers(item, now))
        seen |= {ledger_id(contact_id)}
        if "merged" not in item or len(seen) > _MOST_MERGES:
            return consent
        for merge, _ in self.merged_into(contact_id):
            if ledger_id(merge.contact_id) not in seen:
                state = self._table.get(self.state_key(merge.contact_id)) or {}
                consent = _surviving(consent, merge, self._consent(merge.contact_id, state, now, seen))
        return consent

    def _known_at(self, contact_id: str, moment: datetime, seen: frozenset[str]) -> Consent:
        known = (each for each in self.history(contact_id) if each.recorded_at <= moment)
        consent = consent_after(contact_id, (each.change for each in known if not each.refused), moment)
        seen |= {ledger_id(contact_id)}
        for merge, recorded_at in self.merged_into(contact_id) if len(seen) <= _MOST_MERGES else ():
            if recorded_at <= moment and ledger_id(merge.contact_id) not in seen:
                consent = _surviving(consent, merge, self._known_at(merge.contact_id, moment, seen))
        return consent


class ConsentLedger(Consents):
    """Records changes; each write is whole or not at all, and done once."""

    def own_state(self, contact_id: str) -> OwnState:
        """Return what a contact's registers themselves say, and which contact it was merged into."""
        item = self._table.get(self.state_key(contact_id)) or {}
        return OwnState(_registers(item, None), str(item.get("merged_into", "")))

    def link(self, merge: Merge, now: datetime) -> None:
        """Let a contact's refusals pass to its survivor, from the latest merge of the two on."""
        values = {
            ":merged": merge.contact_id,
            ":source": merge.source,
            ":occurred_at": format_time(merge.occurred_at),
            ":event_id": merge.event_id,
            ":recorded_at": format_time(now),
            ":rank": f"{_stamp(merge.occurred_at)}#{merge.event_id}",
        }
        expression = (
            "SET #merged = :merged, #source = :source, #occurred_at = :occurred_at, #event_id = :event_id, "
            "#recorded_at = if_not_exists(#recorded_at, :recorded_at), #rank = :rank"
        )
        newer = "attribute_not_exists(#rank) OR #rank < :rank"
        survivor, merged = self.state_key(merge.survivor), self.state_key(merge.contact_id)
        self._table.transact(
            [
                self._table.updating(self.link_key(merge), expression, values, newer),
                self._table.updating(survivor, "SET #merged = :merged", {":merged": True}),
                self._table.updating(merged, "SET #merged_into = :into", {":into": merge.survivor}),
            ]
        )

    def record_merge_facts(self, merge: Merge, facts: Sequence[Event], now: datetime) -> Item:
        """Store the facts about what passes by a merge, once; return the item that carries them."""
        values = {":told": format_time(now), **facts_values(facts, now)}
        expression = f"SET #told_at = :told, {SET_FACTS}"
        return self._table.update(
            self.link_key(merge), expression, values, "attribute_not_exists(#told_at)"
        ).item

    def link_key(self, merge: Merge) -> Key:
        """Return the key of a merge, among the items of the survivor."""
        return Key(self.state_key(merge.survivor).pk, f"{_MERGED}{ledger_id(merge.contact_id)}")

    def find(self, change: Change) -> Item | None:
        """Return the item of a change that was recorded before, None of one that is new."""
        return self._table.get(self.change_key(change))

    def record(self, change: Change, known: OwnState, facts: Sequence[Event], now: datetime) -> bool:
        """Let a change take effect, with its facts, if its contact's state still is the one that was read.

        Args:
            change: What its register is to say.
            known: The contact's state as it was read.
            facts: What is to be published.
            now: When it is recorded.

        Returns:
            False where another invocation was faster: with this register, with a merge, or with the change
            itself.
        """
        register, state = change.register.value, known.registers.get(change.register)
        values = {":new": _stored(change), **facts_values(facts, now)}
        condition = f"attribute_not_exists(#{register})"
        if state:
            condition, values[":seen"] = f"#{register}.#rank = :seen", state.rank
        if known.merged_into:
            condition, values[":into"] = f"{condition} AND #merged_into = :into", known.merged_into
        else:
            condition = f"{condition} AND attribute_not_exists(#merged_into)"
        update = self._table.updating(
            self.state_key(change.contact_id), f"SET #{register} = :new, {SET_FACTS}", values, condition
        )
        return self._table.transact([self._noting(change, now, took_effect=True), update])

    def record_without_effect(
        self, change: Change, now: datetime, refused: str = "", facts: Sequence[Event] = ()
    ) -> bool:
        """Record a change that takes no effect; return False where it is recorded already.

        Args:
            change: What was asked for.
            now: When it is recorded.
            refused: The field for which it counts for nothing, empty where it only came behind a newer one.
            facts: What is to be published.
        """
        attributes = facts_attributes(facts, now) if facts else {}
        item = _history(change, now, took_effect=False) | {"refused": refused or None, **attributes}
        return self._table.put(self.change_key(change), item, "attribute_not_exists(#pk)").done

    def change_key(self, change: Change) -> Key:
        """Return the key of a change.

        The value belongs to it: a kept delivery that is mapped anew has its old ids, and may say another.
        """
        pk = self.state_key(change.contact_id).pk
        stated = change.stated or _stamp(change.occurred_at)
        return Key(pk, f"{_CHANGES}{stated}#{change.event_id}#{change.value.value}")

    def _noting(self, change: Change, now: datetime, took_effect: bool) -> Item:
        item = _history(change, now, took_effect)
        return self._table.putting(self.change_key(change), item, "attribute_not_exists(#pk)")


def consent_after(contact_id: str, changes: Iterable[Change], moment: datetime | None = None) -> Consent:
    """Return what a contact agrees to after changes, in whatever order they come.

    Consent that was granted until `moment` or before has expired; without a moment none has.
    """
    newest: dict[Register, Change] = {}
    for change in changes:
        known = newest.get(change.register)
        if known is None or known.rank < change.rank:
            newest[change.register] = change
    stored = {register.value: _stored(change) for register, change in newest.items()}
    return Consent(contact_id, _registers(stored, moment))


def passes_on(register: Register, value: Value) -> bool:
    """Return True if what a merged contact's register says counts for its survivor: what it refused."""
    return (register, value) in ((Register.CALL, Value.REVOKED), (Register.DO_NOT_CALL, Value.SET))


def stated_time(moment: datetime) -> str:
    """Return the time of a change as the key of the change has it."""
    return _stamp(moment)


def _stamp(moment: datetime) -> str:
    """Return a moment with all its microseconds, so that texts sort as the moments do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)


def _stored(change: Change) -> Item:
    return {
        "value": change.value.value,
        "source": change.source,
        "occurred_at": format_time(change.occurred_at),
        "rank": change.rank,
        **({"expires_at": format_time(change.expires_at)} if change.expires_at else {}),
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
        "stated": change.stated or None,
        "expires_at": format_time(change.expires_at) if change.expires_at else None,
    }


def _register_state(stored: Mapping[str, Any], now: datetime | None = None) -> RegisterState:
    value, ends = Value(stored["value"]), stored.get("expires_at")
    if value is Value.GRANTED and ends and now and parse_time(ends) <= now:
        value = Value.EXPIRED
    return RegisterState(value, stored["source"], parse_time(stored["occurred_at"]), stored["rank"])


def _registers(item: Mapping[str, Any], now: datetime | None) -> dict[Register, RegisterState]:
    return {register: _register_state(item[register], now) for register in Register if register in item}


def _surviving(consent: Consent, merge: Merge, merged: Consent) -> Consent:
    """Return the consent of a survivor with what the contact that was merged into it refuses.

    From the merge on, or from when it was refused if that was later.
    """
    registers = dict(consent.registers)
    for register, state in merged.registers.items():
        if not passes_on(register, state.value):
            continue
        since = max(state.occurred_at, merge.occurred_at)
        source = f"{state.source} (of {merge.contact_id}, merged)"
        rank = f"{_stamp(since)}#1#{state.rank}"
        known = registers.get(register)
        if known is None or known.rank < rank:
            registers[register] = RegisterState(state.value, source, since, rank)
    return Consent(consent.contact_id, registers)


def _merge(survivor: str, item: Item) -> Merge:
    moment = parse_time(item["occurred_at"])
    return Merge(item["merged"], survivor, item["source"], moment, item["event_id"])


def _recorded(contact_id: str, item: Item) -> RecordedChange:
    change = Change(
        contact_id,
        Register(item["register"]),
        Value(item["value"]),
        item["source"],
        parse_time(item["occurred_at"]),
        item["event_id"],
        item.get("stated", ""),
        parse_time(item["expires_at"]) if "expires_at" in item else None,
    )
    recorded_at = parse_time(item["recorded_at"])
    return RecordedChange(change, recorded_at, item["took_effect"], item.get("refused", ""))
