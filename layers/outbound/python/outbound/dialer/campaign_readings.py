"""What the guard reads of campaigns: samples and health records that their monitor keeps."""

from __future__ import annotations

from datetime import datetime, timedelta

from outbound.campaign_records.health_records import HealthRecords
from outbound.campaign_records.samples import Samples
from outbound.cxone.errors import CxoneError
from outbound.cxone.ports.dialer_reports import DialerReportsPort, Period, ReportedHour
from outbound.dialer.guard import Counts, Reading
from outbound.dialer.reports.hours import hour_of, read_hour
from outbound.logs import logger
from outbound.steering.health import KEPT, disjoint
from outbound.store.table import Table

_HOUR, _MOMENT = timedelta(hours=1), timedelta(microseconds=1)


class CampaignReadings:
    """Reads what is kept of one tenant's campaigns."""

    def __init__(self, table: Table, tenant: str, port: DialerReportsPort) -> None:
        """Read from the state table, and the dialer's efficiency through this port."""
        self._port = port
        self._samples = Samples(table, tenant)
        self._records = HealthRecords(table, tenant)

    def read(self, campaign_id: str, since: datetime, now: datetime) -> Reading:
        """Return what is known of a campaign since a moment: windows that began then or later, added up."""
        counted = [
            each
            for each in self._samples.history(campaign_id, now, min(KEPT, now - since))
            if each.answered is not None and each.abandoned is not None
        ]
        windows = disjoint(counted, since)
        return Reading(
            campaign_id,
            Counts(
                sum(each.answered or 0 for each in windows),
                sum(each.abandoned or 0 for each in windows),
            ),
            newest=max((each.end for each in counted if each.start >= since), default=None),
            period=self._period(campaign_id),
        )

    def efficiency(self, campaign_id: str, since: datetime, now: datetime) -> float | None:
        """Return the mean efficiency of the whole hours since a moment, as CXone reports it.

        None where there is no such hour yet, or CXone does not say: what is not known is not a breach.
        """
        period = Period(hour_of(since + _HOUR - _MOMENT), hour_of(now))
        if period.start >= period.end:
            return None
        try:
            hours = self._port.hours(campaign_id, period)
        except CxoneError as error:
            extra = {"campaign_id": campaign_id, "error": str(error)}
            logger.warning("the dialer's efficiency could not be read", extra=extra)
            return None
        values = [value for value in map(_efficiency, hours) if value is not None]
        return sum(values) / len(values) if values else None

    def _period(self, campaign_id: str) -> Counts | None:
        """Return the counts of the legal period of what the campaign offers, as the monitor saw it last."""
        record = self._records.get(campaign_id)
        if record is None or record.abandonment is None:
            return None
        period = record.abandonment.period
        return Counts(period.answered, period.abandoned)


def _efficiency(reported: ReportedHour) -> float | None:
    try:
        return read_hour(reported).efficiency
    except ValueError:
        # A row that cannot be is set aside, with its reason, where the reports are collected.
        return None
