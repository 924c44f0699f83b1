"""What a person watches while the pull runs: bars that move when something was done."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from outbound.outcomes.job import Job
from outbound.outcomes.leased_jobs import LeasedJobs
from outbound.store.table import Table
from sandbox.world import Campaign, World, expected_ids
from scenario.cast import Cast, dialled

_EVERY_SECONDS = 0.5

# Calls that belong into the lake; every other kind is set aside with its reason.
RECORDS = ("valid",)


@dataclass(frozen=True, slots=True)
class Seen:
    """How far things are."""

    jobs: tuple[Job, ...]
    delivered: int
    audit_objects: int

    @property
    def ended(self) -> int:
        """Jobs that are completed or failed."""
        return sum(job.status in ("completed", "failed") for job in self.jobs)


def _records_to_come(world: World, campaign: Campaign) -> int:
    """Count the calls of a campaign that belong into the lake."""
    return sum(1 for _ in expected_ids(world, campaign.id, campaign.start, campaign.end, kinds=RECORDS))


class Watcher:
    """Looks at the stack from outside."""

    def __init__(self, cast: Cast) -> None:
        """Watch this cast."""
        self._cast = cast
        table = Table(cast.stack.client("dynamodb"), cast.stack.outputs["StateTable"])
        self._jobs = LeasedJobs(table, cast.stack.outputs["Tenant"])

    def look(self) -> Seen:
        """See how far things are."""
        jobs = [job for c in dialled(self._cast.tenant) for job in self._jobs.of_campaign(c.id)]
        crm = self._cast.receivers.received("crm")
        listing = self._cast.stack.client("s3").list_objects_v2(
            Bucket=self._cast.stack.outputs["AuditBucket"]
        )
        return Seen(tuple(jobs), crm.ids, listing.get("KeyCount", 0))

    def records(self, job: Job) -> int:
        """Count what a job has written so far."""
        return sum(part.records for part in self._jobs.parts.first(job.job_id, job.position.page))

    def until_done(self, console: Console) -> Seen:
        """Show progress until every job has ended and reached the CRM, or time is up."""
        columns = (
            TextColumn("{task.description:<22}"),
            BarColumn(32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console) as progress:
            bars = {
                c.id: progress.add_task(c.id, total=_records_to_come(self._cast.tenant.world, c))
                for c in dialled(self._cast.tenant)
            }
            deliveries = progress.add_task("verified by the CRM", total=None)
            while True:
                seen = self.look()
                for campaign_id, bar in bars.items():
                    mine = [job for job in seen.jobs if job.campaign_id == campaign_id]
                    progress.update(bar, completed=sum(self.records(job) for job in mine))
                progress.update(deliveries, total=len(seen.jobs) or None, completed=seen.delivered)
                if seen.jobs and seen.ended == len(seen.jobs) <= seen.delivered:
                    return seen
                if self._cast.patience.left() <= 0:
                    return seen
                time.sleep(_EVERY_SECONDS)
