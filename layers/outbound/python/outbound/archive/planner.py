"""The planner: one run at a time per campaign, for the schedule and for requests.

An unfinished run is resumed before a new one begins.

    the campaign is free             -> a new run, its execution
    a run has it, and is at work     -> already running
    a run has it, and was cut off    -> its next execution, from where the run is
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.archive.executions import Executions, hand_over
from outbound.archive.facts import ArchiveFacts
from outbound.archive.metrics import ArchiveMetric
from outbound.archive.runs import ArchiveRun, ArchiveRuns, RunChanged, RunStatus
from outbound.archive.settings import ArchiveSettings
from outbound.campaign_ids import is_campaign_id
from outbound.clock import Clock, parse_time
from outbound.events import Bus, Event, EventType, deterministic_id
from outbound.events.fields import MAX_RETENTION_DAYS, MIN_RETENTION_DAYS
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import Refused, TryLater, work_on_events
from outbound.runtime import Runtime, Work
from outbound.store.registry import Registry

_RETRY_SECONDS = 60.0
# What a request says comes back in its refusal up to this length: it may be anything.
_LONGEST_QUOTED = 64


class InvalidArchiveRequest(ValueError):
    """A request that cannot be fulfilled; names the field."""

    def __init__(self, field: str, message: str) -> None:
        """Name the field and what is wrong with it."""
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class ArchiveRequest:
    """A request for one campaign, checked."""

    campaign_id: str
    outcomes: tuple[str, ...] = ()
    """Only these, of those that are approved; empty: all of them."""

    retention_days: int | None = None
    """Of attempts that name none themselves; None: the settings'."""

    @classmethod
    def of(cls, data: Mapping[str, Any], settings: ArchiveSettings) -> ArchiveRequest:
        """Return the request that an event's data makes.

        Raises InvalidArchiveRequest naming the first field that is missing or wrong.
        """
        campaign_id = data.get("campaign_id")
        if not isinstance(campaign_id, str) or not is_campaign_id(campaign_id):
            raise InvalidArchiveRequest(
                "campaign_id", "the request names none; write a registered campaign's id"
            )
        return cls(
            campaign_id, _outcomes(data.get("statuses"), settings), _retention(data.get("retention_days"))
        )


def _outcomes(given: Any, settings: ArchiveSettings) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, list | tuple) or not all(isinstance(code, str) for code in given) or not given:
        raise InvalidArchiveRequest("statuses", "is a list of outcomes")
    if unknown := sorted(set(given) - settings.approved_outcomes):
        quoted = unknown[0][:_LONGEST_QUOTED]
        raise InvalidArchiveRequest("statuses", f"{quoted!r} is not approved for the archive")
    return tuple(sorted(set(given)))


def _retention(given: Any) -> int | None:
    if given is None:
        return None
    whole = isinstance(given, int) and not isinstance(given, bool)
    if not whole or not MIN_RETENTION_DAYS <= given <= MAX_RETENTION_DAYS:
        bounds = f"{MIN_RETENTION_DAYS} to {MAX_RETENTION_DAYS}"
        raise InvalidArchiveRequest("retention_days", f"is a whole number of days from {bounds}")
    return int(given)


class StartResult(StrEnum):
    """What came of a start."""

    STARTED = "started"
    RESUMED = "resumed"
    ALREADY_RUNNING = "already_running"
    KNOWN = "known"
    """This very start was answered before."""


class ArchivePlanner:
    """Starts archive runs."""

    def __init__(
        self, runs: ArchiveRuns, registry: Registry, executions: Executions, tenant: str, clock: Clock
    ) -> None:
        """Start runs of registered campaigns."""
        self._runs = runs
        self._registry = registry
        self._executions = executions
        self._tenant = tenant
        self._clock = clock

    def plan_due(self, event: Event, settings: ArchiveSettings) -> None:
        """Start a run of every enabled campaign that the settings include.

        A campaign that cannot be started holds up no other; TryLater is raised once the others are.
        """
        failed = 0
        for campaign in self._registry.all():
            if not (campaign.enabled and settings.scheduled(campaign.campaign_id)):
                continue
            try:
                result, run = self.start(ArchiveRequest(campaign.campaign_id), event)
            except (ClientError, BotoCoreError, TryLater) as error:
                failed += 1
                extra = {"campaign_id": campaign.campaign_id, "reason": type(error).__name__}
                logger.warning("a campaign's archive could not be started", extra=extra)
                continue
            logger.info("archive due", extra={"outcome": result.value, "run_id": run.run_id})
        if failed:
            raise TryLater(_RETRY_SECONDS, f"{failed} archives could not be started")

    def start(self, request: ArchiveRequest, event: Event) -> tuple[StartResult, ArchiveRun]:
        """Start a run of a campaign, or resume the one that has it.

        Args:
            request: Which campaign, and what of it.
            event: What asks for it; the same event starts the same run.

        Returns:
            What was done, and the run that has the campaign.

        Raises:
            TryLater: Another start of this campaign came first.
        """
        run_id = run_id_of(self._tenant, request.campaign_id, event)
        current = self._runs.current(request.campaign_id)
        if current is not None:
            return self._resume(current, run_id)
        if known := self._runs.get(request.campaign_id, run_id):
            return StartResult.KNOWN, known
        run = ArchiveRun(
            request.campaign_id,
            run_id,
            RunStatus.PLANNED,
            1,
            1,
            _moment(event, self._clock.now()),
            event.correlation_id,
            request.outcomes,
            request.retention_days,
        )
        if not self._runs.plan(run, self._clock.now()):
            raise TryLater(1.0, "another start of this campaign came first")
        measure(ArchiveMetric.ARCHIVES_STARTED)
        self._executions.start(run)
        return StartResult.STARTED, run

    def _resume(self, current: ArchiveRun, run_id: str) -> tuple[StartResult, ArchiveRun]:
        status = self._executions.status(current)
        if status == "RUNNING":
            known = current.run_id == run_id
            return (StartResult.KNOWN if known else StartResult.ALREADY_RUNNING), current
        if status or current.status is RunStatus.INTERRUPTED:
            try:
                current = hand_over(self._runs, current)
            except RunChanged as changed:
                raise TryLater(1.0, "the run was changed meanwhile") from changed
        self._executions.start(current)
        logger.info("a run is resumed", extra={"run_id": current.run_id, "attempt": current.attempt})
        return StartResult.RESUMED, current


