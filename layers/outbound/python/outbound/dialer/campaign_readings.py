"""What the guard reads of campaigns: samples and health records that their monitor keeps."""

from __future__ import annotations

from datetime import datetime

from outbound.campaign_records.health_records import HealthRecords
from outbound.campaign_records.samples import Samples
from outbound.dialer.guard import Counts, Reading
from outbound.steering.health import KEPT, disjoint
from outbound.store.table import Table


class CampaignReadings:
    """Reads what is kept of one tenant's campaigns."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Read from the state table."""
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

    def _period(self, campaign_id: str) -> Counts | None:
        """Return the counts of the legal period of what the campaign offers, as the monitor saw it last."""
        record = self._records.get(campaign_id)
        if record is None or record.abandonment is None:
            return None
        period = record.abandonment.period
        return Counts(period.answered, period.abandoned)
