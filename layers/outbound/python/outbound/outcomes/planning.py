"""Planning pulls: which windows of which campaigns are pulled next, each by exactly one job.

    registry start ... | planned_until |............| now - settling |
                         already jobs    new windows   not settled yet

A plan writes its jobs and moves the watermark in one transaction that only holds if nobody planned the
campaign meanwhile; whoever loses reads again. Windows that have a job, from a backfill for instance, are
subtracted first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from outbound.clock import Clock, format_time
from outbound.events import Event, EventType, new_event
from outbound.observability import Metric, logger, measure
from outbound.outcomes.dispatching import Dispatcher
from outbound.outcomes.query import InvalidQuery, check_window, retained_since
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window, cut, uncovered
from outbound.store.jobs import Job, Jobs
from outbound.store.outbox import Outbox
from outbound.store.registry import Campaign, Registry
from outbound.store.table import Table

# TransactWriteItems takes 100 writes; one of them moves the watermark.
_MAX_JOBS_A_PLAN = 99
# Planners that keep taking the campaign from each other: the next beat goes on where this one stopped.
_TRIES = 8
_UNFINISHED_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be planned of one campaign, why, from when on, and what is lost of it."""

    window: Window
    origin: str
    send_at: datetime
    correlation_id: str
    lost: Sequence[Event]


