"""How far the judgement of each window has come, and who is at work on it.

One item a window. A run claims it for as long as its invocation can last, checks off part by part, and ends
it together with its fact. Where a run was cut off its claim runs out, and the next one resumes there::

    (none) --claim--> work: recording ---> judging ---> switching ---complete---> done, with the fact
                         ^ a newer generation was pulled meanwhile: begun again
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from outbound.call_audit.windows import PulledWindow
from outbound.clock import format_time, parse_time
from outbound.events import Event
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table

_REMEMBERED = timedelta(days=60)


class LostLease(Exception):
    """Another run has the window."""


@dataclass(frozen=True, slots=True)
class Work:
    """How far a window's judgement has come.

    `recorded` and `judged` count parts. `pages` are those whose judgements are staged, each with the hash of
    its lines, and `changes` is what they change, known once the switch has begun.
    """

    generation: int
    began_at: datetime
    recorded: int = 0
    judged: int = 0
    tally: Mapping[str, Any] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Any] | None = None

    def stored(self) -> Item:
        """Return it as the item holds it."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {"began_at": format_time(self.began_at)}


@dataclass(frozen=True, slots=True)
class Claim:
    """A window that this run has, and how far it is."""

    window: PulledWindow
    fence: int
    work: Work


@dataclass(frozen=True, slots=True)
class NotClaimed:
    """Why a window is not this run's: it is judged already, or another run has it for some seconds."""

    done: bool
    seconds: float = 0.0


class AuditLedger:
    """The items of one tenant's windows."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep them in the state table."""
        self._table = table
        self._tenant = tenant

    @property
    def tenant(self) -> str:
        """Whose windows they are."""
        return self._tenant

    def claim(
        self, window: PulledWindow, now: datetime, seconds: float, since: datetime | None
    ) -> Claim | NotClaimed:
        """Claim a window for so many seconds, unless it is judged already.

        It is, if this generation of it was; and where `since` is given, if that began then or later.
        """
        key = self.key(window)
        item = self._table.get(key) or {}
        if _is_done(item, window, since):
            return NotClaimed(done=True)
        left = float(item.get("lease_until", 0)) - now.timestamp()
        if left > 0:
            return NotClaimed(done=False, seconds=left)
        work = _work(item, window, since) or Work(window.generation, now)
        fence = int(item.get("fence", 0))
        written = self._table.update(
            key,
            "SET #fence = :next, #lease_until = :until, #work = :work, #ttl = :ttl",
            {
                ":next": fence + 1,
                ":until": now.timestamp() + seconds,
                ":work": work.stored(),
                ":ttl": int((now + _REMEMBERED).timestamp()),
                **({":seen": fence} if fence else {}),
            },
            "#fence = :seen" if fence else "attribute_not_exists(#fence)",
        )
        if not written.done:
            return NotClaimed(done=False, seconds=1.0)
        return Claim(window, fence + 1, work)

    def check_off(self, claim: Claim, **progress: Any) -> Claim:
        """Write down how far the work has come. Raises LostLease where another run has the window."""
        work = replace(claim.work, **progress)
        self._write(claim, "SET #work = :work", {":work": work.stored()})
        return replace(claim, work=work)

    def release(self, claim: Claim) -> None:
        """Let another run resume at once."""
        self._write(claim, "SET #lease_until = :none", {":none": 0})

    def complete(self, claim: Claim, facts: Sequence[Event], now: datetime) -> Item:
        """End a window with its fact; return the item. Raises LostLease where another run has the window."""
        done = {"generation": claim.work.generation, "began_at": format_time(claim.work.began_at)}
        sets, values = "SET #done = :done", {":done": done}
        if facts:
            sets, values = f"{sets}, {SET_FACTS}", values | facts_values(facts, now)
        return self._write(claim, f"{sets} REMOVE #work, #lease_until", values)

    def key(self, window: PulledWindow) -> Key:
        """Return the key of a window's item."""
        return Key(f"{self._tenant}#call-audit#{window.campaign_id}", window.job_id)

    def _write(self, claim: Claim, expression: str, values: Mapping[str, Any]) -> Item:
        seen = {":fence": claim.fence}
        written = self._table.update(
            self.key(claim.window), expression, {**values, **seen}, "#fence = :fence"
        )
        if not written.done:
            raise LostLease
        return written.item


def _is_done(item: Item, window: PulledWindow, since: datetime | None) -> bool:
    done = item.get("done")
    if not done or int(done["generation"]) < window.generation:
        return False
    return since is None or parse_time(done["began_at"]) >= since


def _work(item: Item, window: PulledWindow, since: datetime | None) -> Work | None:
    """Return the work of a run that did not end; None where it was about something older."""
    stored = item.get("work")
    if not stored:
        return None
    work = Work(**{**stored, "began_at": parse_time(stored["began_at"])})
    if work.generation != window.generation or (since and work.began_at < since and work.changes is None):
        return None
    return work
