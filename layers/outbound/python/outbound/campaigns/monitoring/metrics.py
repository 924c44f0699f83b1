"""What is counted of campaigns that are followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from outbound.campaign_records.health_records import Attention, HealthRecord
from outbound.metrics import Metric, measure


class MonitorMetric(Metric):
    """The metrics of the monitor: how many campaigns are so at each tick, and what it did."""

    ABANDONMENT_OVER = "AbandonmentOver"
    ABANDONMENT_NEAR = "AbandonmentNear"
    CALLS_UNATTENDED = "CallsUnattended"
    FAILOVERS_FAILED = "FailoversFailed"
    FAILOVERS_IMPOSSIBLE = "FailoversImpossible"
    FAILOVERS_RECENT = "FailoversRecent"
    METRICS_STALE = "CampaignMetricsStale"
    NOT_AS_WANTED = "CampaignsNotAsWanted"
    NOT_SEEN = "CampaignsNotSeen"
    LOOKED_AT = "CampaignsLookedAt"
    LOOKS_FAILED = "CampaignLooksFailed"


_OF_ATTENTION: Mapping[Attention, MonitorMetric] = {
    Attention.ABANDONMENT_OVER: MonitorMetric.ABANDONMENT_OVER,
    Attention.ABANDONMENT_NEAR: MonitorMetric.ABANDONMENT_NEAR,
    Attention.UNATTENDED: MonitorMetric.CALLS_UNATTENDED,
    Attention.FAILOVER_FAILED: MonitorMetric.FAILOVERS_FAILED,
    Attention.CANNOT_FAIL_OVER: MonitorMetric.FAILOVERS_IMPOSSIBLE,
    Attention.METRICS_STALE: MonitorMetric.METRICS_STALE,
    Attention.NOT_AS_WANTED: MonitorMetric.NOT_AS_WANTED,
    Attention.NOT_SEEN: MonitorMetric.NOT_SEEN,
}


def measure_attention(records: Iterable[HealthRecord]) -> None:
    """Count the campaigns that a person has to look at, each tick anew: what was missed once rings again."""
    counts = Counter(each for record in records for each in record.attention)
    for attention, metric in _OF_ATTENTION.items():
        if counts[attention]:
            measure(metric, counts[attention])
