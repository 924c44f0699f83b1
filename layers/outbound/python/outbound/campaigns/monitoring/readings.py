"""Metrics that CXone names become a sample, in one way, whether they were reported or asked for."""

from __future__ import annotations

from datetime import datetime

from outbound.campaign_records.samples import Samples
from outbound.cxone.ports.metrics import CampaignMetrics
from outbound.steering.health import InvalidSample, Sample, Source, sample_problem


def sample_of(metrics: CampaignMetrics, source: Source) -> Sample:
    """Return metrics as a sample. Raises InvalidSample where they contradict each other."""
    return Sample(
        metrics.start,
        metrics.end,
        metrics.measured_at,
        source,
        calls=metrics.calls,
        successes=metrics.successful_calls,
        rate=metrics.success_rate,
        answered=metrics.answered_calls,
        abandoned=metrics.abandoned_calls,
        abandonment_rate=metrics.abandonment_rate,
        calls_under_way=metrics.active_calls,
        agents_at_work=metrics.agents_working,
    )


def keep_metrics(
    samples: Samples, campaign_id: str, metrics: CampaignMetrics, source: Source, now: datetime
) -> bool:
    """Keep metrics as a sample; return False where they are too old, or no news.

    Raises InvalidSample where they contradict each other, or are of a time to come.
    """
    sample = sample_of(metrics, source)
    problem = sample_problem(sample, now)
    if problem in ("future", "window_to_come"):
        raise InvalidSample(f"lastUpdated: is ahead of the clock ({problem})")
    return not problem and samples.add(campaign_id, sample)
