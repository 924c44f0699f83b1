"""How far a campaign's outcomes are pulled, for its overview."""

from __future__ import annotations

from outbound.campaign_records.overviews import PullsView
from outbound.outcomes.job import Job
from outbound.outcomes.jobs import Jobs
from outbound.store.registry import Campaign

# Windows that wait in all campaigns together; with more the oldest of each are among them all the same.
_MOST_UNFINISHED = 2000
# The latest window that is there is among so many, unless pulls have failed for hours.
_MOST_LOOKED_AT = 12
_LONGEST_REASON = 300


class PullOverviews:
    """Tells how far campaigns are pulled, by the jobs as they are when it is made."""

    def __init__(self, jobs: Jobs) -> None:
        """Look which windows wait."""
        self._jobs = jobs
        self._waiting: dict[str, list[Job]] = {}
        for job in jobs.unfinished(_MOST_UNFINISHED):
            # A window that is pulled again is in the lake meanwhile.
            if not job.in_the_lake:
                self._waiting.setdefault(job.campaign_id, []).append(job)

    def of(self, campaign: Campaign) -> PullsView:
        """Return how far a campaign is pulled."""
        waiting = sorted(self._waiting.get(campaign.campaign_id, []), key=lambda job: job.start)
        latest = self._jobs.latest(campaign.campaign_id, _MOST_LOOKED_AT)
        last = next((job for job in latest if job.in_the_lake), None)
        # What waits may be a window from before the watermark, which a person asked for.
        until = [campaign.planned_until, *(job.start for job in waiting if job.origin == "schedule")]
        return PullsView(
            pulled_until=min(filter(None, until), default=None) if campaign.planned_until else None,
            last_start=last.start if last else None,
            last_end=last.end if last else None,
            records=last.result.get("records") if last else None,
            waiting=len(waiting),
            reason=_reason(waiting[0]) if waiting else "",
        )


def _reason(job: Job) -> str:
    reason = job.interruption or job.result.get("message") or job.result.get("reason") or ""
    return str(reason)[:_LONGEST_REASON]
