"""Planning pulls: which windows of which campaigns are pulled next, each by exactly one job.

    registry start ... | planned_until |............| now - settling |
                         already jobs    new windows   not settled yet

A plan writes its jobs and moves the watermark in one transaction that only holds if no other planner
moved it meanwhile; the one that comes second reads again. Windows that have a job, from a backfill for
instance, are subtracted first. What CXone no longer has is not planned, and reported by the write that passes
over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock, format_time
from outbound.events import Event, PublishFailed, new_event
from outbound.events.facts.outcomes import CoverageLost
from outbound.logs import logger
from outbound.metrics import measure
from outbound.outcomes.dispatcher import Dispatcher
from outbound.outcomes.job import Job, job_of, new_job
from outbound.outcomes.jobs import Jobs
from outbound.outcomes.metrics import PullMetric
from outbound.outcomes.query import InvalidQuery, check_window, retained_since
from outbound.outcomes.settings import OutcomeSettings
from outbound.outcomes.windows import Window, cut, uncovered
from outbound.queues import TryLater
from outbound.runtime import Runtime
from outbound.store.outbox import Outbox
from outbound.store.registry import Campaign, Registry
from outbound.store.table import Table

# TransactWriteItems takes 100 writes; one of them moves the watermark.
_MAX_JOBS_A_STEP = 99
# Other planners that come first, one after the other: then this one waits for them to finish.
_TRIES = 8
_COME_BACK_SECONDS = 30.0
_UNFINISHED_LOOKED_AT = 1000
# No job is longer, so none that overlaps a window starts earlier than this before it.
_LONGEST_JOB = timedelta(days=1)
_BEFORE_ALL_JOBS = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What is to be planned of a campaign, and from when on its jobs are sent.

    Without `window` it is the schedule that plans, from the campaign's watermark on.
    """

    until: datetime
    send_at: datetime
    correlation_id: str
    settings: OutcomeSettings
    window: Window | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One transaction of a plan: new jobs, the watermark behind them, and what is reported as lost."""

    jobs: Sequence[Job]
    planned_until: datetime | None
    lost: Sequence[Event]
    last: bool


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

    @classmethod
    def of(cls, runtime: Runtime) -> Planner:
        """Return the planner of a stack."""
        jobs, dispatcher = Jobs(runtime.state, runtime.tenant), Dispatcher.of(runtime)
        outbox, tenant, clock = runtime.outbox, runtime.tenant, runtime.clock
        return cls(runtime.state, runtime.registry, jobs, dispatcher, outbox, tenant, clock)

    def plan_due(self, settings: OutcomeSettings, correlation_id: str) -> None:
        """Plan every enabled campaign up to now less the settling time.

        The jobs of all campaigns are spread over the configured time, so that a tick is not a burst. A
        campaign that cannot be planned holds up no other; TryLater is raised once the others are planned.
        """
        now = self._now()
        until = now - timedelta(seconds=settings.settling_seconds)
        campaigns = [campaign for campaign in self._registry.all() if campaign.enabled]
        failed = 0
        for number, campaign in enumerate(campaigns):
            send_at = now + timedelta(seconds=settings.spread_seconds * number / len(campaigns))
            failed += not self._planned(campaign, PlanRequest(until, send_at, correlation_id, settings))
        measure(PullMetric.PULL_LAG, self._lag(now))
        if failed:
            raise TryLater(_COME_BACK_SECONDS, f"{failed} of {len(campaigns)} campaigns could not be planned")

    def plan_between(
        self,
        campaign_id: str,
        requested: Window,
        refresh: bool,
        settings: OutcomeSettings,
        correlation_id: str,
        request_id: str,
    ) -> None:
        """Plan what is not pulled of a window, or all of it again.

        Jobs that failed are tried again; those at work are left to it. Windows that are not settled yet are
        pulled once they are.

        Args:
            campaign_id: Whose outcomes.
            requested: The window.
            refresh: Whether what is in the lake is pulled again, too.
            settings: How windows are cut, and when they are settled.
            correlation_id: Of the request.
            request_id: The request, which counts once.

        Raises:
            InvalidQuery: The campaign is not registered, or the window cannot be; it names the field.
            TryLater: Other planners keep coming first.
        """
        campaign = self._registry.get(campaign_id)
        if campaign is None:
            raise InvalidQuery("campaign_id", f"{campaign_id} is not registered: register the campaign first")
        now = self._now()
        window = _retained(requested, settings, now)
        check_window(window, settings, now)
        request = PlanRequest(window.end, now, correlation_id, settings, requested, request_id)
        planned_again = self._plan_again(campaign_id, window, refresh, request)
        if not (self._plan(campaign, request) and planned_again):
            raise TryLater(_COME_BACK_SECONDS, "other plans of this campaign came first")

    def _planned(self, campaign: Campaign, request: PlanRequest) -> bool:
        """Plan one campaign of a tick; return False where that could not be done."""
        try:
            if _start_of(campaign, request, self._now()) >= request.until or self._plan(campaign, request):
                return True
            reason = "other plans came first"
        except (ClientError, BotoCoreError, PublishFailed) as error:
            reason = str(error)
        said = {"campaign_id": campaign.campaign_id, "reason": reason}
        logger.warning("a campaign could not be planned", extra=said)
        return False

    def _plan(self, campaign: Campaign, request: PlanRequest) -> bool:
        """Make jobs for what has none, in as many transactions as it takes.

        False where others kept planning the same campaign at the same moment.
        """
        conflicts, report_lost = 0, True
        while conflicts < _TRIES:
            step = self._step(campaign, request, report_lost)
            if not self._taken(campaign, step):
                conflicts += 1
            elif step.last:
                return True
            else:
                conflicts, report_lost = 0, False
            campaign = self._registry.get(campaign.campaign_id) or campaign
        return False

    def _step(self, campaign: Campaign, request: PlanRequest, report_lost: bool) -> PlanStep:
        """Return the next transaction of a plan, from the campaign as it is now."""
        settings, now = request.settings, self._now()
        whole = Window(_start_of(campaign, request, now), request.until)
        window = _retained(whole, settings, now)
        covered = [Window(job.start, job.end) for job in self._overlapping(campaign.campaign_id, whole)]
        longest = timedelta(hours=settings.longest_window_hours)
        missing = [piece for gap in uncovered(window, covered) for piece in cut(gap, longest)]
        batch = missing[:_MAX_JOBS_A_STEP]
        last = len(batch) == len(missing)
        until = campaign.planned_until
        if request.window is None:
            reached = request.until if last else batch[-1].end
            until = max(reached, until or reached)
        gaps = uncovered(Window(whole.start, window.start), covered) if report_lost else ()
        lost = [self._lost(campaign, request, gap, now) for gap in gaps]
        return PlanStep([self._job(campaign, request, piece) for piece in batch], until, lost, last)

    def _job(self, campaign: Campaign, request: PlanRequest, piece: Window) -> Job:
        origin = "schedule" if request.window is None else "request"
        send_at = max(request.send_at, _settled(piece.end, request.settings))
        span, correlation_id = (piece.start, piece.end), request.correlation_id
        return new_job(campaign.campaign_id, *span, origin, send_at, correlation_id, request.request_id)

    def _taken(self, campaign: Campaign, step: PlanStep) -> bool:
        """Write a step and send its jobs; False where another planner came first."""
        now = self._now()
        moved = self._registry.planning(campaign, step.planned_until, step.lost, now)
        if not self._table.transact([moved, *(self._jobs.planning(job, now) for job in step.jobs)]):
            return False
        measure(PullMetric.JOBS_PLANNED, len(step.jobs))
        for send_at, jobs in _by_due(step.jobs):
            self._dispatcher.send(jobs, send_at)
        if step.lost:
            self._outbox.publish_left(self._registry.key(campaign.campaign_id))
        return True

    def _lost(self, campaign: Campaign, request: PlanRequest, gap: Window, now: datetime) -> Event:
        """Return the fact of a gap; met again for the same watermark or request, it has the same id."""
        start, end = format_time(gap.start), format_time(gap.end)
        lost = CoverageLost(campaign_id=campaign.campaign_id, start=start, end=end)
        logger.warning("calls are out of CXone's retention", extra=lost.data())
        effect = [campaign.campaign_id, start, request.request_id]
        return new_event(lost, self._tenant, now, effect, request.correlation_id)

    def _plan_again(self, campaign_id: str, window: Window, refresh: bool, request: PlanRequest) -> bool:
        """Plan ended jobs anew: failed ones always, completed ones if a fresh pull is asked for.

        A completed job that reaches back beyond the retention keeps what it has. False where a job still
        has facts to publish.
        """
        done, oldest = True, retained_since(request.settings, self._now())
        for job in list(self._overlapping(campaign_id, window)):
            whole = job.status == "completed" and job.start >= oldest
            if job.status in ("failed", "lost") or (refresh and whole):
                done &= self._planned_again(job, request)
            elif refresh and job.quiet and job.start >= oldest:
                done &= self._jobs.make_heard(job, request.request_id)
        return done

    def _planned_again(self, job: Job, request: PlanRequest) -> bool:
        now = self._now()
        send_at = max(now, _settled(job.end, request.settings))
        key = self._jobs.key(job.campaign_id, job.start, job.end)
        written = self._jobs.again(job, request.request_id, request.correlation_id, send_at, now)
        if not written.done and written.item.get("facts"):
            self._outbox.publish(key, written.item)
            written = self._jobs.again(job, request.request_id, request.correlation_id, send_at, now)
        if written.done:
            self._dispatcher.send([job_of(written.item)], send_at)
        return written.done or "facts" not in written.item

    def _overlapping(self, campaign_id: str, window: Window) -> Iterator[Job]:
        since = max(window.start, _BEFORE_ALL_JOBS) - _LONGEST_JOB
        for job in self._jobs.of_campaign(campaign_id, since):
            if job.start >= window.end:
                return
            if job.end > window.start:
                yield job

    def _lag(self, now: datetime) -> float:
        """Seconds since the oldest moment that a scheduled pull has not covered yet."""
        campaigns = {campaign.campaign_id: campaign for campaign in self._registry.all() if campaign.enabled}
        waiting = [
            job.start
            for job in self._jobs.unfinished(_UNFINISHED_LOOKED_AT)
            # A window that is pulled again is in the lake meanwhile.
            if job.origin == "schedule" and not job.in_the_lake and job.campaign_id in campaigns
        ]
        waiting += [campaign.planned_until or campaign.start or now for campaign in campaigns.values()]
        return max(0.0, *((now - moment).total_seconds() for moment in [now, *waiting]))

    def _now(self) -> datetime:
        """Windows begin and end at whole seconds."""
        return self._clock.now().replace(microsecond=0)


def _start_of(campaign: Campaign, request: PlanRequest, now: datetime) -> datetime:
    """Return where a plan begins: where the request says, at the watermark, or with the campaign's calls."""
    if request.window is not None:
        return request.window.start
    first_window = now - timedelta(days=request.settings.first_window_days)
    return (campaign.planned_until or campaign.start or first_window).replace(microsecond=0)


def _retained(window: Window, settings: OutcomeSettings, now: datetime) -> Window:
    """Clamp a window to what CXone still has; one of which it has nothing stays as it is."""
    oldest = retained_since(settings, now)
    return Window(oldest, window.end) if window.start < oldest < window.end else window


def _settled(end: datetime, settings: OutcomeSettings) -> datetime:
    """Return the moment from which on the calls before `end` are complete."""
    return end + timedelta(seconds=settings.settling_seconds)


def _by_due(jobs: Iterable[Job]) -> Iterator[tuple[datetime, list[Job]]]:
    """Return jobs together that are sent at the same moment."""
    found: dict[int, list[Job]] = {}
    for job in jobs:
        found.setdefault(job.due_at, []).append(job)
    for due_at, some in found.items():
        yield datetime.fromtimestamp(due_at, UTC), some