def run_id_of(tenant: str, campaign_id: str, event: Event) -> str:
    """Return the id of the run that an event starts: the same event, the same run. Ids sort by time."""
    try:
        moment = f"{parse_time(event.occurred_at):%Y%m%dT%H%M%S}"
    except ValueError:
        moment = "undated"
    return f"{moment}-{deterministic_id(tenant, campaign_id, event.event_id)[:16]}"


def _moment(event: Event, now: datetime) -> datetime:
    """Return the moment of an event; what lies ahead, or is not a time, is now."""
    try:
        return min(parse_time(event.occurred_at), now).replace(microsecond=0)
    except ValueError:
        return now.replace(microsecond=0)


class ArchiveRequests:
    """Handles events that ask for the archive: a tick of the schedule, or a request for one campaign."""

    def __init__(
        self, planner: ArchivePlanner, registry: Registry, bus: Bus, facts: ArchiveFacts, clock: Clock
    ) -> None:
        """Start runs with this planner; publish refusals on this bus."""
        self._planner = planner
        self._registry = registry
        self._bus = bus
        self._facts = facts
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime) -> ArchiveRequests:
        """Return what handles a stack's requests."""
        executions = Executions(runtime.client("stepfunctions"), runtime.name("STATE_MACHINE_ARN"))
        registry, tenant, clock = runtime.registry, runtime.tenant, runtime.clock
        planner = ArchivePlanner(ArchiveRuns(runtime.state, tenant), registry, executions, tenant, clock)
        return cls(planner, registry, runtime.bus, ArchiveFacts(tenant), clock)

    def handle(self, event: Event, settings: ArchiveSettings) -> None:
        """Start what an event asks for.

        A request that cannot be fulfilled is answered with an `archive.rejected`; asking again would not
        help, so its message has had its effect. Raises Refused for an event that asks for something else.
        """
        if event.event_type == EventType.ARCHIVE_DUE:
            self._planner.plan_due(event, settings)
        elif event.event_type == EventType.ARCHIVE_REQUESTED:
            self._start(event, settings)
        else:
            raise Refused(f"an event of the type {event.event_type[:_LONGEST_QUOTED]!r} asks for no archive")

    def _start(self, event: Event, settings: ArchiveSettings) -> None:
        try:
            request = ArchiveRequest.of(event.data, settings)
            if self._registry.get(request.campaign_id) is None:
                raise InvalidArchiveRequest("campaign_id", f"{request.campaign_id} is not registered")
        except InvalidArchiveRequest as refusal:
            self._refuse(event, refusal)
            return
        result, run = self._planner.start(request, event)
        logger.info("archive requested", extra={"outcome": result.value, "run_id": run.run_id})
        if result is StartResult.ALREADY_RUNNING:
            self._bus.publish([self._facts.not_started(event, run, self._clock.now())])

    def _refuse(self, event: Event, refusal: InvalidArchiveRequest) -> None:
        extra = {"event_id": event.event_id, "field": refusal.field}
        logger.warning("a request to archive was refused", extra=extra)
        given = event.data.get("campaign_id")
        campaign_id = given[:_LONGEST_QUOTED] if isinstance(given, str) else ""
        now = self._clock.now()
        self._bus.publish([self._facts.refused(event, refusal.field, str(refusal), campaign_id, now)])


def build(runtime: Runtime) -> Work:
    """Return the work of the function behind the queue of archive requests, which starts their runs."""
    requests, documents = ArchiveRequests.of(runtime), runtime.documents

    def start(event: Event) -> None:
        requests.handle(event, documents.get("archiving", ArchiveSettings))

    return work_on_events(runtime.queue, start)
