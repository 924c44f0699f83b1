"""A campaign's metrics by the hour, from CXone into the lake, whole hours alone.

    until - settle .......... until .................. now
        read again, laid over | new, measured | not whole |

What is cut off is read again; its rows are the same, and take their own place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from outbound.campaign_records.reported_abandonment import ReportedAbandonments, ReportedHourShare
from outbound.clock import Clock
from outbound.cxone.ports.dialer_reports import DialerReportsPort, Period, ReportedHour
from outbound.dialer.reports.day_parts import DayParts
from outbound.dialer.reports.hours import CampaignHour, Unreadable, hour_of, read_hour
from outbound.dialer.reports.metrics import DialerReportMetric
from outbound.dialer.reports.set_aside import Odd, set_aside
from outbound.dialer.reports.settings import DialerReportSettings
from outbound.dialer.reports.watermarks import Watermark, Watermarks
from outbound.metrics import measure
from outbound.store.objects import Lake

PREFIX = "dialer_metrics"
# What is asked for at once: some 170 rows, two pages.
_STEP = timedelta(days=7)


class MetricsReport:
    """Collects the metrics of one campaign after the other."""

    def __init__(
        self,
        port: DialerReportsPort,
        lake: Lake,
        marks: Watermarks,
        reported: ReportedAbandonments,
        clock: Clock,
    ) -> None:
        """Read through a port; write to the lake, and to the campaigns' records what is abandoned."""
        self._port = port
        self._lake = lake
        self._marks = marks
        self._reported = reported
        self._clock = clock
        self._parts = DayParts(lake, PREFIX, lambda row: str(row["hour"]))

    def is_due(self, mark: Watermark, settings: DialerReportSettings) -> bool:
        """Return True if a campaign has a whole hour more, and was not refused just now."""
        now = self._clock.now()
        if mark.failed_at is not None and now - mark.failed_at < settings.retry_after:
            return False
        return mark.until is None or mark.until < hour_of(now)

    def collect(self, campaign_id: str, mark: Watermark, settings: DialerReportSettings) -> None:
        """Bring a campaign's report up to the last whole hour; what is cut off is read again.

        Raises the errors of CXone. What was read before is in the lake, and the watermark behind it.
        """
        end = hour_of(self._clock.now())
        for period in _steps(mark, end, settings):
            rows = self._port.hours(campaign_id, period)
            hours = self._taken(campaign_id, rows, period)
            moved = self._marks.move(mark, period.end, self._clock.now())
            if moved is None:
                # Another invocation collects it, and has counted the same hours.
                return
            _measure([each for each in hours if mark.until is None or each.hour >= mark.until])
            mark = moved

    def _taken(self, campaign_id: str, rows: Sequence[ReportedHour], period: Period) -> list[CampaignHour]:
        hours, odd = _read(rows, period)
        set_aside(self._lake, PREFIX, period.end.date(), campaign_id, odd)
        for day, of_day in _by_day(hours).items():
            given = {str(row["hour"]): row for row in (each.as_row(campaign_id) for each in of_day)}
            self._parts.merge(day, campaign_id, given)
        if hours:
            self._reported.add(campaign_id, [_share(each) for each in hours], self._clock.now())
        return hours


def new_mark(report: str, now: datetime) -> Watermark:
    """Return the watermark of a report that was never tried."""
    return Watermark(report, begun_at=now)


def _steps(mark: Watermark, end: datetime, settings: DialerReportSettings) -> Iterator[Period]:
    start = hour_of(end - settings.back if mark.until is None else mark.until - settings.settle)
    while start < end:
        until = min(start + _STEP, end)
        yield Period(start, until)
        start = until


def _read(rows: Sequence[ReportedHour], period: Period) -> tuple[list[CampaignHour], list[Odd]]:
    """Return the hours of a period, the last of each that is there twice, and what cannot be read."""
    hours: dict[datetime, CampaignHour] = {}
    odd: list[Odd] = []
    for row in rows:
        try:
            read = read_hour(row)
        except Unreadable as wrong:
            odd.append(Odd(str(wrong), row.source))
            continue
        # An hour that has not ended, where CXone reports it all the same, is not whole.
        if period.start <= read.hour < period.end:
            hours[read.hour] = read
    return [hours[each] for each in sorted(hours)], odd


def _by_day(hours: Sequence[CampaignHour]) -> Mapping[date, Sequence[CampaignHour]]:
    days: dict[date, list[CampaignHour]] = defaultdict(list)
    for each in hours:
        days[each.hour.date()].append(each)
    return days


def _share(hour: CampaignHour) -> ReportedHourShare:
    return ReportedHourShare(hour.hour, hour.abandonment_rate, hour.answered_calls, hour.abandoned_calls)


def _measure(hours: Sequence[CampaignHour]) -> None:
    if not hours:
        return
    measure(DialerReportMetric.HOURS_COLLECTED, len(hours))
    for hour in hours:
        percents: Mapping[DialerReportMetric, Any] = {
            DialerReportMetric.EFFICIENCY: hour.efficiency,
            DialerReportMetric.ABANDONMENT: hour.abandonment_rate,
            DialerReportMetric.ANSWER_RATE: hour.answer_rate,
        }
        for metric, share in percents.items():
            if share is not None:
                measure(metric, 100 * share)
        if hour.average_wait_seconds is not None:
            measure(DialerReportMetric.AVERAGE_WAIT, hour.average_wait_seconds)
