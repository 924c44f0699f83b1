"""The tenant's audit log of the dialer, from CXone into the lake; what others changed is told.

    until - overlap ......... until ......................... now - settle ....... now
        read again: late ones | new, up to the first in doubt | not judged yet     |

An entry is in the lake once it is judged, and told of once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from outbound.clock import Clock
from outbound.cxone.errors import UnexpectedAnswer
from outbound.cxone.ports.dialer_reports import AuditEntry, DialerReportsPort, Period
from outbound.dialer.own_changes import OwnChanges
from outbound.dialer.reports.changes import ChangesByOthers
from outbound.dialer.reports.day_parts import DayParts
from outbound.dialer.reports.entries import EntryJudge, Judged, LogEntry, Origin, read_entry
from outbound.dialer.reports.hours import Unreadable
from outbound.dialer.reports.metrics import DialerReportMetric
from outbound.dialer.reports.set_aside import Odd, set_aside
from outbound.dialer.reports.settings import DialerReportSettings
from outbound.dialer.reports.watermarks import Watermark, Watermarks
from outbound.metrics import measure
from outbound.store.objects import Lake

PREFIX = "dialer_audit"
_NAME = "audit"
# What is read at once, and held in memory meanwhile; a span with more is read in halves.
_STEP = timedelta(days=1)
_SHORTEST = timedelta(minutes=1)
_MOST_ENTRIES = 20_000


class _TooMany(Exception):
    """A span has more entries than are read at once."""


@dataclass(frozen=True, slots=True)
class _Read:
    """The entries of a span by what they are known by, and what cannot be read."""

    entries: Mapping[str, LogEntry]
    odd: Sequence[Odd]


class AuditReport:
    """Collects the log."""

    def __init__(
        self,
        port: DialerReportsPort,
        lake: Lake,
        marks: Watermarks,
        own: OwnChanges,
        others: ChangesByOthers,
        clock: Clock,
    ) -> None:
        """Read through a port, write to the lake, compare with our own changes and tell of the others."""
        self._port = port
        self._lake = lake
        self._marks = marks
        self._own = own
        self._others = others
        self._clock = clock
        self._parts = DayParts(lake, PREFIX, lambda row: str(row["sort_key"]))

    def collect(self, mark: Watermark, settings: DialerReportSettings) -> None:
        """Bring the report up to the present, less the time that an entry settles.

        Raises the errors of CXone. What was read before is in the lake, and the watermark behind it.
        """
        end = self._clock.now() - settings.audit_settle
        start = _start(mark, end, settings)
        while start < end:
            period, read = self._read(Period(start, min(start + _STEP, end)), settings)
            start = self._taken(read, self._judge(mark, period, settings), period)
            if start < period.end:
                # An entry waits for what is in doubt: the log is read from there again.
                self._marks.move(mark, start, self._clock.now())
                return
            if mark.until is None or mark.until < start:
                moved = self._marks.move(mark, start, self._clock.now())
                if moved is None:
                    # Another invocation is at it.
                    return
                mark = moved

    def _judge(self, mark: Watermark, period: Period, settings: DialerReportSettings) -> EntryJudge:
        # Read after the log: what is in there was asked for, and written down, before.
        known = self._own.known(period.start)
        return EntryJudge(known, settings.quiet_actions, mark.begun_at, settings.audit_in_doubt)

    def _read(self, period: Period, settings: DialerReportSettings) -> tuple[Period, _Read]:
        """Return a span, or the first part of it that is not too much at once, with its entries."""
        while True:
            try:
                return period, self._entries(period, settings)
            except _TooMany:
                length = (period.end - period.start) / 2
                if length < _SHORTEST:
                    raise UnexpectedAnswer(
                        f"the audit log has more than {_MOST_ENTRIES} entries in two minutes"
                    ) from None
                period = Period(period.start, period.start + length)

    def _entries(self, period: Period, settings: DialerReportSettings) -> _Read:
        entries: dict[str, LogEntry] = {}
        odd: list[Odd] = []
        for page in self._port.audit_pages(period, settings.audit_page_size):
            for each in _readable(page, odd):
                # One that CXone reports beside the span belongs to another one.
                if period.start <= each.at < period.end:
                    entries[each.sort_key] = each
            if len(entries) + len(odd) > _MOST_ENTRIES:
                raise _TooMany
        return _Read(entries, odd)

    def _taken(self, read: _Read, judge: EntryJudge, period: Period) -> datetime:
        """Write down what a span has, tell of what others changed, and return up to when it is judged."""
        set_aside(self._lake, PREFIX, period.end.date(), _NAME, read.odd)
        now = self._clock.now()
        judged: list[tuple[LogEntry, Judged]] = []
        reached = period.end
        for key in sorted(read.entries):
            entry = read.entries[key]
            verdict = judge.judge(entry, now)
            if verdict is not None:
                judged.append((entry, verdict))
            else:
                reached = min(reached, entry.at)
        self._write(judged)
        for entry, verdict in judged:
            if verdict.origin is Origin.OTHERS:
                self._others.tell(entry, now)
        return reached

    def _write(self, judged: Sequence[tuple[LogEntry, Judged]]) -> None:
        days: dict[date, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        for entry, verdict in judged:
            days[entry.at.date()][entry.sort_key] = entry.as_row(verdict)
        new = sum(self._parts.merge(day, _NAME, rows) for day, rows in days.items())
        if new:
            measure(DialerReportMetric.AUDIT_ENTRIES, new)


def _readable(page: Sequence[AuditEntry], odd: list[Odd]) -> Iterator[LogEntry]:
    for each in page:
        try:
            yield read_entry(each)
        except Unreadable as wrong:
            odd.append(Odd(str(wrong), each.source))


def _start(mark: Watermark, end: datetime, settings: DialerReportSettings) -> datetime:
    """Return from when on the log is read: behind the watermark by the overlap, unless all of it is read."""
    if mark.until is None:
        return end - settings.back
    return end if mark.until >= end else mark.until - settings.audit_overlap
