"""Rows of reports that cannot be read: kept with their reason, counted, and heard."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from outbound.dialer.reports.day_parts import DayParts
from outbound.dialer.reports.metrics import DialerReportMetric
from outbound.logs import logger
from outbound.metrics import measure
from outbound.store.objects import Lake, line_of


@dataclass(frozen=True, slots=True)
class Odd:
    """A row as it came, and what is wrong with it."""

    reason: str
    source: Any


def set_aside(lake: Lake, report: str, day: date, name: str, odd: Sequence[Odd]) -> None:
    """Keep rows that cannot be read below `set-aside/<report>/`; each is counted once a day.

    Args:
        lake: Where they are kept.
        report: The prefix of the report's rows.
        day: The day under which they are kept.
        name: The object's name.
        odd: The rows.
    """
    if not odd:
        return
    rows = {_digest(each.source): {"reason": each.reason, "source": each.source} for each in odd}
    parts = DayParts(lake, f"set-aside/{report}", lambda row: _digest(row["source"]))
    if new := parts.merge(day, name, rows):
        measure(DialerReportMetric.ROWS_SET_ASIDE, new)
        said: Mapping[str, Any] = {"report": report, "object": name, "rows": new, "reason": odd[0].reason}
        logger.error("rows of a report cannot be read; they are kept below set-aside/", extra=said)


def _digest(source: Any) -> str:
    return hashlib.blake2b(line_of(source), digest_size=16).hexdigest()
