"""Up to when each report of the dialer is in the lake: one item a report.

    <tenant>#dialer-report / metrics#<campaign>   whole hours before `until`
                           / audit                entries before `until` are judged

A watermark is moved by a write that only holds where no other invocation moved it meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from outbound.clock import format_time, parse_time
from outbound.store.table import Item, Key, Table

AUDIT = "audit"
_METRICS = "metrics#"
# A campaign that is not reported any more is forgotten; one that comes back begins like a new one.
_REMEMBERED = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far a report is.

    `begun_at` is when it was tried first, `until` None where it never succeeded since. `failure` says why it
    did not go on when it was tried last, at `failed_at`.
    """

    report: str
    begun_at: datetime
    until: datetime | None = None
    failure: str = ""
    failed_at: datetime | None = None

    @property
    def campaign_id(self) -> str:
        """Whose metrics it is about, empty for the log."""
        return self.report.removeprefix(_METRICS) if self.report.startswith(_METRICS) else ""

    @property
    def reached(self) -> datetime:
        """Up to when the report is there, counted from when it was tried first."""
        return self.until or self.begun_at


class Watermarks:
    """Reads and moves the watermarks of one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep them in the state table."""
        self._table = table
        self._partition = f"{tenant}#dialer-report"

    def all(self) -> Mapping[str, Watermark]:
        """Return every watermark by its report."""
        return {item["sk"]: _watermark(item) for item in self._table.query(self._partition)}

    def move(self, mark: Watermark, until: datetime, now: datetime) -> Watermark | None:
        """Move a watermark forward.

        Returns:
            The watermark as it is now; None, without effect, where another invocation moved it meanwhile.
        """
        unmoved = "#until = :seen" if mark.until else "attribute_not_exists(#until)"
        moved = self._table.update(
            Key(self._partition, mark.report),
            "SET #until = :until, #begun_at = if_not_exists(#begun_at, :begun), #ttl = :ttl"
            " REMOVE #failure, #failed_at",
            {
                ":until": format_time(until),
                ":begun": format_time(mark.begun_at),
                ":ttl": int((now + _REMEMBERED).timestamp()),
                **({":seen": format_time(mark.until)} if mark.until else {}),
            },
            unmoved,
        )
        return _watermark(moved.item) if moved.done else None

    def note_failure(self, mark: Watermark, reason: str, now: datetime) -> None:
        """Write down why a report did not go on; its watermark stays."""
        self._table.update(
            Key(self._partition, mark.report),
            "SET #failure = :reason, #failed_at = :now, #begun_at = if_not_exists(#begun_at, :begun),"
            " #ttl = :ttl",
            {
                ":reason": reason,
                ":now": format_time(now),
                ":begun": format_time(mark.begun_at),
                ":ttl": int((now + _REMEMBERED).timestamp()),
            },
        )


def metrics_of(campaign_id: str) -> str:
    """Return the name of the report of a campaign's metrics."""
    return f"{_METRICS}{campaign_id}"


def _watermark(item: Item) -> Watermark:
    return Watermark(
        report=item["sk"],
        begun_at=parse_time(item["begun_at"]),
        until=parse_time(item["until"]) if "until" in item else None,
        failure=item.get("failure", ""),
        failed_at=parse_time(item["failed_at"]) if "failed_at" in item else None,
    )
