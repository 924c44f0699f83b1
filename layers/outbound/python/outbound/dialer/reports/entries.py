"""An entry of the tenant's audit log, checked, and whose change it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from outbound.clock import format_time
from outbound.cxone.ports.dialer_reports import AuditEntry
from outbound.dialer.own_changes import KnownChanges
from outbound.dialer.reports.hours import Unreadable
from outbound.moments import NoMoment, moment_in

_LONGEST = 256
# Details are for reading; a version with all settings in it has some hundred characters.
_LONGEST_DETAILS = 10_000


class Origin(StrEnum):
    """Whose change an entry is about."""

    OURS = "ours"
    OTHERS = "others"
    QUIET = "quiet"
    """Nothing was changed by it."""

    EARLIER = "earlier"
    """From before this stack read the log; it is kept, and not judged."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What was done to the dialer's settings, by whom and when; texts are empty where CXone does not say."""

    entry_id: str
    at: datetime
    actor: str
    action: str
    version: str
    operation_id: str
    details: str
    """As JSON, cut where it is long."""

    @property
    def sort_key(self) -> str:
        """What it is known by; entries sort by their time."""
        return f"{self.at:%Y-%m-%dT%H:%M:%S.%f}Z#{self.entry_id}"

    def as_row(self, judged: Judged) -> Mapping[str, Any]:
        """Return the row of the lake."""
        return {
            "id": self.entry_id,
            "at": format_time(self.at),
            "actor": self.actor,
            "action": self.action,
            "version": self.version,
            "operation_id": self.operation_id,
            "origin": judged.origin.value,
            "asked_by": judged.asked_by,
            "details": self.details,
            "sort_key": self.sort_key,
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """Whose change an entry is about; of our own also who asked for it."""

    origin: Origin
    asked_by: str = ""


@dataclass(frozen=True, slots=True)
class EntryJudge:
    """Says whose change an entry is about."""

    known: KnownChanges
    quiet_actions: Collection[str]
    since: datetime
    """Entries from before are not judged."""

    in_doubt: timedelta
    """So long an entry may wait for it to be known whether it is ours."""

    def judge(self, entry: LogEntry, now: datetime) -> Judged | None:
        """Return whose change it is; None where that is in doubt and may be known later."""
        if asked_by := self.known.asked_by(entry.version, entry.operation_id):
            return Judged(Origin.OURS, asked_by)
        if entry.action in self.quiet_actions:
            return Judged(Origin.QUIET)
        if entry.at < self.since:
            return Judged(Origin.EARLIER)
        if self.known.may_be_ours(entry.at) and now - entry.at < self.in_doubt:
            return None
        return Judged(Origin.OTHERS)


def read_entry(reported: AuditEntry) -> LogEntry:
    """Return an entry. Raises Unreadable naming the field that is wrong."""
    try:
        at = moment_in(reported.at)
    except NoMoment as wrong:
        raise Unreadable(f"timestamp: {wrong}") from None
    return LogEntry(
        entry_id=_required("id", reported.entry_id),
        at=at,
        actor=_text("actor", reported.actor),
        action=_required("action", reported.action),
        version=_text("versionTag", reported.version),
        operation_id=_text("details.operationId", reported.operation_id),
        details=orjson.dumps(reported.details, default=str).decode()[:_LONGEST_DETAILS],
    )


def _required(name: str, value: Any) -> str:
    text = _text(name, value)
    if not text:
        raise Unreadable(f"{name}: is missing")
    return text


def _text(name: str, value: Any) -> str:
    """Return a text; a number is what it is written as."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(f"{name}: is not a text")
    text = str(value)
    if len(text) > _LONGEST or not text.isprintable():
        raise Unreadable(f"{name}: is not a text of one line of at most {_LONGEST} characters")
    return text
