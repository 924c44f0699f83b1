"""Changes of the dialer's settings that did not come from this stack: each is written down and told once.

    <tenant>#dialer-audit / <moment>#<entry>   who changed what, with the fact that says so

The item has the entry as the log has it; the fact masks what leads to a person beside a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from outbound.clock import format_time, parse_time
from outbound.dialer.reports.entries import LogEntry
from outbound.dialer.reports.metrics import DialerReportMetric
from outbound.events import Event, new_event
from outbound.events.facts.dialer_reports import DialerChangedByOthers
from outbound.logs import logger, masked_text
from outbound.metrics import measure
from outbound.runtime import Runtime
from outbound.store.outbox import Outbox, facts_attributes
from outbound.store.table import Item, Key, Table

# Longer than the log is ever read again: an entry is told of once.
_REMEMBERED = timedelta(days=400)
# An event is for reading; the whole of it stands in the ledger and in the lake.
_LONGEST_TOLD = 1000


class ChangesByOthers:
    """Writes down, and tells of, changes that another party made."""

    def __init__(self, table: Table, outbox: Outbox, tenant: str) -> None:
        """Keep them in the state table."""
        self._table = table
        self._outbox = outbox
        self._tenant = tenant
        self._partition = f"{tenant}#dialer-audit"

    @classmethod
    def of(cls, runtime: Runtime) -> ChangesByOthers:
        """Return those of a stack."""
        return cls(runtime.state, runtime.outbox, runtime.tenant)

    def tell(self, entry: LogEntry, now: datetime) -> bool:
        """Write an entry down with its fact; return False, without effect, where it is known already."""
        key = Key(self._partition, entry.sort_key)
        written = self._table.put(
            key,
            {
                "entry_id": entry.entry_id,
                "at": format_time(entry.at),
                "actor": entry.actor,
                "action": entry.action,
                "version": entry.version,
                "operation_id": entry.operation_id,
                "details": entry.details,
                "recorded_at": format_time(now),
                "ttl": int((now + _REMEMBERED).timestamp()),
                **facts_attributes([self._fact(entry)], now),
            },
            "attribute_not_exists(#entry_id)",
        )
        if not written.done:
            return False
        measure(DialerReportMetric.CHANGED_BY_OTHERS)
        said = {"entry_id": entry.entry_id, "action": entry.action[:64], "version": entry.version}
        logger.error("the dialer's settings were changed by another party", extra=said)
        self._outbox.publish_or_leave(key, written.item)
        return True

    def between(self, start: datetime, end: datetime) -> Iterator[Item]:
        """Return what is known of a period, the newest first."""
        for item in self._table.query(self._partition, descending=True):
            at = parse_time(item["at"])
            if at < start:
                return
            if at < end:
                yield item

    def _fact(self, entry: LogEntry) -> Event:
        # Who, and not how to reach them: an address is for those who may read the ledger.
        actor = masked_text(entry.actor)
        fact = DialerChangedByOthers(
            entry_id=entry.entry_id,
            changed_at=format_time(entry.at),
            actor=actor,
            action=entry.action,
            version=entry.version,
            operation_id=entry.operation_id or None,
            message=f"{actor or 'a party that the log does not name'}: {entry.action},"
            f" version {entry.version or 'not named'}",
            details=masked_text(entry.details)[:_LONGEST_TOLD],
        )
        return new_event(fact, self._tenant, entry.at, (entry.sort_key,))
