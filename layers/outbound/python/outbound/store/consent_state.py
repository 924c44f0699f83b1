"""What a contact can agree to and refuse: changes, what stands after them, and what follows for calls."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

K = TypeVar("K")


class Register(StrEnum):
    """What a contact can be asked for or refuse."""

    CALL = "call_consent"
    DO_NOT_CALL = "do_not_call"
    RECORD = "record"
    """Whether the CRM still has the contact."""


class GrantKind(StrEnum):
    """How consent was given, the weakest first."""

    BARE = "bare"
    """A flag that says yes, and nothing of how it was given."""

    EXPRESS = "express"
    WRITTEN = "written"


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
class Terms:
    """How a grant was given: its kind, to which seller, for which number, and where that can be looked up.

    Of a number the last four digits are kept: enough to tell the numbers of a person apart.
    """

    kind: GrantKind = GrantKind.BARE
    seller: str = ""
    number: str = field(default="", repr=False)
    evidence: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one register, as its source reported it.

    `stated` is the time as its source gave it, where the change does not count from then: an early clock's,
    or none at all. The same change is recognised by it when it comes again. `expires_at` and `terms` are
    those of what was granted. `scope` is the category that its source named; a revocation that is
    `for_everything` counts for all calls although it named one.
    """

    contact_id: str
    register: Register
    value: Value
    source: str
    occurred_at: datetime
    event_id: str
    stated: str = ""
    expires_at: datetime | None = None
    scope: str = ""
    for_everything: bool = False
    terms: Terms = Terms()

    @property
    def category(self) -> str:
        """The category of calls that it counts for, empty where it counts for all."""
        return "" if self.for_everything else self.scope

    @property
    def particulars(self) -> str:
        """A hash of scope and terms, empty of a change that has none."""
        return _particulars(self.scope, self.terms)

    @property
    def rank(self) -> str:
        """Its place in the order of changes, as a text that sorts: the greatest of a slot stands.

        By time; of two at the same moment the one that forbids, since a wrong call does more harm than a
        call that is not made; and of two that are alike the one with the greater event id.
        """
        rank = f"{stamp(self.occurred_at)}#{int(self.value.forbids)}#{self.event_id}#{self.value.value}"
        return f"{rank}#{self.particulars}" if self.particulars else rank


