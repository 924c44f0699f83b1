"""What each contact agreed to: the current state, and every change that was ever recorded.

One partition a contact. The item `call` holds its state, as `consent_slots` folds it from changes: call
consent, do-not-call, and whether the CRM still has the contact; each is as the newest change says, by the
time at which the change happened and not at which it was recorded. Beside it stands one item a change, with
when it was recorded, so that it can be shown what was known at any moment, and one for each contact that was
merged into this one. No item here is ever deleted; consent that was granted until some day is read as
expired from then on.

What a merged contact refuses, before or after, its survivor refuses: that is not copied but read there, so
that it does not matter which of the two was recorded first. What was granted to it does not pass::

    contact 17:  call = {do_not_call: set ...}
    contact 18:  call = {merged: true ...}   merged#17 = {merged_at ...}     -> 18 may not be called
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from outbound.clock import Clock, SystemClock, format_time, parse_time
from outbound.contact_ids import ledger_id
from outbound.events import Event
from outbound.store.consent_slots import (
    consent_after,
    consent_in,
    has_no_room,
    may_have_forgotten,
    register_slot,
    slots_making_room,
    stored_terms,
    takes_effect,
    terms_in,
    written_by,
)
from outbound.store.consent_state import Change, Consent, Register, RegisterState, Value, stamp
from outbound.store.outbox import SET_FACTS, facts_attributes, facts_values
from outbound.store.table import Item, Key, Table

_STATE = "call"
_CHANGES = "change#"
_MERGED = "merged#"
# A survivor may itself be merged into another; longer chains than this are mistakes.
_MOST_MERGES = 5
_CANCELED = "TransactionCanceledException"


@dataclass(frozen=True, slots=True)
class OwnState:
    """A contact's own state as it was read, without what passes to it by merges.

    `recalled` are slots that only the history tells: the next write adds them.
    """

    item: Mapping[str, Any]
    recalled: Mapping[str, Any] = field(default_factory=dict)

    @property
    def merged_into(self) -> str:
        """The contact that it was merged into, empty where it was not."""
        return str(self.item.get("merged_into", ""))

    @property
    def revision(self) -> int:
        """How often the state was written; 0 of one that was never, or last before that was counted."""
        return int(self.item.get("revision", 0))

    def previous(self, change: Change) -> str | None:
        """Return what is said where a change is to say something else, None where nothing is."""
        stored = self.item.get(register_slot(change))
        return stored["value"] if stored else None

    def written_by(self, change: Change) -> Item:
        """Return the slots that a change writes."""
        return written_by({**self.item, **self.recalled}, change)

    def has_no_room(self, change: Change) -> bool:
        """Return True if a change grants to one seller more than a state has room for."""
        return has_no_room(self.item, change)

    def takes_effect(self, change: Change) -> bool:
        """Return True if a change makes a difference to what the state says."""
        return takes_effect({**self.item, **self.recalled}, change)


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


Counts = Callable[[datetime, datetime], bool]
"""Whether a change or a merge counts, by when it happened and when it was recorded."""


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
        return self._folded(contact_id, moment, lambda _, recorded_at: recorded_at <= moment)

    def as_it_was(self, contact_id: str, moment: datetime) -> Consent:
        """Return what held for a contact at a moment, from the changes that had happened by then.

        By all that is recorded now: also what was recorded only after the moment.
        """
        return self._folded(contact_id, moment, lambda occurred_at, _: occurred_at <= moment)

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
        consent = consent_in(contact_id, item, now)
        seen |= {ledger_id(contact_id)}
        if "merged" not in item or len(seen) > _MOST_MERGES:
            return consent
        for merge, _ in self.merged_into(contact_id):
            if ledger_id(merge.contact_id) not in seen:
                state = self._table.get(self.state_key(merge.contact_id)) or {}
                consent = _surviving(consent, merge, self._consent(merge.contact_id, state, now, seen))
        return consent

    def _folded(
        self, contact_id: str, moment: datetime, counts: Counts, seen: frozenset[str] = frozenset()
    ) -> Consent:
        """Return what the changes and merges come to that count, by when they happened and were recorded."""
        changes = (
            each.change
            for each in self.history(contact_id)
            if not each.refused and counts(each.change.occurred_at, each.recorded_at)
        )
        consent = consent_after(contact_id, changes, moment)
        seen |= {ledger_id(contact_id)}
        for merge, recorded_at in self.merged_into(contact_id) if len(seen) <= _MOST_MERGES else ():
            if counts(merge.occurred_at, recorded_at) and ledger_id(merge.contact_id) not in seen:
                consent = _surviving(consent, merge, self._folded(merge.contact_id, moment, counts, seen))
        return consent


class ConsentLedger(Consents):
    """Records changes; each write is whole or not at all, and done once."""

    def own_state(self, contact_id: str) -> OwnState:
        """Return a contact's own state."""
        return OwnState(self._table.get(self.state_key(contact_id)) or {})

    def state_before(self, change: Change) -> OwnState:
        """Return the own state of a change's contact, with what of its history the change needs."""
        return self.recalling(change, self.own_state(change.contact_id))

    def recalling(self, change: Change, known: OwnState) -> OwnState:
        """Return a state with the newest revocation of its history, where the state may have forgotten it."""
        if not may_have_forgotten(known.item, change):
            return known
        recalled: Item = {}
        for each in self.history(change.contact_id):
            if each.change.value is Value.REVOKED and not each.refused:
                recalled |= written_by(recalled, each.change)
        # The registers stand as they are.
        revoked = {name: stored for name, stored in recalled.items() if name not in known.item}
        return replace(known, recalled=revoked)

    def link(self, merge: Merge, now: datetime) -> None:
        """Let a contact's refusals pass to its survivor, from the latest merge of the two on."""
        values = {
            ":merged": merge.contact_id,
            ":source": merge.source,
            ":occurred_at": format_time(merge.occurred_at),
            ":event_id": merge.event_id,
            ":recorded_at": format_time(now),
            ":rank": f"{stamp(merge.occurred_at)}#{merge.event_id}",
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
                self._table.updating(
                    merged,
                    "SET #merged_into = :into, #revision = if_not_exists(#revision, :none) + :one",
                    {":into": merge.survivor, ":none": 0, ":one": 1},
                ),
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
        """Write a change and what it makes of its contact's state, if that still is the one that was read.

        Args:
            change: What its register is to say.
            known: The contact's state as it was read.
            facts: What is to be published; nothing of a change that takes no effect.
            now: When it is recorded.

        Returns:
            False where another invocation was faster: with this contact, or with the change itself.
        """
        return self._table.transact(self.writes_of(change, known, facts, now))

    def writes_of(
        self, change: Change, known: OwnState, facts: Sequence[Event], now: datetime
    ) -> Sequence[Item]:
        """Return the writes that `record` does, to be done in one transaction with others.

        Of a change that is the newest in nothing it is its history alone.
        """
        if known.has_no_room(change):
            return [self._noting(change, now, False, "seller")]
        noting = self._noting(change, now, known.takes_effect(change))
        if not known.written_by(change):
            return [noting]
        slots = {**known.recalled, **known.written_by(change)}
        values: Item = {f":{name}": stored for name, stored in slots.items()}
        values |= {":next": known.revision + 1, **(facts_values(facts, now) if facts else {})}
        sets = [
            *(f"#{name} = :{name}" for name in slots),
            "#revision = :next",
            *([SET_FACTS] if facts else []),
        ]
        condition = "attribute_not_exists(#revision)"
        if known.revision:
            condition, values[":seen"] = "#revision = :seen", known.revision
        ended = slots_making_room(known.item, change)
        removal = f" REMOVE {', '.join(f'#{name}' for name in ended)}" if ended else ""
        update = self._table.updating(
            self.state_key(change.contact_id), f"SET {', '.join(sets)}{removal}", values, condition
        )
        return [noting, update]

    def look_up(self, changes: Sequence[Change]) -> Sequence[tuple[Change, OwnState, Item | None]]:
        """Return each change with its contact's own state, and its item where it is recorded already.

        In one call for fifty of them. No two of them may be of the same contact.
        """
        keys = [(self.state_key(change.contact_id), self.change_key(change)) for change in changes]
        items = self._table.get_many(key for pair in keys for key in pair)
        return [
            (change, self.recalling(change, OwnState(items.get(state, {}))), items.get(recorded))
            for change, (state, recorded) in zip(changes, keys, strict=True)
        ]

    def write(self, writes: Sequence[Item]) -> bool:
        """Do the writes of several changes, all or none; return False where another writer was faster."""
        try:
            return not writes or self._table.transact(writes)
        except ClientError as error:
            if error.response["Error"]["Code"] != _CANCELED:
                raise
            # Another writer is at one of the contacts at this moment.
            return False

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

        Value, scope and terms belong to it: a kept delivery that is mapped anew has its old ids, and may say
        something else.
        """
        pk = self.state_key(change.contact_id).pk
        stated = change.stated or stamp(change.occurred_at)
        key = f"{_CHANGES}{stated}#{change.event_id}#{change.value.value}"
        return Key(pk, f"{key}#{change.particulars}" if change.particulars else key)

    def _noting(self, change: Change, now: datetime, took_effect: bool, refused: str = "") -> Item:
        item = _history(change, now, took_effect) | {"refused": refused or None}
        return self._table.putting(self.change_key(change), item, "attribute_not_exists(#pk)")


def stated_time(moment: datetime) -> str:
    """Return the time of a change as the key of the change has it."""
    return stamp(moment)


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
        "scope": change.scope or None,
        "for_everything": True if change.for_everything else None,
        **(stored_terms(change.terms) if change.value is Value.GRANTED else {}),
    }


def _surviving(consent: Consent, merge: Merge, merged: Consent) -> Consent:
    """Return the consent of a survivor with the contact that was merged into it, and what that refuses.

    From the merge on, or from when it was refused if that was later.
    """
    for register, state in merged.passing_on():
        since = max(state.occurred_at, merge.occurred_at)
        source = f"{state.source} (of {merge.contact_id}, merged)"
        rank = f"{stamp(since)}#1#{state.rank}"
        passed = RegisterState(state.value, source, since, rank, state.category)
        consent = consent.with_refusal(register, passed)
    return replace(consent, merged=(*consent.merged, merge.contact_id, *merged.merged))


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
        item.get("scope", ""),
        item.get("for_everything", False),
        terms_in(item),
    )
    recorded_at = parse_time(item["recorded_at"])
    return RecordedChange(change, recorded_at, item["took_effect"], item.get("refused", ""))
