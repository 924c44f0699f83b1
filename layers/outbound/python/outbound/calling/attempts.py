"""The calls that were lately made to each contact: what caps of calls are counted from.

One item a contact, one attribute a call, so that a call is recorded once however often it is pulled, in any
order, and by several invocations at a time::

    <tenant>#attempts#<contact> / recent:  c<hash of the call's id> = [id, at, campaign, subject, talked], ttl

A call is a JSON text: those of hundreds of contacts are read at once, and maps of DynamoDB take five times as
long to read.

What was recorded stays, and a conversation stays one. Calls older than caps can look back are removed as
others are added, and so are the oldest of very many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import orjson
from botocore.exceptions import ClientError

from outbound.clock import format_time
from outbound.compliance.caps import WEEK, may_be_same
from outbound.compliance.contact import Attempt
from outbound.contact_ids import ledger_id
from outbound.store.table import Item, Key, Table

KEPT = timedelta(days=35)
"""How long a call is remembered: no cap looks back further than a week, and audits some weeks more."""

CAPS_LOOK_BACK = timedelta(seconds=WEEK)
"""No cap looks back further."""

MOST_CALLS = 200
"""So many calls to one contact are remembered, the newest: caps of a week have no more, and few reach 10."""

# One transaction, and one read.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class RecordedAttempt:
    """A call that was made to a contact. One whose outcome is unknown counts like any."""

    call_id: str
    at: datetime
    campaign_id: str
    subject: str = ""
    conversation: bool = False

    def attempt(self) -> Attempt:
        """Return the call as the rules count it."""
        return Attempt(self.at, self.subject, self.conversation)


Followers = Callable[[Sequence[RecordedAttempt]], None]
"""Is told of calls that were recorded before ones that began earlier and may count for them."""


class RecentAttempts:
    """Reads and keeps the recent calls of one tenant's contacts."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep them in the state table."""
        self._table = table
        self._tenant = tenant

    def get_many(self, contact_ids: Collection[str]) -> Mapping[str, Sequence[RecordedAttempt]]:
        """Return the recent calls to contacts, oldest first; to one that was never called, none."""
        keys = {contact_id: self.key(contact_id) for contact_id in contact_ids}
        items = self._table.get_many(keys.values())
        return {contact_id: _attempts(items.get(key, {})) for contact_id, key in keys.items()}

    def of_persons(self, merged: Mapping[str, Collection[str]]) -> Mapping[str, Sequence[RecordedAttempt]]:
        """Return the recent calls to contacts, and to those that were `merged` into each, oldest first."""
        made = self.get_many({*merged, *(other for others in merged.values() for other in others)})
        return {
            contact_id: sorted((one for each in (contact_id, *others) for one in made[each]), key=_order)
            if others
            else made[contact_id]
            for contact_id, others in merged.items()
        }

    def add(
        self,
        made: Mapping[str, Sequence[RecordedAttempt]],
        now: datetime,
        followers: Followers | None = None,
    ) -> None:
        """Record calls by contact; one that is recorded already stays as it is.

        A call that turned out to be a conversation becomes one. What is older than `KEPT` is not recorded.
        `followers` is told before the calls that it follows from are written, so that none is lost by a cut.
        """
        of_contact: dict[Key, list[RecordedAttempt]] = {}
        for contact_id, calls in made.items():
            # Two ids of one contact are one item, which a transaction may name once.
            of_contact.setdefault(self.key(contact_id), []).extend(calls)
        places = iter(of_contact)
        while keys := list(islice(places, _AT_ONCE)):
            known = self._table.get_many(keys)
            changes = [
                (key, change)
                for key in keys
                if (change := _change(known.get(key, {}), of_contact[key], now)) is not None
            ]
            if followers and (
                later := [one for key, change in changes for one in change.followers(known.get(key, {}))]
            ):
                followers(later)
            self._write(changes)

    def key(self, contact_id: str) -> Key:
        """Return the key of a contact's item."""
        return Key(f"{self._tenant}#attempts#{ledger_id(contact_id)}", "recent")

    def _write(self, changes: Sequence[tuple[Key, _Change]]) -> None:
        """Write many items at once, or each by itself where another invocation writes some of them."""
        if not changes:
            return
        if len(changes) > 1 and self._written_together(changes):
            return
        for key, change in changes:
            self._table.update(key, change.expression, change.values)

    def _written_together(self, changes: Sequence[tuple[Key, _Change]]) -> bool:
        try:
            return self._table.transact(
                [self._table.updating(key, change.expression, change.values) for key, change in changes]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            return False


@dataclass(frozen=True, slots=True)
class _Change:
    """An update of one item: whatever else was written meanwhile, done once or twice, the end is the same."""

    expression: str
    values: Mapping[str, Any]

    def followers(self, item: Item) -> Iterator[RecordedAttempt]:
        """Return the calls of an item for which a new one counts: that began after it, by a week at most."""
        known = [_read(stored) for name, stored in item.items() if _is_call(name)]
        news = [_read(each) for name, each in self.values.items() if known and _is_call(name[1:])]
        for one in known:
            if any(_counts_for(new, one) for new in news):
                yield one


def _counts_for(earlier: RecordedAttempt, later: RecordedAttempt) -> bool:
    within = (earlier.at, earlier.call_id) < (
        later.at,
        later.call_id,
    ) and later.at - earlier.at <= CAPS_LOOK_BACK
    return within and may_be_same(earlier.subject, later.subject)


def _change(item: Item, calls: Sequence[RecordedAttempt], now: datetime) -> _Change | None:
    """Return what is to be written of an item, None where nothing is new."""
    oldest = now - KEPT
    known: dict[str, str] = {name: value for name, value in item.items() if _is_call(name)}
    news = {
        name: _stored(one)
        for one in calls
        if one.at >= oldest
        and ((name := _name(one.call_id)) not in known or (one.conversation and not _talked(known[name])))
    }
    if not news:
        return None
    gone = _forgotten(known | news, oldest)
    sets = [name for name in news if name not in gone]
    removed = [name for name in known if name in gone]
    if not sets:
        return None
    values: dict[str, Any] = {f":{name}": news[name] for name in sets}
    values[":ttl"] = int((now + KEPT).timestamp())
    assigned = ", ".join(
        # Another invocation may know by now that it was a conversation.
        f"#{name} = :{name}" if _talked(news[name]) else f"#{name} = if_not_exists(#{name}, :{name})"
        for name in sets
    )
    removal = f" REMOVE {', '.join(f'#{name}' for name in removed)}" if removed else ""
    return _Change(f"SET {assigned}, #ttl = :ttl{removal}", values)


def _forgotten(calls: Mapping[str, str], oldest: datetime) -> set[str]:
    began = {name: _read(stored).at for name, stored in calls.items()}
    newest_first = sorted(calls, key=lambda name: (began[name], name), reverse=True)
    return {name for name in calls if began[name] < oldest} | set(newest_first[MOST_CALLS:])


def _name(call_id: str) -> str:
    """Return the attribute of a call: an id may have any characters, and expressions take few."""
    return "c" + hashlib.blake2b(call_id.encode(errors="surrogatepass"), digest_size=12).hexdigest()


def _is_call(name: str) -> bool:
    return len(name) == 25 and name.startswith("c")


def _stored(one: RecordedAttempt) -> str:
    stored = (one.call_id, format_time(one.at), one.campaign_id, one.subject, one.conversation)
    return orjson.dumps(stored).decode()


def _read(stored: str) -> RecordedAttempt:
    call_id, at, campaign_id, subject, conversation = orjson.loads(stored)
    return RecordedAttempt(call_id, datetime.fromisoformat(at), campaign_id, subject, conversation)


def _talked(stored: str) -> bool:
    return stored.endswith("true]")


def _attempts(item: Item) -> list[RecordedAttempt]:
    calls = [_read(stored) for name, stored in item.items() if _is_call(name)]
    return sorted(calls, key=_order) if len(calls) > 1 else calls


def _order(one: RecordedAttempt) -> tuple[datetime, str]:
    return one.at, one.call_id
