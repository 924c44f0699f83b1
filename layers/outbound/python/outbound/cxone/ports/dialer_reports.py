"""What CXone reports of its dialer: metrics by the hour, and the audit log of changes to its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol


class ReportedHour(NamedTuple):
    """The metrics of a campaign's hour as CXone reports them, named once for both APIs and not checked yet.

    Any field may be None or of a wrong type: the consumer checks it. `source` is the row as it came.
    """

    hour: Any
    """When the hour began."""

    efficiency: Any
    """A share from 0 to 1, as CXone understands it."""

    abandonment_rate: Any
    answer_rate: Any
    average_wait_seconds: Any
    answered_calls: Any
    abandoned_calls: Any
    source: Any


class AuditEntry(NamedTuple):
    """One line of the tenant's audit log, its fields named once for both APIs and not checked yet.

    Any field may be None or of a wrong type: the consumer checks it. `source` is the entry as it came.
    """

    entry_id: Any
    at: Any
    actor: Any
    action: Any
    version: Any
    """The version that the settings had by it."""

    operation_id: Any
    """The operation that it belongs to, where it belongs to one."""

    details: Mapping[str, Any]
    source: Any


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open span of time."""

    start: datetime
    end: datetime


class DialerReportsPort(Protocol):
    """Reads reports of the dialer. All raise the errors of `outbound.cxone.errors`."""

    def hours(self, campaign_id: str, period: Period) -> Sequence[ReportedHour]:
        """Return the metrics of the hours that begin in a period, of all pages; some hours may have none.

        Raises UnexpectedAnswer where the pages have no end: half of a report is not one.
        """

    def audit_pages(self, period: Period, page_size: int) -> Iterator[Sequence[AuditEntry]]:
        """Yield the entries of a period about the dialer page by page, in CXone's order, to the last page.

        An entry may come twice, and what is recorded late may be in no page yet. Raises UnexpectedAnswer
        where the pages have no end.
        """
