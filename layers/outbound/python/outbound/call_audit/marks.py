"""Hours of calls that are to be judged again: marked, due in a while, and asked for once."""

from __future__ import annotations

from datetime import datetime, timedelta

from outbound.clock import Clock, format_time, parse_time
from outbound.events import Bus, EventType, event_of_type
from outbound.store.table import Item, Key, Table

DUE_AUDITS = "call_audits"

# Refusals come by the thousand, as of a list that is imported: an hour is judged again once for all of them.
_GATHERED = timedelta(minutes=5)
_REMEMBERED = timedelta(days=30)
_HOUR = timedelta(hours=1)


class AuditMarks:
    """Remembers which hours of calls are to be judged again."""

    def __init__(self, table: Table, bus: Bus, tenant: str, clock: Clock) -> None:
        """Keep marks in the state table, ask on this bus."""
        self._table = table
        self._bus = bus
        self._tenant = tenant
        self._clock = clock

    def mark(self, campaign_id: str, moment: datetime) -> None:
        """Mark the hour in which a call began."""
        now, hour = self._clock.now(), format_time(moment.replace(minute=0, second=0, microsecond=0))
        self._table.update(
            Key(f"{self._tenant}#call-audit-hour#{campaign_id}", hour),
            "SET #campaign_id = :campaign, #hour = :hour, #marked_at = :now, #ttl = :ttl,"
            " #due_kind = :kind, #due_at = if_not_exists(#due_at, :due)",
            {
                ":campaign": campaign_id,
                ":hour": hour,
                ":now": format_time(now),
                ":ttl": int((now + _REMEMBERED).timestamp()),
                ":kind": DUE_AUDITS,
                ":due": int((now + _GATHERED).timestamp()),
            },
        )

    def request(self, item: Item) -> None:
        """Ask for the audit of a marked hour, and take the mark away unless it was renewed meanwhile."""
        hour = parse_time(item["hour"])
        data = {
            "campaign_id": item["campaign_id"],
            "start": format_time(hour),
            "end": format_time(hour + _HOUR),
        }
        now, effect = self._clock.now(), (item["campaign_id"], item["hour"], item["marked_at"])
        self._bus.publish([event_of_type(EventType.AUDIT_REQUESTED, self._tenant, now, effect, data)])
        seen = {":seen": item["marked_at"]}
        self._table.update(
            Key(item["pk"], item["sk"]), "REMOVE #due_kind, #due_at", seen, "#marked_at = :seen"
        )