class Planner:
    """Makes pull jobs for campaigns."""

    def __init__(
        self,
        table: Table,
        registry: Registry,
        jobs: Jobs,
        dispatcher: Dispatcher,
        outbox: Outbox,
        tenant: str,
        clock: Clock,
    ) -> None:
        """Plan for one tenant."""
        self._table = table
        self._registry = registry
        self._jobs = jobs
        self._dispatcher = dispatcher
        self._outbox = outbox
        self._tenant = tenant
        self._clock = clock

    def plan_due(self, settings: OutcomeSettings, correlation_id: str) -> None:
        """Plan every enabled campaign up to now less the settling time.

        The jobs of all campaigns are spread over the configured time, so that a beat is no burst.
        """
        now = self._now()
        until = now - timedelta(seconds=settings.settling_seconds)
        campaigns = [campaign for campaign in self._registry.all() if campaign.enabled]
        for number, campaign in enumerate(campaigns):
            send_at = now + timedelta(seconds=settings.spread_seconds * number / len(campaigns))
            start = (
                campaign.planned_until or campaign.start or now - timedelta(days=settings.first_window_days)
            )
            window, lost = self._retained(campaign.campaign_id, Window(start, until), settings, now)
            if window.start < window.end:
                self._plan(campaign, _Plan(window, "schedule", send_at, correlation_id, lost), settings)
        measure(Metric.PULL_LAG, self._lag(campaigns, now))

    def plan_between(
        self, campaign_id: str, asked: Window, refresh: bool, settings: OutcomeSettings, correlation_id: str
    ) -> None:
        """Plan what is not pulled of a window, or all of it again with `refresh`.

        Raises InvalidQuery naming the field where the campaign is not registered or the window cannot be.
        """
        campaign = self._registry.get(campaign_id)
        if campaign is None:
            raise InvalidQuery("campaign_id", f"{campaign_id} is not registered: register the campaign first")
        now = self._now()
        window, lost = self._retained(campaign_id, asked, settings, now)
        check_window(window, settings, now)
        self._plan_again(campaign_id, window, refresh, correlation_id)
        self._plan(campaign, _Plan(window, "request", now, correlation_id, lost), settings)

    def _retained(
        self, campaign_id: str, window: Window, settings: OutcomeSettings, now: datetime
    ) -> tuple[Window, list[Event]]:
        """Clamp a window to what CXone still has, and give the fact of what it has no more."""
        oldest = retained_since(settings, now)
        if window.start >= oldest or window.end <= oldest:
            return window, []
        gap = Window(window.start, oldest)
        logger.warning(
            "calls are out of CXone's retention", extra={"campaign_id": campaign_id, "window": str(gap)}
        )
        data = {"campaign_id": campaign_id, "start": format_time(gap.start), "end": format_time(gap.end)}
        fact = new_event(
            EventType.COVERAGE_LOST, self._tenant, now, [campaign_id, data["start"], data["end"]], data
        )
        return Window(oldest, window.end), [fact]

    def _plan(self, campaign: Campaign, plan: _Plan, settings: OutcomeSettings) -> None:
        """Make jobs for what has none of the plan's window, in as many transactions as it takes."""
        longest = timedelta(hours=settings.longest_window_hours)
        for _ in range(_TRIES):
            covered = [
                Window(job.start, job.end) for job in self._overlapping(campaign.campaign_id, plan.window)
            ]
            missing = [piece for gap in uncovered(plan.window, covered) for piece in cut(gap, longest)]
            if self._write(
                campaign, plan, missing[:_MAX_JOBS_A_PLAN], whole=len(missing) <= _MAX_JOBS_A_PLAN
            ):
                if len(missing) <= _MAX_JOBS_A_PLAN:
                    return
            else:
                self._outbox.publish_left(self._registry.key(campaign.campaign_id))
            campaign = self._registry.get(campaign.campaign_id) or campaign
        logger.warning("a plan was left for the next beat", extra={"campaign_id": campaign.campaign_id})

    def _write(self, campaign: Campaign, plan: _Plan, batch: Sequence[Window], whole: bool) -> bool:
        """Write jobs, watermark and lost windows, and send the jobs; False where somebody else planned meanwhile."""
        now = self._now()
        lost = plan.lost if whole else []
        until = _watermark(campaign, plan, plan.window.end if whole else batch[-1].end)
        keys = [self._jobs.key(campaign.campaign_id, piece.start, piece.end) for piece in batch]
        writes = [
            self._jobs.planning(
                campaign.campaign_id,
                piece.start,
                piece.end,
                plan.origin,
                now,
                plan.send_at,
                plan.correlation_id,
            )
            for piece in batch
        ]
        if not self._table.transact([self._registry.planning(campaign, until, lost, now), *writes]):
            return False
        measure(Metric.JOBS_PLANNED, len(batch))
        self._outbox.publish_left(self._registry.key(campaign.campaign_id))
        self._dispatcher.send([job for key in keys if (job := self._jobs.get(key))], plan.send_at)
        return True

    def _plan_again(self, campaign_id: str, window: Window, refresh: bool, correlation_id: str) -> None:
        """Plan ended jobs anew: failed ones always, completed ones if a fresh pull is asked for."""
        now = self._now()
        wanted = {"failed", "completed"} if refresh else {"failed"}
        for job in list(self._overlapping(campaign_id, window)):
            if job.status in wanted and self._jobs.again(job, now, correlation_id):
                self._dispatcher.send([job], now)

    def _overlapping(self, campaign_id: str, window: Window) -> Iterator[Job]:
        # No job is longer than a day, so none that overlaps starts earlier than a day before.
        for job in self._jobs.of_campaign(campaign_id, window.start - timedelta(days=1)):
            if job.start >= window.end:
                return
            if job.end > window.start:
                yield job

    def _lag(self, campaigns: Sequence[Campaign], now: datetime) -> float:
        """Seconds since the oldest moment that a scheduled pull has not covered yet."""
        enabled = {campaign.campaign_id for campaign in campaigns}
        waiting = [
            job.start
            for job in self._jobs.unfinished(_UNFINISHED_LOOKED_AT)
            if job.origin == "schedule" and job.campaign_id in enabled
        ]
        waiting += [campaign.planned_until for campaign in campaigns if campaign.planned_until]
        return max(((now - moment).total_seconds() for moment in waiting), default=0.0)

    def _now(self) -> datetime:
        """Windows begin and end at whole seconds."""
        return self._clock.now().replace(microsecond=0)


def _watermark(campaign: Campaign, plan: _Plan, done_until: datetime) -> datetime | None:
    """Give the watermark after a plan: the beat moves it; a backfill fills windows and leaves it where it is."""
    if plan.origin == "schedule":
        return max(done_until, campaign.planned_until or done_until)
    return campaign.planned_until
