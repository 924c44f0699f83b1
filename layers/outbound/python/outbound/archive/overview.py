"""How a campaign's latest archive run went, for its overview."""

from __future__ import annotations

from outbound.archive.runs import ArchiveRuns
from outbound.campaign_records.overviews import ArchiveView
from outbound.clock import parse_time


def archive_view(runs: ArchiveRuns, campaign_id: str) -> ArchiveView | None:
    """Return how a campaign's latest archive run stands, None where there never was one."""
    run = next(runs.of_campaign(campaign_id, limit=1), None)
    if run is None:
        return None
    return ArchiveView(
        run_id=run.run_id,
        status=run.status.value,
        planned_at=run.planned_at,
        finished_at=parse_time(run.finished_at) if run.finished_at else None,
        archived=run.summary.get("archived"),
        failed=run.summary.get("failed"),
    )