# A change is asked for it some twenty times while it is recorded.
@lru_cache(maxsize=256)
def _particulars(scope: str, terms: Terms) -> str:
    if not scope and terms == Terms():
        return ""
    about = (scope, terms.kind, terms.seller, terms.number, terms.evidence)
    return hashlib.sha256("\x1f".join(about).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class RegisterState:
    """What a register says, since when, and by which source; of a grant its category, terms and end."""

    value: Value
    source: str
    occurred_at: datetime
    rank: str
    category: str = ""
    expires_at: datetime | None = None
    terms: Terms = Terms()


@dataclass(frozen=True, slots=True)
class Consent:
    """What a contact agreed to and refused.

    `categories` is what was said last of one category of calls alone. `revocations` has the newest by
    category, the empty text standing for all calls; `grants` has every grant of a kind and seller that none
    has replaced. What a state of before that kinds were kept says stands in its registers alone. `merged` are
    the contacts that were merged into this one: they are the same person.
    """

    contact_id: str
    registers: Mapping[Register, RegisterState]
    categories: Mapping[str, RegisterState] = field(default_factory=dict)
    revocations: Mapping[str, RegisterState] = field(default_factory=dict)
    grants: tuple[RegisterState, ...] = ()
    merged: tuple[str, ...] = ()

    @property
    def refusal(self) -> str:
        """Why the contact may not be called in general; empty if it may.

        `do_not_call`, `deleted`, `consent_revoked`, `consent_expired` or `no_consent`.
        """
        return self.refusal_for("")

    @property
    def callable(self) -> bool:
        """Whether the contact may be called: with consent granted, and not on the do-not-call list."""
        return not self.refusal

    def refusal_for(self, category: str) -> str:
        """Return why the contact may not be called for a category of calls, by the names of `refusal`."""
        if self.value_of(Register.DO_NOT_CALL) == Value.SET:
            return "do_not_call"
        if self.value_of(Register.RECORD) == Value.DELETED:
            return "deleted"
        grants = self.grants_for(category)
        if any(grant.value is Value.GRANTED for grant in grants):
            return ""
        if grants:
            return "consent_expired"
        return "consent_revoked" if self.revocation_for(category) else "no_consent"

    def value_of(self, register: Register) -> Value | None:
        """Return what a register says, None where no change of it was recorded."""
        state = self.registers.get(register)
        return state.value if state else None

    def revocation_for(self, category: str) -> RegisterState | None:
        """Return the newest revocation that counts for a category, whatever was granted after it."""
        said = (
            self.revocations.get(""),
            self.revocations.get(category),
            self.registers.get(Register.CALL),
            self.categories.get(category),
        )
        revoked = [each for each in said if each is not None and each.value is Value.REVOKED]
        return max(revoked, key=_rank_of) if revoked else None

    def grants_for(self, category: str) -> list[RegisterState]:
        """Return the grants that count for a category, newest first; some of them may have expired."""
        revoked = self.revocation_for(category)
        return [
            grant
            for grant in self.all_grants()
            if grant.category in ("", category) and (revoked is None or grant.rank > revoked.rank)
        ]

    def all_grants(self) -> list[RegisterState]:
        """Return every grant that is known, newest first, whether it was revoked since or not."""
        granted = {each.rank: each for each in self._states() if each.value in (Value.GRANTED, Value.EXPIRED)}
        found = list(granted.values())
        return sorted(found, key=_rank_of, reverse=True) if len(found) > 1 else found

    def changed_since(self, moment: datetime) -> bool:
        """Return True if anything that is said here happened after a moment, or has ended by now."""
        return any(each.occurred_at > moment or each.value is Value.EXPIRED for each in self._states())

    def _states(self) -> Iterator[RegisterState]:
        yield from self.registers.values()
        yield from self.categories.values()
        yield from self.revocations.values()
        yield from self.grants

    def passing_on(self) -> Iterable[tuple[Register, RegisterState]]:
        """Return what counts for the survivor of a merge too: what stands and was refused."""
        listed = self.registers.get(Register.DO_NOT_CALL)
        if listed and listed.value is Value.SET:
            yield Register.DO_NOT_CALL, listed
        whole = self.registers.get(Register.CALL)
        for state in (whole, *self.categories.values()):
            if state and state.value is Value.REVOKED and (whole is None or state.rank >= whole.rank):
                yield Register.CALL, state

    def with_refusal(self, register: Register, state: RegisterState) -> Consent:
        """Return this consent with a refusal, which counts where it is newer than what is said."""
        registers, categories = dict(self.registers), dict(self.categories)
        revocations = dict(self.revocations)
        if state.category:
            _put_newer(categories, state.category, state)
        else:
            _put_newer(registers, register, state)
        if register is Register.CALL:
            _put_newer(revocations, state.category, state)
        return replace(self, registers=registers, categories=categories, revocations=revocations)


def passes_on(register: Register, value: Value) -> bool:
    """Return True if what a merged contact's register says counts for its survivor: what it refused."""
    return (register, value) in ((Register.CALL, Value.REVOKED), (Register.DO_NOT_CALL, Value.SET))


def stamp(moment: datetime) -> str:
    """Return a moment with all its microseconds, so that texts sort as the moments do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)


def _put_newer(states: dict[K, RegisterState], name: K, state: RegisterState) -> None:
    """Let a state take the place of an older one."""
    if name not in states or states[name].rank < state.rank:
        states[name] = state


def _rank_of(state: RegisterState) -> str:
    return state.rank
