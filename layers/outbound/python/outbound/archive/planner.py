"""Planning runs: one at a time per campaign, and an unfinished one is gone on with before a new one begins.

nobody has the campaign          -> a new run, its execution
a run has it, and is at work     -> already running
a run has it, and was cut off    -> its next execution, from where it stands
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

from outbound.archive.executions import Executions, give_to_next
from outbound.archive.runs import Run, Runs, RunStatus
from outbound.archive.settings import ArchiveSettings
from outbound.clock import Clock, parse_time
from outbound.events import Event, effect_id
from outbound.observability import Metric, logger, measure
from outbound.queues import TryLater
from outbound.store.registry import Registry

_COME_BACK_SECONDS = 60.0


class Started(StrEnum):
    """What came of a start."""

    STARTED = "started"
    RESUMED = "resumed"
    ALREADY_RUNNING = "already_running"
    KNOWN = "known"
    """This very start was answered before."""


class ArchivePlanner:
    """Starts archive runs."""

    def __init__(
        self, runs: Runs, registry: Registry, executions: Executions, tenant: str, clock: Clock
    ) -> None:
        """Start runs of registered campaigns."""
        self._runs = runs
        self._registry = registry
        self._executions = executions
        self._tenant = tenant
        self._clock = clock

    def plan_due(self, event: Event, settings: ArchiveSettings) -> None:
        """Start a run of every enabled campaign that the settings leave in.

        A campaign that cannot be started holds up no other; TryLater is raised once the others are.
        """
        failed = 0
        for campaign in self._registry.all():
            if not (campaign.enabled and settings.scheduled(campaign.campaign_id)):
                continue
            try:
                started, run = self.start(campaign.campaign_id, event)
            except (ClientError, BotoCoreError) as error:
                failed += 1
                said = {"campaign_id": campaign.campaign_id, "reason": type(error).__name__}
                logger.warning("a campaign's archive could not be started", extra=said)
                continue
            logger.info("archive due", extra={"outcome": started.value, "run_id": run.run_id})
        if failed:
            raise TryLater(_COME_BACK_SECONDS, f"{failed} archives could not be started")

    def start(
        self,
        campaign_id: str,
        event: Event,
        outcomes: tuple[str, ...] = (),
        retention_days: int | None = None,
    ) -> tuple[Started, Run]:
        """Start a run of a campaign, or go on with the one that has it; give what was done, and the run."""
        run_id = run_id_of(self._tenant, campaign_id, event)
        current = self._runs.current(campaign_id)
        if current is not None:
            return self._go_on(current, run_id)
        if known := self._runs.get(campaign_id, run_id):
            return Started.KNOWN, known
        run = Run(
            campaign_id,
            run_id,
            RunStatus.PLANNED,
            1,
            1,
            _moment(event, self._clock.now()),
            event.correlation_id,
            outcomes,
            retention_days,
        )
        if not self._runs.plan(run, self._clock.now()):
            raise TryLater(1.0, "another start of this campaign came first")
        measure(Metric.ARCHIVES_STARTED)
        self._executions.start(run)
        return Started.STARTED, run

    def _go_on(self, current: Run, run_id: str) -> tuple[Started, Run]:
        status = self._executions.status(current)
        if status == "RUNNING":
            return (Started.KNOWN if current.run_id == run_id else Started.ALREADY_RUNNING), current
        if status or current.status is RunStatus.INTERRUPTED:
            following = give_to_next(self._runs, current)
            if following is None:
                raise TryLater(1.0, "the run was changed meanwhile")
            current = following
        self._executions.start(current)
        logger.info("a run is gone on with", extra={"run_id": current.run_id, "attempt": current.attempt})
        return Started.RESUMED, current


def run_id_of(tenant: str, campaign_id: str, event: Event) -> str:
    """Give the id of the run that an event starts: the same event, the same run. Ids sort by time."""
    try:
        moment = f"{parse_time(event.occurred_at):%Y%m%dT%H%M%S}"
    except ValueError:
        moment = "undated"
    return f"{moment}-{effect_id(tenant, campaign_id, event.event_id)[:16]}"


def _moment(event: Event, now: datetime) -> datetime:
    """Give the moment of an event; what lies ahead, or is no time, is now."""
    try:
        return min(parse_time(event.occurred_at), now).replace(microsecond=0)
    except ValueError:
        return now.replace(microsecond=0)
